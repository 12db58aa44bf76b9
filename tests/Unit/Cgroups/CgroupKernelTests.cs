using Engine.Cgroups;
using Engine.Spec;

namespace Engine.Tests.Unit.Cgroups;

/// <summary>Plans, statistics and removal on this machine's own hierarchies, whatever they are.</summary>
public class CgroupKernelTests
{
    [RootFact]
    public void Every_resource_of_this_machine_reads_back_as_it_was_asked_for()
    {
        var layout = CgroupLayout.Read();
        bool V1(string controller) => layout.Find(controller) is { Version: CgroupVersion.V1 };
        var disk = Directory.GetDirectories("/sys/block").Select(d => File.ReadAllText(d + "/dev").Trim()).First();
        var number = disk.Split(':').Select(long.Parse).ToArray();
        using var cgroup = new KernelCgroup(new ResourcesSpec
        {
            Memory = V1("memory")
                ? new() { Limit = 64 << 20, Swap = 128 << 20, Reservation = 32 << 20, Swappiness = 10, KernelTcp = 16 << 20, DisableOomKiller = true, UseHierarchy = true, Kernel = -1 }
                : null,
            Cpu = V1("cpu") ? new() { Shares = 512, Quota = 50000, Period = 200000, Burst = 20000, Cpus = "0", Mems = "0", Idle = 1 } : null,
            Pids = V1("pids") ? new() { Limit = 20 } : null,
            BlockIo = V1("blkio")
                ? new()
                {
                    Weight = 300,
                    ThrottleReadBpsDevice = [new() { Major = number[0], Minor = number[1], Rate = 1 << 20 }],
                    ThrottleWriteIopsDevice = [new() { Major = number[0], Minor = number[1], Rate = 77 }],
                }
                : null,
            Devices = [new() { Allow = false, Access = "rwm" }, new() { Allow = true, Type = "c", Major = 10, Minor = 229, Access = "rw" }],
        });
        if (V1("memory"))
        {
            Assert.Equal("67108864", cgroup.Read("memory", "memory.limit_in_bytes"));
            Assert.Equal("134217728", cgroup.Read("memory", "memory.memsw.limit_in_bytes"));
            Assert.Equal("33554432", cgroup.Read("memory", "memory.soft_limit_in_bytes"));
            Assert.Equal("16777216", cgroup.Read("memory", "memory.kmem.tcp.limit_in_bytes"));
            Assert.Equal("10", cgroup.Read("memory", "memory.swappiness"));
            Assert.Contains("oom_kill_disable 1", cgroup.Read("memory", "memory.oom_control"), StringComparison.Ordinal);
        }
        if (V1("cpu"))
        {
            Assert.Equal("50000", cgroup.Read("cpu", "cpu.cfs_quota_us"));
            Assert.Equal("200000", cgroup.Read("cpu", "cpu.cfs_period_us"));
            Assert.Equal("20000", cgroup.Read("cpu", "cpu.cfs_burst_us"));
            Assert.Equal("1", cgroup.Read("cpu", "cpu.idle"));
            Assert.Equal("0", cgroup.Read("cpuset", "cpuset.cpus"));
        }
        if (V1("blkio"))
        {
            Assert.Equal("300", cgroup.Read("blkio", "blkio.bfq.weight"));
            Assert.Equal($"{disk} 1048576", cgroup.Read("blkio", "blkio.throttle.read_bps_device"));
            Assert.Equal($"{disk} 77", cgroup.Read("blkio", "blkio.throttle.write_iops_device"));
        }
        var output = cgroup.Output("head -c1 /dev/zero >/dev/null && echo zero; (: <>/dev/kmsg); (: </dev/fuse); cat /proc/self/cgroup");
        Assert.Contains("zero", output, StringComparison.Ordinal);
        Assert.Contains("/dev/kmsg: Operation not permitted", output, StringComparison.Ordinal);
        Assert.DoesNotContain("/dev/fuse: Operation not permitted", output, StringComparison.Ordinal);
        Assert.All(cgroup.Slots, s => Assert.Contains(":" + s.Path + "\n", output, StringComparison.Ordinal));
    }

    [RootFact]
    public void A_controller_of_cgroup2_is_enabled_from_the_root_down_and_limits()
    {
        if (CgroupLayout.Read().Find("hugetlb") is not { Version: CgroupVersion.V2 } unified || !Directory.Exists("/sys/kernel/mm/hugepages/hugepages-2048kB"))
            return;
        var control = unified.Mountpoint + "/cgroup.subtree_control";
        var before = File.ReadAllText(control);
        try
        {
            using var cgroup = new KernelCgroup(new ResourcesSpec { HugepageLimits = [new() { PageSize = "2MB", Limit = 4 << 20 }] }, "/below/two");
            Assert.Equal("4194304", cgroup.Read("hugetlb", "hugetlb.2MB.max"));
            Assert.Equal("4194304", cgroup.Read("hugetlb", "hugetlb.2MB.rsvd.max"));
            KernelCgroup.Run(CgroupPlan.Update(cgroup.Slots, new ResourcesSpec { Unified = new() { ["hugetlb.2MB.max"] = "2097152\n" } }));
            Assert.Equal("2097152", cgroup.Read("hugetlb", "hugetlb.2MB.max"));
            var none = Assert.Throws<CgroupException>(() => CgroupPlan.Update(
                [.. cgroup.Slots.Where(s => s.Version == CgroupVersion.V2)], new ResourcesSpec { Unified = new() { ["rdma.max"] = "x" } }));
            Assert.Contains("'rdma' is not available here (there are hugetlb)", none.Message, StringComparison.Ordinal);
        }
        finally
        {
            // Another container may use it by now; then it stays.
            if (!before.Contains("hugetlb", StringComparison.Ordinal))
                Assert.Null(Record.Exception(() => File.WriteAllText(control, "-hugetlb")) is { } e && e is not IOException ? e : null);
        }
    }

    [RootFact]
    public void Updates_go_up_and_down_through_the_kernels_rules()
    {
        if (CgroupLayout.Read().Find("memory") is not { Version: CgroupVersion.V1 })
            return;
        using var cgroup = new KernelCgroup(new ResourcesSpec { Memory = new() { Limit = 32 << 20, Swap = 48 << 20 } });
        foreach (var (limit, swap) in new[] { (64L << 20, 96L << 20), (16L << 20, 24L << 20), (-1L, -1L), (8L << 20, 8L << 20), (-1L, (long?)null), (20L << 20, 40L << 20) }
            .Select(p => (p.Item1, (long?)p.Item2)))
        {
            KernelCgroup.Run(CgroupPlan.Update(cgroup.Slots, new ResourcesSpec { Memory = new() { Limit = limit, Swap = swap } }));
            var read = cgroup.Read("memory", "memory.limit_in_bytes");
            Assert.Equal(limit == -1 ? "9223372036854771712" : limit.ToString(), read);
        }
        KernelCgroup.Run(CgroupPlan.Update(cgroup.Slots, new ResourcesSpec { Cpu = new() { Quota = 200000, Period = 100000, Burst = 100000 } }));
        KernelCgroup.Run(CgroupPlan.Update(cgroup.Slots, new ResourcesSpec { Cpu = new() { Quota = 20000, Period = 50000, Burst = 10000 } }));
        KernelCgroup.Run(CgroupPlan.Update(cgroup.Slots, new ResourcesSpec { Cpu = new() { Idle = 1 } }));
        KernelCgroup.Run(CgroupPlan.Update(cgroup.Slots, new ResourcesSpec { Cpu = new() { Idle = 1, Shares = 77 } }));
        KernelCgroup.Run(CgroupPlan.Update(cgroup.Slots, new ResourcesSpec { Cpu = new() { Idle = 0, Shares = 77 } }));
        Assert.Equal("77", cgroup.Read("cpu", "cpu.shares"));
        Assert.Equal("10000", cgroup.Read("cpu", "cpu.cfs_burst_us"));
        KernelCgroup.Run(CgroupPlan.Update(cgroup.Slots, new ResourcesSpec { Devices = [new() { Allow = false }] }));
        var before = cgroup.Read("devices", "devices.list");
        KernelCgroup.Run(CgroupPlan.Update(cgroup.Slots, new ResourcesSpec { Devices = [new() { Allow = false }, new() { Allow = true, Type = "c", Major = 10, Minor = 200 }] }));
        Assert.Equal(before + "\nc 10:200 rwm", cgroup.Read("devices", "devices.list"));
    }

    [RootFact]
    public void A_limit_on_tasks_holds_and_is_counted()
    {
        if (CgroupLayout.Read().Find("pids") is null)
            return;
        using var cgroup = new KernelCgroup(new ResourcesSpec { Pids = new() { Limit = 3 } });
        var shell = cgroup.Start("exec 2>&1; sleep 600 & sleep 600 & sleep 600 & sleep 600 & wait");
        Assert.Contains("fork", shell.StandardOutput.ReadLine(), StringComparison.OrdinalIgnoreCase);
        shell.WaitForExit();
        var stats = CgroupReader.ReadStats(cgroup.Slots);
        Assert.Equal(3, stats.PidsLimit);
        Assert.Equal(2, stats.PidsCurrent);
        Assert.Equal(stats.PidsCurrent, CgroupReader.ReadPids(cgroup.Slots).Count);
    }

    [RootFact]
    public void Statistics_are_those_of_the_payload()
    {
        using var cgroup = new KernelCgroup();
        Assert.Equal("done\n", cgroup.Output("i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done; echo done"));
        var stats = CgroupReader.ReadStats(cgroup.Slots);
        Assert.True(stats.CpuUsage > 1000, $"{stats.CpuUsage} µs");
        Assert.True(stats.CpuUser + stats.CpuSystem > 0, $"{stats.CpuUser} + {stats.CpuSystem} µs");
        if (cgroup.With("memory") is not null)
        {
            Assert.True(stats.MemoryPeak > 4096, $"{stats.MemoryPeak} bytes");
            Assert.Null(stats.MemoryLimit);
            Assert.Equal(0, stats.OomKills);
        }
        Assert.Equal(false, CgroupReader.IsFrozen(cgroup.Slots));
        Assert.Empty(CgroupReader.ReadPids(cgroup.Slots));
    }

    [RootFact]
    public void Removal_ends_a_frozen_nested_forking_tree_and_can_be_repeated()
    {
        using var cgroup = new KernelCgroup();
        var freezer = cgroup.Plan.Freezer!;
        foreach (var slot in cgroup.Slots)
            Directory.CreateDirectory(slot.Directory + "/inner/most");
        if (cgroup.With("cpuset") is { Version: CgroupVersion.V1 } cpuset)
        {
            foreach (var inner in new[] { "/inner", "/inner/most" })
            {
                File.WriteAllText(cpuset.Directory + inner + "/cpuset.cpus", cgroup.Read("cpuset", "cpuset.cpus"));
                File.WriteAllText(cpuset.Directory + inner + "/cpuset.mems", cgroup.Read("cpuset", "cpuset.mems"));
            }
        }
        var nested = cgroup.Start("(sleep 600 & sleep 600 & wait) & sleep 600; wait");
        foreach (var slot in cgroup.Slots)
            File.WriteAllText(slot.Directory + "/inner/most/cgroup.procs", nested.Id.ToString());
        var forking = cgroup.Start("while :; do sleep 600 & sleep 0.01; done");
        Assert.Contains(forking.Id, CgroupReader.ReadPids(cgroup.Slots));
        File.WriteAllText(
            freezer.Directory + (freezer.Version == CgroupVersion.V1 ? "/freezer.state" : "/cgroup.freeze"), freezer.Version == CgroupVersion.V1 ? "FROZEN" : "1");
        Assert.True(SpinWait.SpinUntil(() => CgroupReader.IsFrozen(cgroup.Slots) == true, 5000));

        CgroupRemoval.Remove(cgroup.Slots);

        Assert.True(nested.WaitForExit(5000));
        Assert.True(forking.WaitForExit(5000));
        Assert.Equal(128 + 9, forking.ExitCode);
        Assert.All(cgroup.Slots, s => Assert.False(Directory.Exists(s.Directory), s.Directory));
        Assert.Null(CgroupReader.IsFrozen(cgroup.Slots));
        CgroupRemoval.Remove(cgroup.Slots);
    }

    [RootFact]
    public void Removal_takes_the_default_parent_along_when_it_is_empty()
    {
        var layout = CgroupLayout.Read();
        var parent = $"/engine-test-{Environment.ProcessId}-parent";
        var slots = CgroupPlan.Create(new LinuxSpec { CgroupsPath = $"{parent}/{CgroupPath.DefaultParent}/one" }, "", layout).Slots;
        foreach (var slot in slots)
        {
            Directory.CreateDirectory(slot.Directory);
            Directory.CreateDirectory(slot.Directory + "/../two");
        }
        CgroupRemoval.Remove(slots);
        Assert.All(slots, s => Assert.True(Directory.Exists(s.Mountpoint + $"{parent}/{CgroupPath.DefaultParent}/two")));
        CgroupRemoval.Remove([.. slots.Select(s => s with { Path = $"{parent}/{CgroupPath.DefaultParent}/two" })]);
        Assert.All(slots, s => Assert.False(Directory.Exists(s.Mountpoint + $"{parent}/{CgroupPath.DefaultParent}")));
        CgroupRemoval.Remove([.. slots.Select(s => s with { Path = parent })]);
        Assert.All(slots, s => Assert.False(Directory.Exists(s.Mountpoint + parent)));
    }

    [Fact]
    public void Removal_touches_nothing_but_recorded_cgroups_of_a_cgroup_filesystem()
    {
        var directory = Directory.CreateTempSubdirectory("engine-test-").FullName;
        try
        {
            Directory.CreateDirectory(directory + "/victim");
            Directory.CreateSymbolicLink(directory + "/link", "/sys/fs/cgroup");
            Assert.Contains("EINVAL", Refused(new CgroupSlot(0, CgroupVersion.V2, directory, "/victim", [])), StringComparison.Ordinal);
            Assert.Contains("ELOOP", Refused(new CgroupSlot(0, CgroupVersion.V2, directory + "/link", "/victim", [])), StringComparison.Ordinal);
            var mount = CgroupLayout.Read().Hierarchies[0];
            Assert.Contains("not a path below the root", Refused(new CgroupSlot(0, mount.Version, mount.Mountpoint, "/", [])), StringComparison.Ordinal);
            Assert.Contains("not a path below the root", Refused(new CgroupSlot(0, mount.Version, mount.Mountpoint, "/a/../..", [])), StringComparison.Ordinal);
            Assert.True(Directory.Exists(directory + "/victim"));
            CgroupRemoval.Remove([new CgroupSlot(0, mount.Version, mount.Mountpoint, "/engine-test-never/was", []), new CgroupSlot(1, CgroupVersion.V1, "/sys/fs/cgroup/none", "/x", [])]);
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }

        static string Refused(CgroupSlot slot) => Assert.Throws<CgroupException>(() => CgroupRemoval.Remove([slot])).Message;
    }

    [RootFact]
    public void Removal_does_not_end_the_process_that_asks_for_it()
    {
        using var cgroup = new KernelCgroup();
        var slot = cgroup.Slots[^1];
        var before = CgroupLayout.Read().Hierarchies.Single(h => h.Mountpoint == slot.Mountpoint).OwnPathInMount!;
        File.WriteAllText(slot.Directory + "/cgroup.procs", Environment.ProcessId.ToString());
        try
        {
            Assert.Contains("this process itself", Assert.Throws<CgroupException>(() => CgroupRemoval.Remove(cgroup.Slots)).Message, StringComparison.Ordinal);
        }
        finally
        {
            File.WriteAllText(slot.Mountpoint + before.TrimEnd('/') + "/cgroup.procs", Environment.ProcessId.ToString());
        }
    }
}
