using System.Globalization;
using Engine.Diagnostics;
using Engine.Linux;
using Engine.Rpc.Linux;
using Engine.Shared.Linux;

namespace Engine.State;

/// <summary>
/// Where an ordinary user's state roots are: below XDG_RUNTIME_DIR, or where systemd would have put that directory, or below /tmp. Whoever
/// else may write to a directory could put another in the place of what is in it: it must be the user's and nobody else's to write to.
/// </summary>
internal static class UserDirectory
{
    private const string Variable = "XDG_RUNTIME_DIR";
    private const uint OthersMayWrite = 0b000_010_010;
    private const uint OthersMayAnything = 0b000_111_111;
    private const uint OnlyOwner = 0b111_000_000;

    /// <summary>Absolute path of the directory that holds this user's "engine" directory, with that name; nothing is made yet.</summary>
    public static string Locate()
    {
        foreach (string? candidate in new[] { Environment.GetEnvironmentVariable(Variable), $"/run/user/{Uid}" })
        {
            if (candidate is { Length: > 0 } && candidate[0] == '/' && Others(candidate) is uint others && (others & OthersMayWrite) == 0)
            {
                return Path.Combine(candidate, "engine");
            }
        }

        return $"/tmp/engine-{Uid}";
    }

    /// <summary>
    /// Makes <paramref name="path"/> and what is missing above it, 0700. What is there already must be this user's; in /tmp, where anybody
    /// may have been first, nobody else's to look into either.
    /// </summary>
    /// <exception cref="EngineException">It cannot be made, or is somebody else's.</exception>
    public static void Make(string path)
    {
        string own = $"/tmp/engine-{Uid}";
        bool isShared = (path + "/").StartsWith(own + "/", StringComparison.Ordinal);
        var below = new Stack<string>();
        for (string at = path; isShared ? at.Length >= own.Length : !Directory.Exists(at); at = Path.GetDirectoryName(at)!)
        {
            below.Push(at);
        }

        // From above, each looked at before something is made in it.
        while (below.TryPop(out string? next))
        {
            MakeOne(next, path);
            if (isShared && Others(next) is not 0)
            {
                throw new EngineException($"state directory {path}: {next} is not a directory of yours alone (mode 0700); remove it, or name another with --root or ENGINE_ROOT");
            }
        }
    }

    private static string Uid => Identity.EffectiveUid.ToString(CultureInfo.InvariantCulture);

    private static void MakeOne(string path, string asked)
    {
        try
        {
            Files.MakeDirectory(path, OnlyOwner);
        }
        catch (SyscallException error) when (error.Errno == Errno.EEXIST)
        {
            // There already, by another command of the same user or by somebody else: who looks at it next decides.
        }
        catch (SyscallException error)
        {
            throw new EngineException($"state directory {asked}: {error.Message}; name another with --root or ENGINE_ROOT", inner: error);
        }
    }

    // What others may do in a directory of this user's; null when it is none, or a link.
    private static uint? Others(string path)
    {
        try
        {
            using SafeFd directory = Files.Open(path, fcntl_h.O_PATH | O_DIRECTORY | O_NOFOLLOW);
            FileStat stat = Files.Stat(directory);
            return stat.Uid == Identity.EffectiveUid ? stat.Mode & OthersMayAnything : null;
        }
        catch (SyscallException)
        {
            return null;
        }
    }
}
