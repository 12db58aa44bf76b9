using Engine.Cgroups;

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

    private static string? Find(string own, Func<string, bool> isWritable) =>
        DelegatedCgroup.Find(CgroupLayout.Parse(Mount, $"0::{own}\n", _ => "cpu memory"), isWritable);
}
