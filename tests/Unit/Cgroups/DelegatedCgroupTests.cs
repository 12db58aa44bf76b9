using Engine.Cgroups;
using Engine.Spec;

namespace Engine.Tests.Unit.Cgroups;

/// <summary>How much of the cgroup2 tree is an ordinary user's.</summary>
public class DelegatedCgroupTests
{
    private const string Mount = "20 1 254:0 / / rw - ext4 /dev/root rw\n30 20 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n";
    private const string Own = "/user.slice/user-1000.slice/user@1000.service/app.slice/x.scope";
    private const string Manager = "/user.slice/user-1000.slice/user@1000.service";

    [Theory]
    [InlineData(Manager, Own, Manager)]
    [InlineData("/user.slice/user-1000.slice/user@1000.service/app.slice/x.scope", Own, Own)]
    [InlineData("/elsewhere", Own, null)]
    [InlineData(Manager, "/", null)]
    public void It_is_the_topmost_that_may_be_changed_from_the_own_one_up(string delegated, string own, string? expected) =>
        Assert.Equal(expected, Find(own, path => path.StartsWith("/sys/fs/cgroup" + delegated, StringComparison.Ordinal)));

    [Theory]
    [InlineData("/cgroup.procs")]
    [InlineData("/cgroup.subtree_control")]
    public void A_directory_without_its_files_is_none(string file) =>
        Assert.Null(Find(Own, path => path.StartsWith("/sys/fs/cgroup" + Manager, StringComparison.Ordinal) && !path.EndsWith(file, StringComparison.Ordinal)));

    [Fact]
    public void Without_cgroup2_there_is_none() => Assert.Null(DelegatedCgroup.Find(CgroupLayout.Parse("", "", _ => null), _ => true));

    [Theory]
    [InlineData(Manager, Own, Manager + "/user.slice/y.scope", true)]
    [InlineData(Manager, "/user.slice/user-1000.slice/session-1.scope", Manager + "/user.slice/y.scope", false)]
    [InlineData(Manager, "/system.slice/cron.service", Manager + "/user.slice/y.scope", false)]
    [InlineData(Manager, Own, Own + "/below", true)]
    [InlineData(Manager, Own, "/user.slice/user-1000.slice/user@1000.service2", false)]
    [InlineData(Manager, "/../outside", "/elsewhere", true)]
    public void Another_cgroup_is_reached_where_the_nearest_above_both_may_be_written(string delegated, string own, string path, bool expected) => Assert.Equal(
        expected,
        DelegatedCgroup.Reaches(Parse(own), path, file => file.StartsWith("/sys/fs/cgroup" + delegated + "/", StringComparison.Ordinal)));

    [Fact]
    public void Of_cgroup2_only_what_is_passed_on_can_be_had()
    {
        var below = Parse(Own).Below(Manager, file => file == $"/sys/fs/cgroup{Manager}/cgroup.controllers" ? "memory pids\n" : null);
        Assert.Equal(["memory", "pids"], below.Unified!.Controllers);
        Assert.Equal(["cpu"], Assert.Single(below.Withheld).Controllers);
        var linux = new LinuxSpec { Resources = new ResourcesSpec { Cpu = new CpuSpec { Shares = 100 } } };
        var refusal = Assert.Throws<CgroupException>(() => CgroupPlan.Create(linux, "c1", below, _ => null, Manager));
        Assert.Contains("linux.resources.cpu.shares: the cgroup controller 'cpu' (/sys/fs/cgroup) is not delegated to you", refusal.Message, StringComparison.Ordinal);
        Assert.Contains("memory, pids", refusal.Message, StringComparison.Ordinal);
        Assert.Same(below, below.Below("/gone", _ => null));
    }

    private static string? Find(string own, Func<string, bool> isWritable) =>
        DelegatedCgroup.Find(Parse(own), isWritable);

    private static CgroupLayout Parse(string own) => CgroupLayout.Parse(Mount, $"0::{own}\n", _ => "cpu memory");
}
