using Engine.Rpc;
using Engine.Rpc.Client;
using Engine.Shared.Linux;
using Engine.Shared.Policy;
using Engine.Shared.Protocol;

namespace Engine.Tests.Integration.Setuid;

/// <summary>What a hostile master asks for, in each phase of a creation, and the rule that is to refuse it; and the rest of a creation that is allowed.</summary>
internal static class HostileRequests
{
    private const ulong Slave = mount_h.MS_SLAVE | mount_h.MS_REC;

    /// <summary>Of a creation, in their order.</summary>
    public static readonly string[] Phases = ["saved", "spawned", "rooted", "entered"];

    /// <summary>Phase, rule, request.</summary>
    public static readonly (string Phase, PolicyRule Rule, Func<HostileMaster, Pending> Ask)[] All =
    [
        ("saved", PolicyRule.UserNamespace, m => m.Host.Spawn(new SpawnRequest { Namespaces = HostileMaster.Namespaces.Namespaces | sched_h.CLONE_NEWUSER, UidMap = [0, 0, 1], GidMap = [0, 0, 1] })),
        ("saved", PolicyRule.UserNamespace, m => m.Host.Spawn(HostileMaster.Namespaces with { UidMap = [0, 0, 1] })),
        ("saved", PolicyRule.TimeNamespace, m => m.Host.Spawn(HostileMaster.Namespaces with { Namespaces = HostileMaster.Namespaces.Namespaces | sched_h.CLONE_NEWTIME })),
        ("saved", PolicyRule.MountNamespace, m => m.Host.Spawn(new SpawnRequest { Namespaces = sched_h.CLONE_NEWPID })),
        ("saved", PolicyRule.Namespaces, m => m.Host.Spawn(HostileMaster.Namespaces with { Namespaces = HostileMaster.Namespaces.Namespaces | 0x100 })),
        ("saved", PolicyRule.NetDevices, m => m.Host.Spawn(new SpawnRequest { Namespaces = sched_h.CLONE_NEWNS, Flags = SpawnFlags.LoopbackUp })),
        ("saved", PolicyRule.OomScore, m => m.Host.Spawn(HostileMaster.Namespaces with { Flags = SpawnFlags.HasOomScoreAdj, OomScoreAdj = -1000 })),
        ("saved", PolicyRule.JoinNamespace, m => m.Host.OpenNamespace(sched_h.CLONE_NEWNET, "/proc/1/ns/net")),
        ("saved", PolicyRule.SourcePath, m => m.Host.CloneSource(m.NewSlot(), SourceFlags.Recursive, "/etc/shadow")),
        ("saved", PolicyRule.SourcePath, m => m.Host.CloneSource(m.NewSlot(), SourceFlags.Recursive | SourceFlags.Root, "/")),
        ("spawned", PolicyRule.SourcePath, m => m.Host.CloneSource(m.NewSlot(), SourceFlags.InStage, "/")),
        ("saved", PolicyRule.SourcePath, m => m.Host.CloneSource(m.NewSlot(), SourceFlags.FromDescriptor, "/")),
        ("saved", PolicyRule.SourceIdMap, m => m.Host.CloneSource(m.NewSlot(), SourceFlags.IdMap, "x", m.Open("/usr"), map: new MountIdMap([0, 0, 1], [0, 0, 1]))),
        ("saved", PolicyRule.RootfsHost, m => m.Host.CloneSource(m.NewSlot(), SourceFlags.Root, "x", m.Open("/"))),
        ("saved", PolicyRule.RootfsHost, m => m.Host.CloneSource(m.NewSlot(), SourceFlags.Root, "x", m.Open("/proc"))),
        ("saved", PolicyRule.RootfsHost, m => m.Host.CloneSource(m.NewSlot(), SourceFlags.Root, "x", m.Open("/sys/kernel"))),
        ("saved", PolicyRule.RootfsHost, m => m.Host.CloneSource(m.NewSlot(), SourceFlags.Root, "x", m.Open("/dev/pts"))),
        ("saved", PolicyRule.RootfsSource, m => m.Host.CloneSource(m.NewSlot(), SourceFlags.Root, "x", m.Open("/etc/passwd"))),
        ("saved", PolicyRule.DeviceBind, m => m.Host.CloneSource(m.NewSlot(), SourceFlags.None, "x", m.Open("/dev/null"))),
        ("saved", PolicyRule.DeviceBind, m => m.Host.CloneSource(m.NewSlot(), SourceFlags.Device, "/dev/mem")),
        ("saved", PolicyRule.DeviceBind, m => m.Host.CloneSource(m.NewSlot(), SourceFlags.Device, "/dev/../dev/null")),
        ("saved", PolicyRule.DeviceBind, m => m.Host.CloneSource(m.NewSlot(), SourceFlags.Device, "/etc/shadow")),
        ("saved", PolicyRule.DeviceBind, m => m.Host.CloneSource(m.NewSlot(), SourceFlags.Device | SourceFlags.FromDescriptor, "/dev/kmsg", m.Open("/dev/null"))),
        ("saved", PolicyRule.CgroupDevices, m => m.Host.SetCgroupDevices(0, new byte[16])),
        ("saved", PolicyRule.IntelRdt, m => m.Host.OpenCgroup(0, CgroupFlags.Resctrl | CgroupFlags.Create, "/sys/fs/resctrl", "/x")),
        ("saved", PolicyRule.SeccompListener, m => m.Host.ConnectSocket(1, "/run/dbus/system_bus_socket")),
        ("spawned", PolicyRule.NetDevices, m => m.Host.MoveNetDevice("lo", "lo1", [])),
        ("spawned", PolicyRule.Rlimits, m => m.Host.RaiseLimits([new ResourceLimit(7, 1_000_000, 1_000_000)])),
        ("spawned", PolicyRule.MountShared, m => m.Stage.AttachRoot(0, mount_h.MS_SHARED | mount_h.MS_REC)),
        ("spawned", PolicyRule.MountShared, m => m.Stage.AttachRoot(0, 0)),
        ("spawned", PolicyRule.SourcePath, m => m.Stage.AttachRoot(0, Slave, 1)),
        ("rooted", PolicyRule.MountShared, m => m.Stage.EnterRoot(mount_h.MS_SHARED, false)),
        ("rooted", PolicyRule.OtherFilesystem, m => Mount(m, "ext4", "/dev/vda")),
        ("rooted", PolicyRule.OtherFilesystem, m => Mount(m, "overlay", "overlay", "lowerdir=/etc")),
        ("rooted", PolicyRule.OtherFilesystem, m => Mount(m, "squashfs", "/tmp/image")),
        ("rooted", PolicyRule.OtherFilesystem, m => Mount(m, "bpf", "bpf")),
        ("rooted", PolicyRule.OtherFilesystem, m => Mount(m, "tmpfs2", "x")),
        ("rooted", PolicyRule.Sysfs, m => Mount(m, "sysfs", "sysfs")),
        ("rooted", PolicyRule.CgroupMount, m => Mount(m, "cgroup2", "cgroup2")),
        ("rooted", PolicyRule.CgroupMount, m => Mount(m, "cgroup", "cgroup", "release_agent=/bin/sh")),
        ("rooted", PolicyRule.Tmpfs, m => Mount(m, "tmpfs", "tmpfs", "uid=0")),
        ("rooted", PolicyRule.Tmpfs, m => Mount(m, "tmpfs", "tmpfs", "gid=0")),
        ("rooted", PolicyRule.Tmpfs, m => Mount(m, "tmpfs", "tmpfs", "context=system_u")),
        ("rooted", PolicyRule.TmpfsLimits, m => Mount(m, "tmpfs", "tmpfs", "size=999g")),
        ("rooted", PolicyRule.TmpfsLimits, m => Mount(m, "tmpfs", "tmpfs", "size=0")),
        ("rooted", PolicyRule.TmpfsLimits, m => Mount(m, "tmpfs", "tmpfs", "nr_inodes=0")),
        ("rooted", PolicyRule.TmpfsLimits, m => Mount(m, "tmpfs", "tmpfs", "size=")),
        ("rooted", PolicyRule.Proc, m => Mount(m, "proc", "proc", "gid=0")),
        ("rooted", PolicyRule.Devpts, m => Mount(m, "devpts", "devpts", "gid=0")),
        ("rooted", PolicyRule.Devpts, m => Mount(m, "devpts", "devpts", "uid=0")),
        ("rooted", PolicyRule.Mqueue, m => Mount(m, "mqueue", "mqueue", "size=1")),
        ("rooted", PolicyRule.MountFlags, m => m.Stage.MountFilesystem("tmpfs", "x", "/mnt", MountFlags.None, new MountAttributes { Set = mount_h.MOUNT_ATTR_IDMAP }, [])),
        ("rooted", PolicyRule.MountClear, m => m.Stage.MountBind(7, "/mnt", MountFlags.None, new MountAttributes { Clear = mount_h.MOUNT_ATTR_NOSUID })),
        ("rooted", PolicyRule.MountClear, m => m.Stage.MountBind(7, "/mnt", MountFlags.None, new MountAttributes { RecursiveClear = mount_h.MOUNT_ATTR_NODEV })),
        ("rooted", PolicyRule.MountClear, m => m.Stage.ChangeMount("/", new MountAttributes { Clear = mount_h.MOUNT_ATTR_NOSUID | mount_h.MOUNT_ATTR_NODEV }, [])),
        ("rooted", PolicyRule.MountShared, m => m.Stage.ChangeMount("/", new MountAttributes { Propagation = mount_h.MS_SHARED }, [])),
        ("rooted", PolicyRule.MountReconfigure, m => m.Stage.ChangeMount("/", default, ["ro"])),
        ("rooted", PolicyRule.DeviceNode, m => m.Stage.CreateDevice("/tmp/mem", stat_h.S_IFCHR | 0x1b6, 1, 1, 0, 0, null)),
        ("rooted", PolicyRule.DeviceNode, m => m.Stage.CreateDevice("/tmp/disk", stat_h.S_IFBLK | 0x1b6, 254, 0, 0, 0, null)),
        ("rooted", PolicyRule.Sysctl, m => m.Stage.SetSysctl("kernel/core_pattern", "|/bin/sh")),
        ("rooted", PolicyRule.Sysctl, m => m.Stage.SetSysctl("net/ipv4/ip_forward", "1")),
        ("rooted", PolicyRule.LaunchRuntime, m => m.Stage.Unmount("/")),
        ("entered", PolicyRule.UserIds, m => m.Prepare(m.With(p => p.Uid = 0))),
        ("entered", PolicyRule.UserIds, m => m.Prepare(m.With(p => p.Gid = 0))),
        ("entered", PolicyRule.UserIds, m => m.Prepare(m.With(p => p.Uid = uint.MaxValue))),
        ("entered", PolicyRule.UserGroups, m => m.Prepare(m.With(p => p.Groups = [0]))),
        ("entered", PolicyRule.Capabilities, m => m.Prepare(m.With(p => p.Bounding = 1UL << 21))),
        ("entered", PolicyRule.Capabilities, m => m.Prepare(m.With(p => p.Permitted = ulong.MaxValue))),
        ("entered", PolicyRule.Capabilities, m => m.Prepare(m.With(p => p.Ambient = 1))),
        ("entered", PolicyRule.Labels, m => m.Prepare(m.With(p => p.ApparmorProfile = "unconfined"))),
        ("entered", PolicyRule.Labels, m => m.Prepare(m.With(p => p.SelinuxLabel = "x"))),
        ("entered", PolicyRule.SeccompListener, m => m.Prepare(m.With(p => p.ListenerSlot = 0))),
        ("entered", PolicyRule.Personality, m => m.Prepare(m.With(p => (p.Flags, p.Personality) = (p.Flags | ProcessFlags.HasPersonality, 0x0400000)))),
        ("entered", PolicyRule.IoPriority, m => m.Prepare(m.With(p => (p.Flags, p.IoPriority) = (p.Flags | ProcessFlags.HasIoPriority, 1u << 13)))),
        ("entered", PolicyRule.OomScore, m => m.Prepare(m.With(p => (p.Flags, p.OomScoreAdj) = (p.Flags | ProcessFlags.HasOomScoreAdj, -1000)))),
    ];

    /// <summary>A master in that phase.</summary>
    public static HostileMaster At(string phase, SetuidSite site, string directory, string rootfs)
    {
        var master = new HostileMaster(site, directory, rootfs);
        try
        {
            return phase switch
            {
                "saved" => master.Saved(),
                "spawned" => master.Spawned(),
                "rooted" => master.Rooted(),
                _ => master.Entered(),
            };
        }
        catch
        {
            master.Dispose();
            throw;
        }
    }

    /// <summary>The rest of a creation that is allowed, after everything that was refused. What the payload says of itself.</summary>
    public static string[] GoOn(HostileMaster master, string phase)
    {
        var slot = 0u;
        if (phase == "saved")
        {
            slot = master.NewSlot();
            master.Host.CloneSource(slot, SourceFlags.Recursive | SourceFlags.Root, master.Rootfs, master.Open(master.Rootfs)).Wait();
            master.Host.Spawn(HostileMaster.Namespaces).Wait();
            master.Stage.Hello().Wait();
        }
        if (phase is "saved" or "spawned")
        {
            master.Stage.AttachRoot(slot, Slave).Wait();
        }
        master.Stage.MountFilesystem("proc", "proc", "/proc", MountFlags.None, default, []).Wait();
        if (phase != "entered")
        {
            master.Stage.EnterRoot(0, false).Wait();
        }
        return master.Finish();
    }

    private static Pending Mount(HostileMaster master, string type, string source, params string[] options) =>
        master.Stage.MountFilesystem(type, source, "/mnt", MountFlags.None, default, options);
}
