namespace Engine.Tests.Faults.Entries;

/// <summary>Numbers: many containers one after the other and at once, and nothing of the machine's that grows with them.</summary>
internal static class Many
{
    private static int Sequential => Effort.IsLong ? 1000 : 60;

    private static int Waves => Effort.IsLong ? 16 : 1;

    private static int Cycles => Effort.IsLong ? 20_000 : 200;

    public static Entry[] All { get; } =
    [
        new("FI31.sequence", "many containers one after the other leave nothing", Sequence),
        new("FI31.waves", "64 containers at once, in waves, leave nothing", AtOnce),
        new("FI32.soak", "cycles of create, start and delete leave no keyring, no cgroup, not even a dying one, no mount, no message of the kernel", Soak),
    ];

    private static void Sequence(Ground ground)
    {
        var bundle = ground.NewBundle().Probe("say", "ran").Path;
        using var machine = new Machine();
        for (var i = 0; i < Sequential; i++)
        {
            var id = ground.NewId();
            Assert.Equal("ran\n", ground.Cli.OciOk("run", id, "-b", bundle).Text.Replace("say ", "", StringComparison.Ordinal));
        }
    }

    private static void AtOnce(Ground ground)
    {
        var bundle = ground.NewWaiting().Path;
        using var machine = new Machine();
        for (var wave = 0; wave < Waves; wave++)
        {
            var ids = Enumerable.Range(0, 64).Select(_ => ground.NewId()).ToArray();
            var commands = ids.Select(id => ground.Cli.StartOci("create", id, "-b", bundle)).ToArray();
            foreach (var command in commands)
            {
                command.CloseInput();
                command.Wait(120).ShouldExit(0);
                command.Dispose();
            }
            foreach (var id in ids)
            {
                ground.Cli.OciOk("start", id);
            }
            Assert.All(ids, id => Assert.Equal("running", Truth.Status(ground.Cli, id)));
            foreach (var id in ids)
            {
                ground.Cli.OciOk("delete", "--force", id);
            }
        }
    }

    private static void Soak(Ground ground)
    {
        var bundle = ground.NewBundle().Probe("say", "ran").Path;
        var root = Path.Combine(ground.Directory, "runc");
        CommandResult Runc(params string[] arguments) =>
            new Command("/bin/sh", ["-c", "exec \"$@\" >/dev/null 2>&1", "sh", Path.Combine(Path.GetDirectoryName(Installation.Engine)!, "engine-runc"), "--root", root, .. arguments])
                .Run().ShouldExit(0);
        using var machine = new Machine();
        for (var i = 0; i < Cycles; i++)
        {
            var id = ground.NewId();
            Runc("create", "--bundle", bundle, id);
            Runc("start", id);
            Runc("delete", "--force", id);
        }
        Assert.Empty(Directory.GetFileSystemEntries(root));
    }
}

/// <summary>
/// What the machine had before, and must have again: what a leak of one in each container would raise by their number. A few more or less are
/// other people's.
/// </summary>
internal sealed class Machine : IDisposable
{
    private const int Others = 24;

    private readonly Dictionary<string, long> _before = Measure();

    public void Dispose() => Eventually.True(
        () => Measure().All(now => now.Value - _before[now.Key] < Others),
        "the machine has what it had: " + string.Join(", ", _before.Select(b => $"{b.Key} {b.Value}")));

    private static Dictionary<string, long> Measure() => new()
    {
        ["keyrings"] = File.ReadLines("/proc/keys").Count(),
        ["mounts of pid 1"] = File.ReadLines("/proc/1/mountinfo").Count(),
        ["cgroups"] = File.ReadLines("/proc/cgroups").Skip(1).Sum(line => long.Parse(line.Split('\t')[2], System.Globalization.CultureInfo.InvariantCulture)),
        ["terminals"] = Directory.GetFileSystemEntries("/dev/pts").Length,
        ["network namespaces, links"] = Directory.GetFileSystemEntries("/sys/class/net").Length,
        ["unix sockets"] = File.ReadLines("/proc/net/unix").Count(),
        ["message queues, semaphores, shared memory"] = new[] { "msg", "sem", "shm" }.Sum(kind => File.ReadLines($"/proc/sysvipc/{kind}").Count()),
        ["complaints of the kernel"] = Complaints(),
    };

    private static long Complaints() => new Command("/bin/dmesg").Run().Text.Split('\n').Count(line => line.Contains("WARNING:", StringComparison.Ordinal) || line.Contains("BUG:", StringComparison.Ordinal));
}
