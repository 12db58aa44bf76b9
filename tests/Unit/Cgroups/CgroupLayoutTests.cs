using Engine.Cgroups;

namespace Engine.Tests.Unit.Cgroups;

public class CgroupLayoutTests
{
    [Fact]
    public void Hybrid_has_its_controllers_on_v1_and_a_bare_cgroup2()
    {
        var layout = Layouts.Hybrid;
        Assert.Equal(CgroupMode.Hybrid, layout.Mode);
        Assert.Equal(11 - 1, layout.Hierarchies.Count);
        Assert.Equal("/sys/fs/cgroup/freezer", layout.Freezer!.Mountpoint);
        Assert.Equal("/sys/fs/cgroup/devices", layout.Devices!.Mountpoint);
        Assert.Equal("/sys/fs/cgroup/unified", layout.Unified!.Mountpoint);
        Assert.Equal(["hugetlb"], layout.Unified.Controllers);
        Assert.Equal("/api/42d", layout.Find("memory")!.OwnPath);
        Assert.Equal("systemd", layout.Hierarchies.Single(h => h.Name is not null).Name);
        Assert.Empty(layout.Hierarchies.Single(h => h.Name is not null).Controllers);
    }

    [Fact]
    public void V1_finds_controllers_that_share_a_mount_among_other_options()
    {
        var layout = Layouts.V1;
        Assert.Equal(CgroupMode.V1, layout.Mode);
        Assert.Null(layout.Unified);
        Assert.Equal(["cpu", "cpuacct"], layout.Find("cpu")!.Controllers);
        Assert.Same(layout.Find("net_cls"), layout.Find("net_prio"));
        Assert.Equal(["cpuset"], layout.Find("cpuset")!.Controllers);
        Assert.Equal("/user.slice/user-1000.slice/session-2.scope", layout.Hierarchies.Single(h => h.Name == "systemd").OwnPath);
    }

    [Fact]
    public void V2_freezes_and_filters_devices_in_its_one_tree()
    {
        var layout = Layouts.V2;
        Assert.Equal(CgroupMode.V2, layout.Mode);
        Assert.Same(layout.Unified, Assert.Single(layout.Hierarchies));
        Assert.Same(layout.Unified, layout.Freezer);
        Assert.Same(layout.Unified, layout.Devices);
        Assert.Same(layout.Unified, layout.Find("memory"));
        Assert.Null(layout.Find("net_cls"));
        Assert.Equal("/user.slice/user-0.slice/session-1.scope", layout.Unified!.OwnPathInMount);
    }

    [Fact]
    public void Nothing_mounted_is_a_layout_too()
    {
        var layout = CgroupLayout.Parse("21 1 8:1 / / rw - ext4 /dev/sda1 rw\n", "4:memory:/\n0::/\n", Layouts.Files());
        Assert.Equal(CgroupMode.None, layout.Mode);
        Assert.Empty(layout.Hierarchies);
        Assert.Null(layout.Freezer);
    }

    [Fact]
    public void A_cgroup2_mount_over_the_v1_tree_hides_it()
    {
        var layout = CgroupLayout.Parse(
            Layouts.HybridMounts + "\n50 31 0:38 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n", Layouts.HybridOwn,
            Layouts.Files(("/sys/fs/cgroup/cgroup.controllers", "hugetlb\n")));
        Assert.Equal(CgroupMode.V2, layout.Mode);
        Assert.Equal("/sys/fs/cgroup", layout.Unified!.Mountpoint);
    }

    [Fact]
    public void Of_several_mounts_the_writable_whole_tree_is_used()
    {
        const string mounts = """
            21 1 8:1 / / rw - ext4 /dev/sda1 rw
            30 21 0:23 /kubepods /var/lib/pod/cgroup rw - cgroup2 cgroup2 rw
            31 21 0:23 / /srv/my\040view ro - cgroup2 cgroup2 rw
            32 21 0:23 / /mnt/a rw - cgroup2 cgroup2 rw
            33 21 0:23 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw
            """;
        Assert.Equal("/sys/fs/cgroup", CgroupLayout.Parse(mounts, "0::/\n", Layouts.Files()).Unified!.Mountpoint);
        var only = string.Join('\n', mounts.Split('\n')[..3]);
        Assert.Equal("/var/lib/pod/cgroup", CgroupLayout.Parse(only, "0::/kubepods/a\n", Layouts.Files()).Unified!.Mountpoint);
        Assert.Equal("/a", CgroupLayout.Parse(only, "0::/kubepods/a\n", Layouts.Files()).Unified!.OwnPathInMount);
        Assert.Null(CgroupLayout.Parse(only, "0::/system.slice\n", Layouts.Files()).Unified!.OwnPathInMount);
        var odd = mounts.Split('\n')[0] + "\n" + mounts.Split('\n')[2];
        var unified = CgroupLayout.Parse(odd, "0::/../x\n", Layouts.Files()).Unified!;
        Assert.Equal(("/srv/my view", true, null), (unified.Mountpoint, unified.ReadOnly, unified.OwnPathInMount));
    }

    [Fact]
    public void This_machine_reads_as_its_own_files_say()
    {
        var layout = CgroupLayout.Read();
        Assert.NotEqual(CgroupMode.None, layout.Mode);
        Assert.All(layout.Hierarchies, h => Assert.True(File.Exists(h.Mountpoint + "/cgroup.procs"), h.Label));
        var v1 = File.ReadAllLines("/proc/self/cgroup").Count(l => !l.Contains("::", StringComparison.Ordinal));
        Assert.InRange(layout.Hierarchies.Count, 1, v1 + 1);
    }

    [Theory]
    [InlineData("/a/b", "/a/b")]
    [InlineData("//a/./b/", "/a/b")]
    [InlineData("a/b", "/a/b")]
    [InlineData("", "/engine-oci/c1")]
    [InlineData(null, "/engine-oci/c1")]
    [InlineData("/system.slice:x:y", "/system.slice:x:y")]
    public void Cgroups_path_is_taken_from_the_mountpoint(string? given, string path) => Assert.Equal(path, CgroupPath.Resolve(given, "c1"));

    [Theory]
    [InlineData("/a/../b", "'..'")]
    [InlineData("..", "'..'")]
    [InlineData("/", "root cgroup")]
    [InlineData("./.", "root cgroup")]
    [InlineData("system.slice:engine:c1", "systemd")]
    [InlineData("/a\nb", "control character")]
    public void Cgroups_path_refusals_say_why(string given, string why)
    {
        var refusal = Assert.Throws<CgroupException>(() => CgroupPath.Resolve(given, "c1"));
        Assert.StartsWith("linux.cgroupsPath: ", refusal.Message, StringComparison.Ordinal);
        Assert.Contains(why, refusal.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', refusal.Message);
    }

    [Fact]
    public void Relative_and_default_paths_stay_below_a_delegated_root()
    {
        Assert.Equal("/user.slice/x/engine-oci/c1", CgroupPath.Resolve(null, "c1", "/user.slice/x"));
        Assert.Equal("/user.slice/x/a", CgroupPath.Resolve("a", "c1", "/user.slice/x"));
        Assert.Equal(["/", "/a", "/a/b"], CgroupPath.Ancestors("/a/b/c"));
    }
}
