using System.Globalization;

namespace Engine.Tests.Integration.Support;

/// <summary>
/// Proves that nothing is left: processes, mounts of the host, cgroups of every hierarchy, sockets, files in the state root
/// and in the directories for temporary files. Opened before, asked after. It looks only at what carries the tag of this run,
/// so that other users of the machine do not matter; when nobody else is there (<see cref="Installation.Alone"/>) it compares
/// the counts of the whole machine as well.
/// </summary>
public sealed class LeakGate
{
    private static readonly string[] TemporaryDirectories = ["/tmp", "/var/tmp", "/dev/shm", "/run", "/run/engine/oci"];

    private readonly string _tag;
    private readonly string _stateRoot;
    private readonly HashSet<string> _filesBefore;
    private readonly int _terminalsBefore;
    private readonly int _mountsBefore;

    /// <param name="tag">Part of every container id and path that the test uses.</param>
    /// <param name="stateRoot">The engine's --root, which must be empty in the end.</param>
    public LeakGate(string tag, string stateRoot)
    {
        _tag = tag;
        _stateRoot = stateRoot;
        _filesBefore = TemporaryFiles().ToHashSet();
        _terminalsBefore = Terminals();
        _mountsBefore = HostMounts().Count;
    }

    /// <summary>Fails with the list of what is left. What ends by itself within the time is no leak. Afterwards it is removed, so that one leak fails one test.</summary>
    public void AssertNothingLeft(double seconds = 10)
    {
        IReadOnlyList<string> left = [];
        if (Eventually.Holds(() => (left = Findings()).Count == 0, seconds))
        {
            return;
        }
        Sweep();
        Assert.Fail($"left behind:\n{string.Join('\n', left)}");
    }

    /// <summary>What is left at this moment, a line each.</summary>
    public IReadOnlyList<string> Findings()
    {
        var found = new List<string>();
        found.AddRange(Processes().Select(p => $"process {p}: {ProcFs.CommandLine(p)} (parent {ProcFs.Parent(p)})"));
        found.AddRange(HostMounts().Where(l => l.Contains(_tag, StringComparison.Ordinal)).Select(l => $"mount: {l}"));
        found.AddRange(Cgroups().Select(c => $"cgroup: {c}"));
        found.AddRange(Sockets().Select(s => $"socket: {s}"));
        if (Directory.Exists(_stateRoot))
        {
            found.AddRange(Directory.EnumerateFileSystemEntries(_stateRoot).Select(f => $"state: {f}"));
        }
        found.AddRange(TemporaryFiles().Where(f => !_filesBefore.Contains(f)).Select(f => $"file: {f}"));
        if (Installation.Alone)
        {
            AddDrift(found, "terminals in /dev/pts", _terminalsBefore, Terminals());
            AddDrift(found, "mounts of pid 1", _mountsBefore, HostMounts().Count);
        }
        return found;
    }

    /// <summary>Living processes of the run other than the test program: descendants keep its cgroup, payloads have the tag in theirs.</summary>
    public static IReadOnlyList<int> Processes() =>
        ProcFs.Pids().Where(p => p != Environment.ProcessId && IsOurs(p) && ProcFs.Lives(p)).ToList();

    // A container's name carries the tag of the run, and so does the cgroup of the run itself.
    private static bool IsOurs(int pid) => ProcFs.Read(pid, "cgroup")?.Contains(TestRun.Tag, StringComparison.Ordinal) == true;

    private IEnumerable<string> Cgroups() => TestRun.Hierarchies.SelectMany(CgroupsBelow)
        .Where(d => d != TestRun.Cgroup && Path.GetFileName(d).Contains(_tag, StringComparison.Ordinal));

    // Directories come and go while they are listed.
    private static IEnumerable<string> CgroupsBelow(string directory)
    {
        string[] children;
        try
        {
            children = Directory.GetDirectories(directory);
        }
        catch (IOException)
        {
            return [];
        }
        return children.Concat(children.SelectMany(CgroupsBelow));
    }

    private IEnumerable<string> Sockets() => File.ReadLines("/proc/net/unix").Where(l => l.Contains(_tag, StringComparison.Ordinal));

    private static List<string> HostMounts() => File.ReadLines("/proc/1/mountinfo").ToList();

    private static int Terminals() => Directory.Exists("/dev/pts") ? Directory.GetFileSystemEntries("/dev/pts").Length : 0;

    private IEnumerable<string> TemporaryFiles() => TemporaryDirectories.Where(Directory.Exists).SelectMany(Directory.EnumerateFileSystemEntries)
        .Where(f => f != TestRun.Directory && (f.Contains(_tag, StringComparison.Ordinal) || (Installation.Alone && Path.GetFileName(f).Contains("engine", StringComparison.Ordinal))));

    private static void AddDrift(List<string> found, string what, int before, int after)
    {
        if (after > before)
        {
            found.Add($"{what}: {before.ToString(CultureInfo.InvariantCulture)} before, {after.ToString(CultureInfo.InvariantCulture)} now");
        }
    }

    // Only what carries the tag: processes first, for they hold the rest.
    private void Sweep()
    {
        foreach (var pid in Processes())
        {
            _ = Native.kill(pid, 9);
        }
        _ = Eventually.Holds(() => Processes().Count == 0, 5);
        foreach (var mount in SafeTree.MountsBelow(TestRun.Directory))
        {
            _ = Native.umount2(mount, Native.MNT_DETACH | Native.UMOUNT_NOFOLLOW);
        }
        foreach (var cgroup in Cgroups().OrderByDescending(c => c.Length).ToList())
        {
            try
            {
                Directory.Delete(cgroup);
            }
            catch (IOException)
            {
            }
        }
    }
}
