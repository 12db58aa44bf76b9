using Engine.Cgroups;

namespace Engine.Tests.Unit.Cgroups;

/// <summary>Texts of machines as the kernel writes them, and the layouts they make.</summary>
internal static class Layouts
{
    /// <summary>Debian 12 without systemd: every v1 controller by itself, a cgroup2 mount without controllers.</summary>
    public const string HybridMounts = """
        23 1 254:0 / / rw,relatime - ext4 /dev/root rw
        31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755
        32 31 0:29 / /sys/fs/cgroup/cpu rw,relatime - cgroup cgroup rw,cpu
        33 31 0:30 / /sys/fs/cgroup/cpuacct rw,relatime - cgroup cgroup rw,cpuacct
        34 31 0:31 / /sys/fs/cgroup/cpuset rw,relatime - cgroup cgroup rw,cpuset
        35 31 0:32 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory
        36 31 0:33 / /sys/fs/cgroup/devices rw,relatime - cgroup cgroup rw,devices
        37 31 0:34 / /sys/fs/cgroup/freezer rw,relatime - cgroup cgroup rw,freezer
        38 31 0:35 / /sys/fs/cgroup/blkio rw,relatime - cgroup cgroup rw,blkio
        39 31 0:36 / /sys/fs/cgroup/pids rw,relatime - cgroup cgroup rw,pids
        40 31 0:37 / /sys/fs/cgroup/systemd rw,relatime - cgroup cgroup rw,name=systemd
        41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw
        """;

    public const string HybridOwn = """
        9:name=systemd:/
        8:pids:/
        7:blkio:/
        6:freezer:/
        5:devices:/
        4:memory:/api/42d
        3:cpuset:/
        2:cpuacct:/
        1:cpu:/
        0::/
        """;

    /// <summary>systemd's pure v1 with controllers mounted together, and net_cls and friends.</summary>
    public const string V1Mounts = """
        21 1 8:1 / / rw - ext4 /dev/sda1 rw
        25 21 0:22 / /sys/fs/cgroup ro,nosuid - tmpfs tmpfs ro,mode=755
        26 25 0:23 / /sys/fs/cgroup/systemd rw,nosuid - cgroup cgroup rw,xattr,release_agent=/lib/systemd/systemd-cgroups-agent,name=systemd
        28 25 0:25 / /sys/fs/cgroup/cpu,cpuacct rw,nosuid - cgroup cgroup rw,cpu,cpuacct
        29 25 0:26 / /sys/fs/cgroup/cpuset rw,nosuid - cgroup cgroup rw,cpuset,clone_children
        30 25 0:27 / /sys/fs/cgroup/memory rw,nosuid - cgroup cgroup rw,memory
        31 25 0:28 / /sys/fs/cgroup/net_cls,net_prio rw,nosuid - cgroup cgroup rw,net_cls,net_prio
        32 25 0:29 / /sys/fs/cgroup/hugetlb rw,nosuid - cgroup cgroup rw,hugetlb
        33 25 0:30 / /sys/fs/cgroup/rdma rw,nosuid - cgroup cgroup rw,rdma
        34 25 0:31 / /sys/fs/cgroup/blkio rw,nosuid - cgroup cgroup rw,blkio
        35 25 0:32 / /sys/fs/cgroup/pids rw,nosuid - cgroup cgroup rw,pids
        36 25 0:33 / /sys/fs/cgroup/devices rw,nosuid - cgroup cgroup rw,devices
        37 25 0:34 / /sys/fs/cgroup/freezer rw,nosuid - cgroup cgroup rw,freezer
        """;

    public const string V1Own = """
        12:net_cls,net_prio:/
        11:hugetlb:/
        10:rdma:/
        9:blkio:/user.slice
        8:pids:/user.slice/user-1000.slice/session-2.scope
        7:devices:/user.slice
        6:freezer:/
        5:memory:/user.slice
        4:cpuset:/
        2:cpu,cpuacct:/user.slice
        1:name=systemd:/user.slice/user-1000.slice/session-2.scope
        """;

    public const string V2Mounts = """
        21 1 8:1 / / rw - ext4 /dev/sda1 rw
        24 21 0:21 / /sys rw,nosuid - sysfs sysfs rw
        26 24 0:23 / /sys/fs/cgroup rw,nosuid,nodev,noexec,relatime shared:9 - cgroup2 cgroup2 rw,nsdelegate,memory_recursiveprot
        """;

    public const string V2Own = "0::/user.slice/user-0.slice/session-1.scope\n";

    public const string AllV2Controllers = "cpuset cpu io memory hugetlb pids rdma misc\n";

    public static CgroupLayout Hybrid { get; } = CgroupLayout.Parse(HybridMounts, HybridOwn, Files(("/sys/fs/cgroup/unified/cgroup.controllers", "hugetlb\n")));

    public static CgroupLayout V1 { get; } = CgroupLayout.Parse(V1Mounts, V1Own, Files());

    public static CgroupLayout V2 { get; } = CgroupLayout.Parse(V2Mounts, V2Own, Files(("/sys/fs/cgroup/cgroup.controllers", AllV2Controllers)));

    /// <summary>A tree of control files.</summary>
    public static Func<string, string?> Files(params (string Path, string Text)[] files) =>
        path => files.Where(f => f.Path == path).Select(f => f.Text).FirstOrDefault();
}
