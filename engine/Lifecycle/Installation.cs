using Engine.Diagnostics;
using Engine.Linux;
using Engine.Rpc;
using Engine.Rpc.Linux;
using Engine.Shared.Linux;

namespace Engine.Lifecycle;

/// <summary>
/// Where the other two programs are: <c>libexec/engine/</c> beside the <c>bin/</c> that this executable was started from.
/// Nothing in the environment moves them.
/// </summary>
public static class Installation
{
    /// <summary>This executable, O_PATH: what the master will be executed from, whatever happens to the file meanwhile.</summary>
    public static SafeFd OpenSelf() => Files.Open("/proc/self/exe", fcntl_h.O_PATH | fcntl_h.O_CLOEXEC);

    /// <summary>The pump, O_PATH.</summary>
    public static SafeFd OpenPump() => OpenProgram("pump", fcntl_h.O_PATH);

    /// <summary>
    /// A sealed copy of the starter in memory. What enters a container runs from it, so that no payload can reach the
    /// installed file through /proc/PID/exe (CVE-2019-5736).
    /// </summary>
    public static SafeFd OpenSealedStarter()
    {
        using SafeFd file = OpenProgram("starter", fcntl_h.O_RDONLY);
        return SealedMemfd.CopyOf("starter", file);
    }

    /// <summary>Its name in <c>libexec/engine/</c>.</summary>
    public const string SetuidStarter = "starter-suid";

    /// <summary>The set-uid starter, O_PATH.</summary>
    /// <exception cref="EngineException">It is not installed.</exception>
    public static SafeFd OpenSetuidStarter() => OpenProgram(SetuidStarter, fcntl_h.O_PATH);

    /// <summary>Absolute path of a program in <c>libexec/engine/</c>, whether it is there or not.</summary>
    public static string PathOf(string name) =>
        Path.GetFullPath(Path.Combine(Path.GetDirectoryName(Environment.ProcessPath)!, "..", "libexec", "engine", name));

    private static SafeFd OpenProgram(string name, int flags)
    {
        string path = PathOf(name);
        try
        {
            return Files.Open(path, flags | fcntl_h.O_CLOEXEC);
        }
        catch (SyscallException error)
        {
            throw new EngineException($"incomplete installation: {error.Message}; run './build.sh build' or './build.sh install' again", inner: error);
        }
    }
}
