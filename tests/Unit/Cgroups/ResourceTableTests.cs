using Engine.Cgroups;
using Engine.Spec;

namespace Engine.Tests.Unit.Cgroups;

/// <summary>Every member of linux.resources: what is written on v1 and on v2, or how it is refused.</summary>
public class ResourceTableTests
{
    /// <summary>Name, resources, writes on v1, writes on v2; a text that begins with "!" is the refusal's beginning.</summary>
    private static readonly (string Name, ResourcesSpec Resources, string[] V1, string[] V2)[] Table =
    [
        ("shares", Cpu(new() { Shares = 1024 }), ["cpu,cpuacct/cpu.shares = 1024"], ["cpu.weight = 39"]),
        ("least shares", Cpu(new() { Shares = 1 }), ["cpu,cpuacct/cpu.shares = 1"], ["cpu.weight = 1"]),
        ("most shares", Cpu(new() { Shares = ulong.MaxValue }), ["cpu,cpuacct/cpu.shares = 18446744073709551615"], ["cpu.weight = 10000"]),
        ("no shares", Cpu(new() { Shares = 0 }), [], []),
        ("quota", Cpu(new() { Quota = 50000, Period = 100000 }),
            ["cpu,cpuacct/cpu.cfs_period_us = 100000", "cpu,cpuacct/cpu.cfs_quota_us = 50000"], ["cpu.max = 50000 100000"]),
        ("quota alone", Cpu(new() { Quota = 50000 }), ["cpu,cpuacct/cpu.cfs_quota_us = 50000"], ["cpu.max = 50000"]),
        ("no quota", Cpu(new() { Quota = -1 }), ["cpu,cpuacct/cpu.cfs_quota_us = -1"], ["cpu.max = max"]),
        ("period alone", Cpu(new() { Period = 20000 }), ["cpu,cpuacct/cpu.cfs_period_us = 20000"], ["cpu.max = max 20000"]),
        ("burst", Cpu(new() { Quota = 50000, Burst = 20000 }),
            ["cpu,cpuacct/cpu.cfs_quota_us = 50000", "cpu,cpuacct/cpu.cfs_burst_us = 20000"], ["cpu.max = 50000", "cpu.max.burst = 20000"]),
        ("too much burst", Cpu(new() { Quota = 5000, Burst = 20000 }), ["!cpu.burst: 20000 is more than"], ["!cpu.burst: 20000 is more than"]),
        ("idle", Cpu(new() { Idle = 1, Shares = 512 }),
            ["cpu,cpuacct/cpu.shares = 512", "cpu,cpuacct/cpu.idle = 1"], ["cpu.weight = 20", "cpu.idle = 1"]),
        ("not idle", Cpu(new() { Idle = 0, Shares = 512 }),
            ["cpu,cpuacct/cpu.idle = 0?", "cpu,cpuacct/cpu.shares = 512"], ["cpu.idle = 0?", "cpu.weight = 20"]),
        ("bad idle", Cpu(new() { Idle = 2 }), ["!cpu.idle: 2"], ["!cpu.idle: 2"]),
        ("realtime", Cpu(new() { RealtimePeriod = 1000000, RealtimeRuntime = 950000 }),
            ["cpu,cpuacct/cpu.rt_period_us = 1000000", "cpu,cpuacct/cpu.rt_runtime_us = 950000"], ["!cpu.realtimeRuntime: cgroup v2 has no limit for realtime"]),
        ("no realtime", Cpu(new() { RealtimeRuntime = 0 }), ["cpu,cpuacct/cpu.rt_runtime_us = 0?"], []),
        ("sets", Cpu(new() { Cpus = "0-3,7", Mems = "0" }),
            ["cpuset/cpuset.cpus = 0-3,7", "cpuset/cpuset.mems = 0"], ["cpuset.cpus = 0-3,7", "cpuset.mems = 0"]),
        ("bad set", Cpu(new() { Cpus = "0\n1" }), ["!cpu.cpus: \"0\\n1\" is no list"], ["!cpu.cpus: \"0\\n1\" is no list"]),

        ("memory", Memory(new() { Limit = 1 << 20 }), ["memory/memory.limit_in_bytes = 1048576"], ["memory.max = 1048576"]),
        ("memory and swap", Memory(new() { Limit = 1000, Swap = 3000 }),
            ["memory/memory.limit_in_bytes = 1000", "memory/memory.memsw.limit_in_bytes = 3000"], ["memory.swap.max = 2000", "memory.max = 1000"]),
        ("no swap", Memory(new() { Limit = 1000, Swap = 1000 }),
            ["memory/memory.limit_in_bytes = 1000", "memory/memory.memsw.limit_in_bytes = 1000"], ["memory.swap.max = 0?", "memory.max = 1000"]),
        ("any swap", Memory(new() { Limit = 1000, Swap = -1 }),
            ["memory/memory.limit_in_bytes = 1000", "memory/memory.memsw.limit_in_bytes = -1?"], ["memory.swap.max = max?", "memory.max = 1000"]),
        ("no limit", Memory(new() { Limit = -1 }),
            ["memory/memory.limit_in_bytes = -1", "memory/memory.memsw.limit_in_bytes = -1?"], ["memory.swap.max = max?", "memory.max = max"]),
        ("swap only, memory free", Memory(new() { Limit = -1, Swap = 3000 }),
            ["memory/memory.limit_in_bytes = -1", "memory/memory.memsw.limit_in_bytes = 3000"], ["memory.swap.max = 3000", "memory.max = max"]),
        ("little swap", Memory(new() { Limit = 1000, Swap = 999 }), ["!memory.swap: 999 is less"], ["!memory.swap: 999 is less"]),
        ("swap alone", Memory(new() { Swap = 1000 }), ["!memory.swap: 1000 is less than the present"], ["!memory.swap: cgroup v2 cannot"]),
        ("odd limit", Memory(new() { Limit = -2 }), ["!memory.limit: -2"], ["!memory.limit: -2"]),
        ("reservation", Memory(new() { Reservation = 500 }), ["memory/memory.soft_limit_in_bytes = 500"], ["memory.low = 500"]),
        ("no reservation", Memory(new() { Reservation = -1 }), ["memory/memory.soft_limit_in_bytes = -1"], ["memory.low = max"]),
        ("kernel", Memory(new() { Kernel = 1000 }), ["!memory.kernel: the kernel has no"], ["!memory.kernel: the kernel has no"]),
        ("kernel without limit", Memory(new() { Kernel = -1 }), [], []),
        ("kernelTCP", Memory(new() { KernelTcp = 1000 }), ["memory/memory.kmem.tcp.limit_in_bytes = 1000"], ["!memory.kernelTCP: cgroup v2 has no"]),
        ("swappiness", Memory(new() { Swappiness = 0 }), ["memory/memory.swappiness = 0"], ["!memory.swappiness: cgroup v2 has no"]),
        ("too swappy", Memory(new() { Swappiness = 101 }), ["!memory.swappiness: 101"], ["!memory.swappiness: 101"]),
        ("no OOM killer", Memory(new() { DisableOomKiller = true }), ["memory/memory.oom_control = 1"], ["!memory.disableOOMKiller: cgroup v2 has no"]),
        ("OOM killer", Memory(new() { DisableOomKiller = false }), ["memory/memory.oom_control = 0?"], []),
        ("hierarchy", Memory(new() { UseHierarchy = true }), [], []),
        ("no hierarchy", Memory(new() { UseHierarchy = false }), ["!memory.useHierarchy"], ["!memory.useHierarchy"]),

        ("pids", new() { Pids = new() { Limit = 32 } }, ["pids/pids.max = 32"], ["pids.max = 32"]),
        ("any pids", new() { Pids = new() { Limit = -1 } }, ["pids/pids.max = max"], ["pids.max = max"]),
        ("no further process", new() { Pids = new() { Limit = 0 } }, ["pids/pids.max = 1"], ["pids.max = 1"]),

        ("weight", Io(new() { Weight = 500 }),
            ["blkio/blkio.weight = 500?", "blkio/blkio.bfq.weight = 500?"], ["io.bfq.weight = 500?", "io.weight = 4950?"]),
        ("odd weight", Io(new() { Weight = 5 }), ["!blockIO.weight: 5"], ["!blockIO.weight: 5"]),
        ("leaf weight", Io(new() { LeafWeight = 300 }), ["blkio/blkio.leaf_weight = 300"], ["!blockIO.leafWeight: cgroup v2 has no"]),
        ("weight of a disk", Io(new() { WeightDevice = [new() { Major = 8, Minor = 16, Weight = 1000 }] }),
            ["blkio/blkio.weight_device = 8:16 1000?", "blkio/blkio.bfq.weight_device = 8:16 1000?"],
            ["io.bfq.weight = 8:16 1000?", "io.weight = 8:16 10000?"]),
        ("leaf weight of a disk", Io(new() { WeightDevice = [new() { Major = 8, Minor = 0, LeafWeight = 10 }] }),
            ["blkio/blkio.leaf_weight_device = 8:0 10"], ["!blockIO.weightDevice[0].leafWeight: cgroup v2 has no"]),
        ("no weight of a disk", Io(new() { WeightDevice = [new() { Major = 8, Minor = 0 }] }), ["!blockIO.weightDevice[0]: has neither"], ["!blockIO.weightDevice[0]: has neither"]),
        ("throttles", Io(new()
            {
                ThrottleReadBpsDevice = [new() { Major = 8, Minor = 0, Rate = 600 }],
                ThrottleWriteBpsDevice = [new() { Major = 8, Minor = 0, Rate = 0 }],
                ThrottleReadIopsDevice = [new() { Major = 8, Minor = 0, Rate = 3 }],
                ThrottleWriteIopsDevice = [new() { Major = 8, Minor = 16, Rate = 4 }],
            }),
            [
                "blkio/blkio.throttle.read_bps_device = 8:0 600", "blkio/blkio.throttle.write_bps_device = 8:0 0",
                "blkio/blkio.throttle.read_iops_device = 8:0 3", "blkio/blkio.throttle.write_iops_device = 8:16 4",
            ],
            ["io.max = 8:0 rbps=600", "io.max = 8:0 wbps=max", "io.max = 8:0 riops=3", "io.max = 8:16 wiops=4"]),
        ("throttle of nothing", Io(new() { ThrottleReadBpsDevice = [new() { Major = -1, Minor = 0 }] }),
            ["!blockIO.throttleReadBpsDevice[0]: -1:0"], ["!blockIO.throttleReadBpsDevice[0]: -1:0"]),

        ("huge pages", new() { HugepageLimits = [new() { PageSize = "2MB", Limit = 4194304 }] },
            ["hugetlb/hugetlb.2MB.limit_in_bytes = 4194304", "hugetlb/hugetlb.2MB.rsvd.limit_in_bytes = 4194304?"],
            ["hugetlb.2MB.max = 4194304", "hugetlb.2MB.rsvd.max = 4194304?"]),
        ("odd pages", new() { HugepageLimits = [new() { PageSize = "../2MB", Limit = 1 }] },
            ["!hugepageLimits[0].pageSize"], ["!hugepageLimits[0].pageSize"]),
        ("network", new() { Network = new() { ClassId = 0x100001, Priorities = [new() { Name = "lo", Priority = 5 }] } },
            ["net_cls,net_prio/net_cls.classid = 1048577", "net_cls,net_prio/net_prio.ifpriomap = lo 5"], ["!network.classID: cgroup v2 has no controller net_cls"]),
        ("odd interface", new() { Network = new() { Priorities = [new() { Name = "a b", Priority = 5 }] } },
            ["!network.priorities[0].name"], ["!network.priorities[0].name"]),
        ("rdma", new() { Rdma = new() { ["mlx5_1"] = new() { HcaHandles = 3, HcaObjects = 10000 }, ["a"] = new() { HcaObjects = 1 } } },
            ["rdma/rdma.max = a hca_object=1", "rdma/rdma.max = mlx5_1 hca_handle=3 hca_object=10000"],
            ["rdma.max = a hca_object=1", "rdma.max = mlx5_1 hca_handle=3 hca_object=10000"]),
        ("no rdma", new() { Rdma = new() { ["mlx5_1"] = new() } }, ["!rdma[\"mlx5_1\"]"], ["!rdma[\"mlx5_1\"]"]),

        ("unified", Unified("memory.high", "1000"), ["!unified[\"memory.high\"]: there is no cgroup v2"], ["memory.high = 1000"]),
        ("unified of many lines", Unified("io.max", "8:0 rbps=1\n8:16 wiops=2\n"), ["!unified"], ["io.max = 8:0 rbps=1", "io.max = 8:16 wiops=2"]),
        ("unified of the core", Unified("cgroup.max.depth", "3"), ["!unified"], ["cgroup.max.depth = 3"]),
        ("unified of ours", Unified("cgroup.procs", "0"), ["!unified"], ["!unified[\"cgroup.procs\"]: the engine itself"]),
        ("unified path", Unified("../memory.max", "1"), ["!unified"], ["!unified[\"../memory.max\"]: is no name"]),
        ("unified of no controller", Unified("perf_event.x", "1"), ["!unified"], ["!unified[\"perf_event.x\"]: the cgroup controller 'perf_event' is not"]),
    ];

    public static TheoryData<string> Names => new(Table.Select(row => row.Name));

    [Theory]
    [MemberData(nameof(Names))]
    public void Every_member_is_written_or_refused(string name)
    {
        var (_, resources, v1, v2) = Table.Single(row => row.Name == name);
        Check(Layouts.V1, resources, v1);
        Check(Layouts.V2, resources, v2);
    }

    [Fact]
    public void The_table_leaves_out_no_member()
    {
        // Members that the rows cannot show: they name nothing by themselves.
        var shown = new[] { "Devices", "CheckBeforeUpdate" };
        var members = typeof(ResourcesSpec).GetProperties().Concat(typeof(MemorySpec).GetProperties()).Concat(typeof(CpuSpec).GetProperties())
            .Where(p => p.CanWrite).Select(p => p.Name).Except(shown);
        foreach (var member in members)
        {
            Assert.Contains(Table, row => new object?[] { row.Resources, row.Resources.Memory, row.Resources.Cpu }
                .Any(o => o?.GetType().GetProperty(member)?.GetValue(o) is { } value && value is not System.Collections.ICollection { Count: 0 }));
        }
    }

    [Fact]
    public void Settings_with_several_names_are_checked_afterwards()
    {
        var plan = CgroupPlanTests.Plan(Layouts.V2, Io(new() { Weight = 500 }));
        var check = Assert.Single(plan.Checks);
        Assert.Equal(["/sys/fs/cgroup/engine-oci/c1/io.bfq.weight", "/sys/fs/cgroup/engine-oci/c1/io.weight"], check.Files);
        Assert.Equal("linux.resources.blockIO.weight", check.JsonPath);
    }

    [Fact]
    public void What_means_nothing_is_noted() => Assert.Equal(
        ["linux.resources.memory.limit: 0 means not set"],
        CgroupPlanTests.Plan(Layouts.V2, new() { Memory = new() { Limit = 0 } }).Notes);

    private static void Check(CgroupLayout layout, ResourcesSpec resources, string[] expected)
    {
        if (expected is [['!', .. var refusal]])
            Assert.StartsWith("linux.resources." + refusal, CgroupPlanTests.Refused(layout, resources), StringComparison.Ordinal);
        else
            Assert.Equal(expected, CgroupPlanTests.Writes(CgroupPlanTests.Plan(layout, resources)));
    }

    private static ResourcesSpec Cpu(CpuSpec cpu) => new() { Cpu = cpu };

    private static ResourcesSpec Memory(MemorySpec memory) => new() { Memory = memory };

    private static ResourcesSpec Io(BlockIoSpec io) => new() { BlockIo = io };

    private static ResourcesSpec Unified(string file, string value) => new() { Unified = new() { [file] = value } };
}
