using System.Globalization;

namespace Engine.Tests.Conformance.Entries;

/// <summary>config-linux.md#control-groups: each limit as the files of the container's cgroup have it, on v1 and on v2.</summary>
internal static class Resources
{
    private const string Deny = """[{"allow":false,"access":"rwm"}]""";

    // A limit: the resources object, where v1 and v2 have it (controller, file, accepted values). Null: that version has no such limit.
    private static readonly (string Id, string Json, (string Controller, string File, string[] Values)? V1, (string Controller, string File, string[] Values)? V2)[] Limits =
    [
        ("cpu.shares", """{"cpu":{"shares":512}}""", ("cpu", "cpu.shares", ["512"]), ("cpu", "cpu.weight", ["20", "58", "59"])),
        ("cpu.quota", """{"cpu":{"quota":20000,"period":50000}}""", ("cpu", "cpu.cfs_quota_us", ["20000"]), ("cpu", "cpu.max", ["20000 50000"])),
        ("cpu.period", """{"cpu":{"quota":20000,"period":50000}}""", ("cpu", "cpu.cfs_period_us", ["50000"]), ("cpu", "cpu.max", ["20000 50000"])),
        ("cpu.burst", """{"cpu":{"quota":20000,"period":50000,"burst":10000}}""", ("cpu", "cpu.cfs_burst_us", ["10000"]), ("cpu", "cpu.max.burst", ["10000"])),
        ("cpu.idle", """{"cpu":{"idle":1}}""", ("cpu", "cpu.idle", ["1"]), ("cpu", "cpu.idle", ["1"])),
        ("cpu.cpus", """{"cpu":{"cpus":"0"}}""", ("cpuset", "cpuset.cpus", ["0"]), ("cpuset", "cpuset.cpus", ["0"])),
        ("cpu.mems", """{"cpu":{"mems":"0"}}""", ("cpuset", "cpuset.mems", ["0"]), ("cpuset", "cpuset.mems", ["0"])),
        ("memory.limit", """{"memory":{"limit":67108864}}""", ("memory", "memory.limit_in_bytes", ["67108864"]), ("memory", "memory.max", ["67108864"])),
        ("memory.reservation", """{"memory":{"reservation":33554432}}""", ("memory", "memory.soft_limit_in_bytes", ["33554432"]), ("memory", "memory.low", ["33554432"])),
        ("memory.swap", """{"memory":{"limit":67108864,"swap":134217728}}""", ("memory", "memory.memsw.limit_in_bytes", ["134217728"]), ("memory", "memory.swap.max", ["67108864"])),
        ("memory.swappiness", """{"memory":{"swappiness":10}}""", ("memory", "memory.swappiness", ["10"]), null),
        ("pids.limit", """{"pids":{"limit":77}}""", ("pids", "pids.max", ["77"]), ("pids", "pids.max", ["77"])),
        ("pids.unlimited", """{"pids":{"limit":-1}}""", ("pids", "pids.max", ["max"]), ("pids", "pids.max", ["max"])),
        ("hugepages", """{"hugepageLimits":[{"pageSize":"2MB","limit":4194304}]}""", ("hugetlb", "hugetlb.2MB.limit_in_bytes", ["4194304"]), ("hugetlb", "hugetlb.2MB.max", ["4194304"])),
        ("hugepages.reservation", """{"hugepageLimits":[{"pageSize":"2MB","limit":4194304}]}""", ("hugetlb", "hugetlb.2MB.rsvd.limit_in_bytes", ["4194304"]), ("hugetlb", "hugetlb.2MB.rsvd.max", ["4194304"])),
        ("unified", """{"unified":{"hugetlb.2MB.max":"6291456"}}""", null, ("hugetlb", "hugetlb.2MB.max", ["6291456"])),
        ("unified.memory", """{"unified":{"memory.high":"67108864"}}""", null, ("memory", "memory.high", ["67108864"])),
    ];

    public static Entry[] All { get; } =
    [
        .. Limits.Select(row => new Entry($"resources.{row.Id}", "config-linux.md#control-groups", $"{row.Id} is in the container's cgroup", t =>
        {
            var place = (t.View.IsV2 ? row.V2 : row.V1) ?? throw new SkipException($"cgroup {(t.View.IsV2 ? "v2" : "v1")} has no such limit");
            t.NeedController(place.Controller);
            Scenario.Need(KernelHas(t, place.Controller, place.File), $"the kernel has no {place.File}");
            var container = t.Create(With(t.NewWaiting(), row.Json));
            Assert.Contains(container.CgroupFile(place.Controller, place.File), place.Values);
        })),
        new("resources.memory.oom-killer", "config-linux.md#memory", "disableOOMKiller is in the container's cgroup", t =>
        {
            Scenario.Need(!t.View.IsV2, "cgroup v2 has no such switch");
            t.NeedController("memory");
            Assert.Contains("oom_kill_disable 1", t.Create(With(t.NewWaiting(), """{"memory":{"disableOOMKiller":true}}""")).CgroupFile("memory", "memory.oom_control"), StringComparison.Ordinal);
        }),
        new("resources.memory.enforced", "config-linux.md#memory", "a program that needs more memory than the limit is killed", t =>
        {
            t.NeedController("memory");
            var container = t.Start(With(t.NewBundle().Shell("exec 2>/dev/null; head -c 100m /dev/zero | tail -c 90m >/dev/null; test $? -eq 0 && echo survived"), """{"memory":{"limit":16777216,"swap":16777216}}"""));
            container.WaitForEnd();
            Assert.DoesNotContain("survived", container.Output, StringComparison.Ordinal);
        }),
        new("resources.pids.enforced", "config-linux.md#pids", "a process more than the limit cannot be made", t =>
        {
            t.NeedController("pids");
            var container = t.Start(With(t.NewBundle().Shell("sleep 9 & sleep 9 & sleep 9 & sleep 9 & sleep 9 & echo made all"), """{"pids":{"limit":4}}"""));
            container.WaitForEnd();
            Assert.DoesNotContain("made all", container.Output, StringComparison.Ordinal);
        }),
        new("resources.blkio.weight", "config-linux.md#block-io", "blockIO.weight is in the container's cgroup", t =>
        {
            var (controller, files) = t.View.IsV2 ? ("io", new[] { "io.bfq.weight", "io.weight" }) : ("blkio", ["blkio.bfq.weight", "blkio.weight"]);
            t.NeedController(controller);
            var file = files.FirstOrDefault(f => KernelHas(t, controller, f)) ?? throw new SkipException("the kernel has no I/O weights");
            Assert.Contains("300", t.Create(With(t.NewWaiting(), """{"blockIO":{"weight":300}}""")).CgroupFile(controller, file), StringComparison.Ordinal);
        }),
        .. new[] { ("throttleReadBpsDevice", "read_bps", "rbps"), ("throttleWriteBpsDevice", "write_bps", "wbps"), ("throttleReadIOPSDevice", "read_iops", "riops"), ("throttleWriteIOPSDevice", "write_iops", "wiops") }
            .Select(row => new Entry($"resources.blkio.{row.Item1}", "config-linux.md#block-io", $"blockIO.{row.Item1} is in the container's cgroup", t =>
            {
                var controller = t.View.IsV2 ? "io" : "blkio";
                t.NeedController(controller);
                var file = t.View.IsV2 ? "io.max" : $"blkio.throttle.{row.Item2}_device";
                Scenario.Need(KernelHas(t, controller, file), $"the kernel has no {file}");
                var (major, minor) = Disk();
                var container = t.Create(With(t.NewWaiting(), $$$"""{"blockIO":{"{{{row.Item1}}}":[{"major":{{{major}}},"minor":{{{minor}}},"rate":1048576}]}}"""));
                var text = container.CgroupFile(controller, file);
                Assert.Contains($"{major}:{minor}", text, StringComparison.Ordinal);
                Assert.Contains(t.View.IsV2 ? $"{row.Item3}=1048576" : "1048576", text, StringComparison.Ordinal);
            })),
        new("resources.devices.denied", "config-linux.md#allowed-device-list", "a device that the list denies cannot be opened", t => Assert.Equal("EPERM", Open(t, Deny))),
        new("resources.devices.allowed", "config-linux.md#allowed-device-list", "a later entry allows a device again", t =>
            Assert.NotEqual("EPERM", Open(t, """[{"allow":false,"access":"rwm"},{"allow":true,"type":"c","major":10,"minor":250,"access":"rw"}]"""))),
        new("resources.devices.access", "config-linux.md#allowed-device-list", "access r alone does not allow writing", t =>
            Assert.Equal("EPERM", Open(t, """[{"allow":false,"access":"rwm"},{"allow":true,"type":"c","major":10,"minor":250,"access":"r"}]"""))),
        new("resources.devices.wildcard", "config-linux.md#allowed-device-list", "an entry without minor is for all of them", t =>
            Assert.NotEqual("EPERM", Open(t, """[{"allow":false,"access":"rwm"},{"allow":true,"type":"c","major":10,"access":"rwm"}]"""))),
        new("resources.devices.defaults-stay", "config-linux.md#allowed-device-list", "the default devices work although all is denied", t =>
            Assert.Equal("write ok\nwrite ok\n", t.Look(With(t.NewBundle(), $$"""{"devices":{{Deny}}}"""), "write", "/dev/null", "x", "write", "/dev/zero", "x").Text)),
        new("resources.unified.unknown", "config-linux.md#unified", "unified with a controller that is not there is an error", t =>
        {
            Scenario.Need(t.View.IsV2, "cgroup v2 only");
            t.Refused(With(t.NewWaiting(), """{"unified":{"nonsense.max":"1"}}"""));
        }),
        new("resources.cgroups-path.absolute", "config-linux.md#cgroups-path", "an absolute cgroupsPath is below the mount point of the hierarchies", t =>
        {
            var path = "/" + t.NewId() + "-cg";
            var container = t.Create(t.NewWaiting().WithCgroupsPath(path));
            Assert.EndsWith(path, t.View.Directory(container.Pid, "pids"), StringComparison.Ordinal);
        }),
        new("resources.cgroups-path.relative", "config-linux.md#cgroups-path", "a relative cgroupsPath is accepted, and every time the same place", t =>
        {
            var path = t.NewId() + "-cg";
            var first = t.Create(t.NewWaiting().WithCgroupsPath(path));
            var place = t.View.Directory(first.Pid, "pids");
            Assert.Contains(path, place, StringComparison.Ordinal);
            first.Kill().WaitForEnd();
            first.Delete();
            Assert.Equal(place, t.View.Directory(t.Create(t.NewWaiting().WithCgroupsPath(path)).Pid, "pids"));
        }),
        new("resources.every-controller", "config-linux.md#control-groups", "the container process is in a cgroup of its own in every controller", t =>
        {
            var container = t.Create(t.NewWaiting().WithCgroupsPath("/" + t.NewId() + "-cg"));
            var lines = ProcFs.Read(container.Pid, "cgroup")!.Trim().Split('\n').Select(l => l.Split(':', 3));
            // In a v2 view the hierarchies of the machine are still there, but cannot be seen.
            Assert.All(lines.Where(l => (t.View.IsV2 ? l[0] == "0" : l[1].Length > 0) && !l[1].StartsWith("name=", StringComparison.Ordinal)), l => Assert.EndsWith("-cg", l[2], StringComparison.Ordinal));
        }),
    ];

    /// <summary>Sets linux.resources; a member that the bundle has already is replaced.</summary>
    public static Bundle With(Bundle bundle, string json) => bundle.WithResources(r =>
    {
        foreach (var (name, value) in JsonNode.Parse(json)!.AsObject())
        {
            r[name] = value!.DeepClone();
        }
    });

    /// <summary>Whether a cgroup made in the controller's hierarchy has the file (root cgroups have fewer).</summary>
    private static bool KernelHas(Scenario t, string controller, string file)
    {
        var root = t.View.Directory(Environment.ProcessId, controller);
        var made = Path.Combine(root, t.NewId() + "-look");
        Directory.CreateDirectory(made);
        try
        {
            // On v2 a child has a controller's files only when the parent enables it, which is the runtime's to do.
            return t.View.IsV2 || File.Exists(Path.Combine(made, file));
        }
        finally
        {
            Directory.Delete(made);
        }
    }

    // A device number without a driver: the device cgroup answers EPERM, an allowed one gives ENODEV or ENXIO.
    private static string Open(Scenario t, string devices)
    {
        if (!t.View.IsV2)
        {
            t.NeedController("devices");
        }
        return t.Look(With(t.NewBundle().WithDevice("/odd", "c", 10, 250), $$"""{"devices":{{devices}}}"""), "write", "/odd", "x")["write"];
    }

    private static (int Major, int Minor) Disk()
    {
        var fields = File.ReadLines("/proc/partitions").Select(l => l.Split(' ', StringSplitOptions.RemoveEmptyEntries))
            .FirstOrDefault(f => f.Length == 4 && f[0] != "major" && !char.IsAsciiDigit(f[3][^1])) ?? throw new SkipException("no disk");
        return (int.Parse(fields[0], CultureInfo.InvariantCulture), int.Parse(fields[1], CultureInfo.InvariantCulture));
    }
}
