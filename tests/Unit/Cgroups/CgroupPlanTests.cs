using Engine.Cgroups;
using Engine.Shared.Protocol;
using Engine.Spec;

namespace Engine.Tests.Unit.Cgroups;

public class CgroupPlanTests
{
    [Fact]
    public void Without_resources_every_hierarchy_is_opened_and_marked_with_its_part()
    {
        var plan = Plan(Layouts.Hybrid, new ResourcesSpec());
        Assert.Equal(Layouts.Hybrid.Hierarchies.Count, plan.Slots.Count);
        Assert.All(plan.Slots, s => Assert.Equal("/engine-oci/c1", s.Path));
        var opens = plan.Steps.OfType<OpenCgroupStep>().Where(o => o.Flags.HasFlag(CgroupFlags.Attach)).ToList();
        Assert.Equal(plan.Slots.Select(s => s.Slot), opens.Select(o => o.Slot));
        Assert.All(opens, o => Assert.True(o.Flags.HasFlag(CgroupFlags.Create | CgroupFlags.Exclusive)));
        Assert.Equal("/sys/fs/cgroup/freezer", opens.Single(o => o.Flags.HasFlag(CgroupFlags.Freezer)).Mountpoint);
        Assert.Equal("/sys/fs/cgroup/unified", opens.Single(o => o.Flags.HasFlag(CgroupFlags.Unified)).Mountpoint);
        Assert.Equal("/sys/fs/cgroup/memory", opens.Single(o => o.Flags.HasFlag(CgroupFlags.Memory)).Mountpoint);
        Assert.Equal("/sys/fs/cgroup/freezer/engine-oci/c1", plan.Freezer!.Directory);
    }

    [Fact]
    public void On_v2_the_missing_controllers_are_enabled_from_the_root_down()
    {
        var plan = CgroupPlan.Create(new LinuxSpec { CgroupsPath = "/a/b/c" }, "c1", Layouts.V2, Layouts.Files(
            ("/sys/fs/cgroup/cgroup.subtree_control", "cpuset cpu io memory hugetlb pids rdma misc\n"),
            ("/sys/fs/cgroup/a/cgroup.type", "domain\n"),
            ("/sys/fs/cgroup/a/cgroup.procs", ""),
            ("/sys/fs/cgroup/a/cgroup.subtree_control", "cpu memory pids\n")));
        Assert.Equal(
        [
            "open cgroup 0: /sys/fs/cgroup/a (Create, Unified)",
            "write cgroup 0: /sys/fs/cgroup/a/cgroup.subtree_control = +cpuset +io +hugetlb +rdma +misc",
            "open cgroup 0: /sys/fs/cgroup/a/b (Create, Unified)",
            "write cgroup 0: /sys/fs/cgroup/a/b/cgroup.subtree_control = +cpuset +cpu +io +memory +hugetlb +pids +rdma +misc",
            "open cgroup 0: /sys/fs/cgroup/a/b/c (Create, Attach, Unified, Freezer, Memory, Exclusive)",
        ], plan.Steps.Select(s => s.ToString()));
    }

    [Fact]
    public void On_a_hybrid_machine_cgroup2_enables_what_a_resource_needs()
    {
        Assert.DoesNotContain(Plan(Layouts.Hybrid, new ResourcesSpec()).Steps, s => s is WriteCgroupStep { File: "cgroup.subtree_control" });
        var plan = Plan(Layouts.Hybrid, new ResourcesSpec { HugepageLimits = [new() { PageSize = "2MB", Limit = 0 }] });
        Assert.Equal(
            ["/sys/fs/cgroup/unified: +hugetlb", "/sys/fs/cgroup/unified/engine-oci: +hugetlb"],
            plan.Steps.OfType<WriteCgroupStep>().Where(w => w.File == "cgroup.subtree_control").Select(w => $"{w.Directory}: {w.Value}"));
    }

    [Fact]
    public void Below_a_cgroup_with_processes_only_what_nobody_asked_for_is_given_up()
    {
        var files = Layouts.Files(
            ("/sys/fs/cgroup/cgroup.subtree_control", Layouts.AllV2Controllers),
            ("/sys/fs/cgroup/a/cgroup.type", "domain\n"),
            ("/sys/fs/cgroup/a/cgroup.procs", "1\n"),
            ("/sys/fs/cgroup/a/cgroup.subtree_control", ""));
        var plan = CgroupPlan.Create(new LinuxSpec { CgroupsPath = "/a/b" }, "c1", Layouts.V2, files);
        Assert.Single(plan.Steps);
        var linux = new LinuxSpec { CgroupsPath = "/a/b", Resources = new ResourcesSpec { Pids = new PidsSpec { Limit = 5 } } };
        var refusal = Assert.Throws<CgroupException>(() => CgroupPlan.Create(linux, "c1", Layouts.V2, files));
        Assert.Contains("/sys/fs/cgroup/a has processes of its own, so the controller 'pids'", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_threaded_parent_is_refused()
    {
        var files = Layouts.Files(("/sys/fs/cgroup/a/cgroup.type", "threaded\n"));
        var refusal = Assert.Throws<CgroupException>(() => CgroupPlan.Create(new LinuxSpec { CgroupsPath = "/a/b" }, "c1", Layouts.V2, files));
        Assert.Contains("'threaded'", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Ancestors_above_a_delegated_root_are_left_alone()
    {
        var plan = CgroupPlan.Create(new LinuxSpec(), "c1", Layouts.V2, Layouts.Files(), "/user.slice/d");
        Assert.Equal(
            ["/user.slice/d", "/user.slice/d/engine-oci", "/user.slice/d/engine-oci/c1"],
            plan.Steps.OfType<OpenCgroupStep>().Select(o => o.Path));
    }

    [Fact]
    public void On_v1_a_new_cpuset_takes_over_what_is_above_it()
    {
        var linux = new LinuxSpec { CgroupsPath = "/a/b", Resources = new ResourcesSpec { Cpu = new CpuSpec { Cpus = "1" } } };
        var plan = CgroupPlan.Create(linux, "c1", Layouts.Hybrid, Layouts.Files(
            ("/sys/fs/cgroup/cpuset/cpuset.cpus", "0-3\n"),
            ("/sys/fs/cgroup/cpuset/cpuset.mems", "0\n"),
            ("/sys/fs/cgroup/cpuset/a/cpuset.cpus", "1-2\n"),
            ("/sys/fs/cgroup/cpuset/a/cpuset.mems", "\n")));
        var slot = plan.Slots.Single(s => s.Controllers.Contains("cpuset")).Slot;
        Assert.Equal(
        [
            $"open cgroup {slot}: /sys/fs/cgroup/cpuset/a (Create)",
            $"write cgroup {slot}: /sys/fs/cgroup/cpuset/a/cpuset.mems = 0 (if there)",
            $"open cgroup {slot}: /sys/fs/cgroup/cpuset/a/b (Create, Attach, Exclusive)",
            $"write cgroup {slot}: /sys/fs/cgroup/cpuset/a/b/cpuset.mems = 0",
            $"write cgroup {slot}: /sys/fs/cgroup/cpuset/a/b/cpuset.cpus = 1",
        ], plan.Steps.Where(s => s.Slot == slot).Select(s => s.ToString()));
    }

    [Fact]
    public void Hierarchies_mounted_read_only_or_of_other_managers_are_not_joined()
    {
        var mounts = Layouts.V1Mounts.Replace("/sys/fs/cgroup/pids rw", "/sys/fs/cgroup/pids ro", StringComparison.Ordinal)
            + "\n60 25 0:60 / /sys/fs/cgroup/other rw - cgroup cgroup rw,name=other\n";
        var layout = CgroupLayout.Parse(mounts, Layouts.V1Own + "\n13:name=other:/\n", Layouts.Files());
        var plan = Plan(layout, new ResourcesSpec());
        Assert.DoesNotContain(plan.Slots, s => s.Mountpoint.EndsWith("pids", StringComparison.Ordinal) || s.Mountpoint.EndsWith("other", StringComparison.Ordinal));
        Assert.Equal("/sys/fs/cgroup/pids (pids) is mounted read-only and not used", Assert.Single(plan.Notes));
        var refusal = Refused(layout, new ResourcesSpec { Pids = new PidsSpec { Limit = 5 } });
        Assert.StartsWith("linux.resources.pids.limit: the cgroup controller 'pids' is mounted read-only", refusal, StringComparison.Ordinal);
    }

    [Fact]
    public void A_limit_without_its_controller_is_refused_by_path_with_advice()
    {
        var refusal = Refused(Layouts.Hybrid, new ResourcesSpec { Network = new NetworkSpec { ClassId = 7 } });
        Assert.StartsWith("linux.resources.network.classID: the cgroup controller 'net_cls' is not available here", refusal, StringComparison.Ordinal);
        Assert.Contains("cgroup_enable=net_cls", refusal, StringComparison.Ordinal);
        var none = CgroupLayout.Parse("", "", Layouts.Files());
        Assert.Empty(Plan(none, new ResourcesSpec()).Steps);
        Assert.StartsWith(
            "linux.resources.memory.limit: the cgroup controller 'memory' is not available here (there is none)",
            Refused(none, new ResourcesSpec { Memory = new MemorySpec { Limit = 1 << 20 } }), StringComparison.Ordinal);
        Assert.Contains("'devices' is not available", Refused(none, new ResourcesSpec { Devices = [new DeviceRuleSpec { Allow = false }] }), StringComparison.Ordinal);
    }

    [Fact]
    public void Where_no_v1_controller_is_for_devices_a_program_is_attached_to_cgroup2()
    {
        var devices = new ResourcesSpec { Devices = [new DeviceRuleSpec { Allow = false, Access = "rwm" }] };
        var program = Assert.Single(Plan(Layouts.V2, devices).Steps.OfType<DeviceProgramStep>()).Program;
        Assert.Equal(1ul, BpfInterpreter.Run(program, 6, 2, 1, 3));
        Assert.Equal(0ul, BpfInterpreter.Run(program, 2, 2, 10, 229));
        var onV1 = Writes(Plan(Layouts.Hybrid, devices)).Where(w => w.StartsWith("devices/devices.", StringComparison.Ordinal)).ToList();
        Assert.Equal("devices/devices.deny = a", onV1[0]);
        Assert.Contains("devices/devices.allow = c 1:3 rwm", onV1);
        Assert.Contains("devices/devices.allow = b *:* m", onV1);
    }

    [Theory]
    [InlineData("x", null, null, "rwm", "devices[0].type")]
    [InlineData("c", -2L, null, "rwm", "devices[0].major")]
    [InlineData("c", 1L, 1L << 32, "rwm", "devices[0].minor")]
    [InlineData("c", 1L, 3L, "rx", "devices[0].access")]
    [InlineData("c", 1L, 3L, "", "devices[0].access")]
    public void A_bad_device_rule_is_refused_by_path(string type, long? major, long? minor, string access, string member)
    {
        var rule = new DeviceRuleSpec { Allow = true, Type = type, Major = major, Minor = minor, Access = access };
        Assert.StartsWith("linux.resources." + member, Refused(Layouts.V2, new ResourcesSpec { Devices = [rule] }), StringComparison.Ordinal);
    }

    [Fact]
    public void A_failed_write_is_explained_by_what_asked_for_it()
    {
        var plan = Plan(Layouts.V1, new ResourcesSpec { Cpu = new CpuSpec { RealtimeRuntime = 1000 } });
        var write = plan.Steps.OfType<WriteCgroupStep>().Single();
        Assert.StartsWith(
            "linux.resources.cpu.realtimeRuntime: write 1000 to /sys/fs/cgroup/cpu,cpuacct/engine-oci/c1/cpu.rt_runtime_us: EINVAL; the kernel needs",
            write.Explain("EINVAL"), StringComparison.Ordinal);
    }

    internal static CgroupPlan Plan(CgroupLayout layout, ResourcesSpec resources, Func<string, string?>? readFile = null) =>
        CgroupPlan.Create(new LinuxSpec { Resources = resources }, "c1", layout, readFile ?? Layouts.Files());

    internal static string Refused(CgroupLayout layout, ResourcesSpec resources) =>
        Assert.Throws<CgroupException>(() => Plan(layout, resources)).Message;

    /// <summary>Writes to the container's own directories, as HIERARCHY/FILE = VALUE; "?" after those that may be missing.</summary>
    internal static IEnumerable<string> Writes(CgroupPlan plan) => plan.Steps.OfType<WriteCgroupStep>()
        .Where(w => w.JsonPath is not null)
        .Select(w => $"{plan.Slots.Single(s => s.Slot == w.Slot).Mountpoint["/sys/fs/cgroup".Length..].Trim('/')}/{w.File} = {w.Value}{(w.Optional ? "?" : "")}".TrimStart('/'));
}
