using System.Runtime.CompilerServices;

namespace Engine.Tests.Integration.Support;

/// <summary>The programs under test (the tree that build.sh makes under out/) and the machine they run on.</summary>
public static class Installation
{
    /// <summary>Root of the source tree.</summary>
    public static string SourceRoot { get; } = FindSourceRoot();

    /// <summary>The built tree: ENGINE_OUT, else out/ of the source tree.</summary>
    public static string Out { get; } = Environment.GetEnvironmentVariable("ENGINE_OUT") is { Length: > 0 } set ? set : Path.Combine(SourceRoot, "out");

    public static string Engine { get; } = Path.Combine(Out, "bin", "engine");

    /// <summary>The starter; the security suite puts a broken build of it here.</summary>
    public static string Starter { get; set; } = Path.Combine(Out, "libexec", "engine", "starter");

    public static string Pump { get; } = Path.Combine(Out, "libexec", "engine", "pump");

    /// <summary>The static payload with the verbs that look at a container from inside (tests/Probe).</summary>
    public static string Probe { get; } = Path.Combine(Out, "test", "probe");

    /// <summary>Debian's static busybox.</summary>
    public static string Busybox { get; } = new[] { "/bin/busybox", "/usr/bin/busybox" }.FirstOrDefault(File.Exists) ?? "/bin/busybox";

    public static bool IsRoot { get; } = Native.geteuid() == 0;

    /// <summary>Nobody else uses the machine (.ci/run says so): whole-machine counts may be compared.</summary>
    public static bool Alone { get; } = Environment.GetEnvironmentVariable("ENGINE_TEST_ALONE") == "1";

    /// <summary>Full path of a program on PATH, or null.</summary>
    public static string? Find(string program) =>
        (Environment.GetEnvironmentVariable("PATH") ?? "/usr/sbin:/usr/bin:/sbin:/bin").Split(':')
            .Select(d => Path.Combine(d, program)).FirstOrDefault(File.Exists);

    private static string FindSourceRoot([CallerFilePath] string here = "")
    {
        foreach (var start in new[] { AppContext.BaseDirectory, Path.GetDirectoryName(here)! })
        {
            for (var d = start; d is not null; d = Path.GetDirectoryName(d))
            {
                if (File.Exists(Path.Combine(d, "Engine.sln")))
                {
                    return d;
                }
            }
        }
        throw new InvalidOperationException("the tests must run from the source tree (Engine.sln was not found above them)");
    }
}
