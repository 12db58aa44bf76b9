namespace Engine.Tests.Security.Support;

/// <summary>What no container may change of the machine: kernel knobs, device nodes, the mounts of this mount namespace.</summary>
internal sealed class HostState
{
    private static readonly string[] Knobs = ["core_pattern", "hostname", "domainname", "modprobe", "sysrq", "msgmax", "shmmni"];

    private readonly string[] _before = Lines();

    /// <summary>What is different now, a line each.</summary>
    public IReadOnlyList<string> Changes()
    {
        var now = Lines();
        return [.. _before.Except(now).Select(l => "was " + l), .. now.Except(_before).Select(l => "is " + l)];
    }

    private static string[] Lines() =>
    [
        .. Knobs.Where(k => File.Exists("/proc/sys/kernel/" + k)).Select(k => $"kernel.{k} {File.ReadAllText("/proc/sys/kernel/" + k).TrimEnd()}"),
        .. new Command("/usr/bin/find", "/dev", "-xdev", "-maxdepth", "1", "-printf", "%p %y %m %U:%G %l\n").Run().Text.Split('\n', StringSplitOptions.RemoveEmptyEntries),
        .. new Command("/usr/bin/stat", "-c", "%n %A %u:%g %t:%T", "/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/tty").Run().Text.Split('\n', StringSplitOptions.RemoveEmptyEntries),
        .. File.ReadLines("/proc/self/mountinfo").Select(l => "mount " + l).Where(l => !l.Contains("/tmp/" + TestRun.Tag, StringComparison.Ordinal)),
    ];
}
