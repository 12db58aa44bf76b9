using System.Text;
using Engine.Rpc;
using Engine.Rpc.Client;
using Engine.Rpc.Linux;
using Engine.Rpc.Transport;
using Engine.Shared.Linux;
using Engine.Shared.Policy;
using Engine.Shared.Protocol;
using Engine.Tests.Integration.Starter;
using Engine.Tests.Integration.Support;

namespace Engine.Tests.Integration.Setuid;

/// <summary>
/// The policy as the starter has it, whoever asks: each request outside it is refused by its rule's name, changes nothing, and the container that is
/// made afterwards is exactly the caller's.
/// </summary>
public sealed class HostileMasterTests : SetuidTest
{
    private const string None = "0000000000000000";
    private const ulong Slave = mount_h.MS_SLAVE | mount_h.MS_REC;

    private static uint s_slot = 10;

    private readonly string _rootfs;

    public HostileMasterTests()
    {
        Configure("libexec = /usr/local/libexec/hostile");
        Own(Directory);
        _rootfs = UserBundle().Rootfs;
    }

    /// <summary>Phase, rule, request.</summary>
    private static readonly (string Phase, PolicyRule Rule, Func<HostileMaster, Pending> Ask)[] Requests =
    [
        ("saved", PolicyRule.UserNamespace, m => m.Host.Spawn(new SpawnRequest { Namespaces = HostileMaster.Namespaces.Namespaces | sched_h.CLONE_NEWUSER, UidMap = [0, 0, 1], GidMap = [0, 0, 1] })),
        ("saved", PolicyRule.UserNamespace, m => m.Host.Spawn(HostileMaster.Namespaces with { UidMap = [0, 0, 1] })),
        ("saved", PolicyRule.TimeNamespace, m => m.Host.Spawn(HostileMaster.Namespaces with { Namespaces = HostileMaster.Namespaces.Namespaces | sched_h.CLONE_NEWTIME })),
        ("saved", PolicyRule.MountNamespace, m => m.Host.Spawn(new SpawnRequest { Namespaces = sched_h.CLONE_NEWPID })),
        ("saved", PolicyRule.Namespaces, m => m.Host.Spawn(HostileMaster.Namespaces with { Namespaces = HostileMaster.Namespaces.Namespaces | 0x100 })),
        ("saved", PolicyRule.NetDevices, m => m.Host.Spawn(new SpawnRequest { Namespaces = sched_h.CLONE_NEWNS, Flags = SpawnFlags.LoopbackUp })),
        ("saved", PolicyRule.OomScore, m => m.Host.Spawn(HostileMaster.Namespaces with { Flags = SpawnFlags.HasOomScoreAdj, OomScoreAdj = -1000 })),
        ("saved", PolicyRule.JoinNamespace, m => m.Host.OpenNamespace(sched_h.CLONE_NEWNET, "/proc/1/ns/net")),
        ("saved", PolicyRule.SourcePath, m => m.Host.CloneSource(Slot(), SourceFlags.Recursive, "/etc/shadow")),
        ("saved", PolicyRule.SourcePath, m => m.Host.CloneSource(Slot(), SourceFlags.Recursive | SourceFlags.Root, "/")),
        ("spawned", PolicyRule.SourcePath, m => m.Host.CloneSource(Slot(), SourceFlags.InStage, "/")),
        ("saved", PolicyRule.SourcePath, m => m.Host.CloneSource(Slot(), SourceFlags.FromDescriptor, "/")),
        ("saved", PolicyRule.SourceIdMap, m => m.Host.CloneSource(Slot(), SourceFlags.IdMap, "x", m.Open("/usr"), map: new MountIdMap([0, 0, 1], [0, 0, 1]))),
        ("saved", PolicyRule.RootfsHost, m => m.Host.CloneSource(Slot(), SourceFlags.Root, "x", m.Open("/"))),
        ("saved", PolicyRule.RootfsHost, m => m.Host.CloneSource(Slot(), SourceFlags.Root, "x", m.Open("/proc"))),
        ("saved", PolicyRule.RootfsHost, m => m.Host.CloneSource(Slot(), SourceFlags.Root, "x", m.Open("/sys/kernel"))),
        ("saved", PolicyRule.RootfsHost, m => m.Host.CloneSource(Slot(), SourceFlags.Root, "x", m.Open("/dev/pts"))),
        ("saved", PolicyRule.RootfsSource, m => m.Host.CloneSource(Slot(), SourceFlags.Root, "x", m.Open("/etc/passwd"))),
        ("saved", PolicyRule.DeviceBind, m => m.Host.CloneSource(Slot(), SourceFlags.None, "x", m.Open("/dev/null"))),
        ("saved", PolicyRule.DeviceBind, m => m.Host.CloneSource(Slot(), SourceFlags.Device, "/dev/mem")),
        ("saved", PolicyRule.DeviceBind, m => m.Host.CloneSource(Slot(), SourceFlags.Device, "/dev/../dev/null")),
        ("saved", PolicyRule.DeviceBind, m => m.Host.CloneSource(Slot(), SourceFlags.Device, "/etc/shadow")),
        ("saved", PolicyRule.DeviceBind, m => m.Host.CloneSource(Slot(), SourceFlags.Device | SourceFlags.FromDescriptor, "/dev/kmsg", m.Open("/dev/null"))),
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
        ("entered", PolicyRule.UserIds, m => m.Prepare(With(p => p.Uid = 0))),
        ("entered", PolicyRule.UserIds, m => m.Prepare(With(p => p.Gid = 0))),
        ("entered", PolicyRule.UserIds, m => m.Prepare(With(p => p.Uid = uint.MaxValue))),
        ("entered", PolicyRule.UserGroups, m => m.Prepare(With(p => p.Groups = [0]))),
        ("entered", PolicyRule.Capabilities, m => m.Prepare(With(p => p.Bounding = 1UL << 21))),
        ("entered", PolicyRule.Capabilities, m => m.Prepare(With(p => p.Permitted = ulong.MaxValue))),
        ("entered", PolicyRule.Capabilities, m => m.Prepare(With(p => p.Ambient = 1))),
        ("entered", PolicyRule.Labels, m => m.Prepare(With(p => p.ApparmorProfile = "unconfined"))),
        ("entered", PolicyRule.Labels, m => m.Prepare(With(p => p.SelinuxLabel = "x"))),
        ("entered", PolicyRule.SeccompListener, m => m.Prepare(With(p => p.ListenerSlot = 0))),
        ("entered", PolicyRule.Personality, m => m.Prepare(With(p => (p.Flags, p.Personality) = (p.Flags | ProcessFlags.HasPersonality, 0x0400000)))),
        ("entered", PolicyRule.IoPriority, m => m.Prepare(With(p => (p.Flags, p.IoPriority) = (p.Flags | ProcessFlags.HasIoPriority, 1u << 13)))),
        ("entered", PolicyRule.OomScore, m => m.Prepare(With(p => (p.Flags, p.OomScoreAdj) = (p.Flags | ProcessFlags.HasOomScoreAdj, -1000)))),
    ];

    [RootFact]
    public void Every_request_outside_the_policy_is_refused_by_its_rule_and_changes_nothing()
    {
        var pattern = File.ReadAllText("/proc/sys/kernel/core_pattern");
        var mounts = File.ReadAllText("/proc/1/mountinfo");
        foreach (var phase in new[] { "saved", "spawned", "rooted", "entered" })
        {
            using var master = At(phase);
            foreach (var (_, rule, ask) in Requests.Where(r => r.Phase == phase))
            {
                var name = Encoding.ASCII.GetString(PolicyTable.Name(rule));
                var refused = Assert.Throws<RpcException>(() => ask(master).Wait());
                Assert.True(refused.Operation == $"policy: {name}", $"{phase}: expected {name}, got: {refused.Message}");
            }
            var lines = phase switch
            {
                "saved" => GoOn(master, 0),
                "spawned" => GoOn(master, 1),
                "rooted" => GoOn(master, 2),
                _ => GoOn(master, 3),
            };
            Assert.Equal($"{Uid}", lines[0]);
            Assert.Equal([$"{Uid}", $"{Group}"], lines[1].Split(' ').Order());
            foreach (var set in new[] { "CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb" })
            {
                Assert.Contains($"{set}:\t{None}", lines);
            }
            Assert.Contains($"Uid:\t{Uid}\t{Uid}\t{Uid}\t{Uid}", lines);
            Assert.Contains("NoNewPrivs:\t1", lines);
        }
        Assert.Equal(pattern, File.ReadAllText("/proc/sys/kernel/core_pattern"));
        Assert.Equal(mounts, File.ReadAllText("/proc/1/mountinfo"));
    }

    // After the end of the creation the supervisor has no privilege left that a request could use, and says so to each.
    [RootFact]
    public void After_the_creation_nothing_of_it_can_be_asked_for_again()
    {
        using var master = At("entered");
        master.Stage.MountFilesystem("proc", "proc", "/proc", MountFlags.None, default, []).Wait();
        master.Finish();
        Func<Pending>[] again =
        [
            () => master.Host.Spawn(HostileMaster.Namespaces), () => master.Host.CloneSource(99, SourceFlags.Recursive, "x", master.Open("/usr")),
            () => master.Host.OpenCgroup(1, CgroupFlags.Create, "/sys/fs/cgroup", "/x"), () => master.Host.Created(), () => master.Host.Start(), () => master.Host.Abort(),
            () => master.Host.OpenNamespace(sched_h.CLONE_NEWNET, "/proc/1/ns/net"), () => master.Host.ConnectSocket(1, "/run/x"),
        ];
        foreach (var ask in again.Concat(again))
        {
            Assert.Throws<RpcException>(() => ask().Wait());
        }
        Assert.Equal($"{Uid} {Uid} {Uid} {Uid}", Status(master.Supervisor, "Uid"));
        Assert.Throws<PeerLostException>(() => master.Stage.EnterRoot(0, false).Wait());
        master.Host.Kill(9, all: false).Wait();
    }

    // A bind's source may be anything that can be opened, but the root is asked for as such.
    [RootFact]
    public void A_source_that_was_not_asked_for_as_a_root_is_none()
    {
        using var master = new HostileMaster(Site, Directory, _rootfs);
        master.Saved();
        master.Host.CloneSource(3, SourceFlags.Recursive, "x", master.Open("/usr")).Wait();
        master.Host.Spawn(HostileMaster.Namespaces).Wait();
        master.Stage.Hello().Wait();
        Assert.Equal("policy: rootfs.directory", Assert.Throws<RpcException>(() => master.Stage.AttachRoot(3, Slave).Wait()).Operation);
    }

    // Files that a user could not make, in place of those that he would open.
    [RootFact]
    public void Descriptors_of_the_wrong_kind_are_refused()
    {
        using var master = new HostileMaster(Site, Directory, _rootfs);
        master.Saved();
        using var memory = SealedMemfd.Create("x", new byte[] { 1 });
        var (one, other) = FdChannel.Pair();
        using (one)
        using (other)
        {
            foreach (var descriptor in new[] { memory, other })
            {
                Assert.Throws<RpcException>(() => master.Host.CloneSource(1, SourceFlags.Recursive, "x", descriptor).Wait());
                Assert.Throws<RpcException>(() => master.Host.CloneSource(1, SourceFlags.Recursive | SourceFlags.Root, "x", descriptor).Wait());
            }
        }
        // The test's own mount namespace is another one than the starter's (F9).
        using var foreign = Engine.Linux.Files.Open("/usr", fcntl_h.O_PATH);
        Assert.Equal(22, Assert.Throws<RpcException>(() => master.Host.CloneSource(1, SourceFlags.Recursive, "x", foreign).Wait()).Errno);
        // Directories of another user's cgroups: his rights are what counts.
        foreach (var hierarchy in TestRun.Hierarchies)
        {
            var flags = CgroupFlags.Create | CgroupFlags.Attach | (File.Exists($"{hierarchy}/cgroup.controllers") ? CgroupFlags.Unified : 0);
            Assert.Contains(Assert.Throws<RpcException>(() => master.Host.OpenCgroup(0, flags, hierarchy, $"/{TestRun.Tag}-hostile").Wait()).Errno, new[] { 1, 13 });
            Assert.False(System.IO.Directory.Exists($"{hierarchy}/{TestRun.Tag}-hostile"));
        }
    }

    // Bytes of every kind to both servers: an answer or the end of the connection, never the end of a process by a signal, never anything outside.
    [RootTheory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Whatever_bytes_come_the_servers_answer_or_hang_up(int seed)
    {
        var random = new Random(seed);
        var outside = Snapshot();
        for (var round = 0; round < 4; round++)
        {
            using var master = At(new[] { "saved", "spawned", "rooted", "entered" }[random.Next(4)]);
            var channel = random.Next(2) == 0 && master.Payload != 0 ? master.StageChannel : master.HostChannel;
            using var junk = new JunkDescriptors();
            for (var i = 0; i < 150; i++)
            {
                if (!Answered(channel, Junk.Frame(random), junk.Some(random)))
                {
                    break;
                }
            }
            // It is still there, or it has ended by itself.
            if (master.Launch.Process.WaitForEnd(TimeSpan.Zero))
            {
                Assert.True(master.Launch.Process.Exit!.Value.Code < 128, "the supervisor was ended by a signal");
            }
        }
        Assert.Equal(outside, Snapshot());
    }

    // False when the server has hung up.
    private static bool Answered(FdChannel channel, byte[] frame, int[] descriptors)
    {
        try
        {
            channel.Send(frame, descriptors);
            using var answer = new ReceivedMessage();
            return channel.Receive(answer, 10) != ReceiveStatus.End;
        }
        catch (SyscallException)
        {
            return false;
        }
    }

    private HostileMaster At(string phase)
    {
        var master = new HostileMaster(Site, Directory, _rootfs);
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

    // The rest of a creation that is allowed, after everything that was refused.
    private static string[] GoOn(HostileMaster master, int phase)
    {
        if (phase == 0)
        {
            master.Host.CloneSource(9, SourceFlags.Recursive | SourceFlags.Root, master.Rootfs, master.Open(master.Rootfs)).Wait();
            master.Host.Spawn(HostileMaster.Namespaces).Wait();
            master.Stage.Hello().Wait();
        }
        if (phase <= 1)
        {
            master.Stage.AttachRoot(phase == 0 ? 9u : 0u, Slave).Wait();
        }
        if (phase <= 2)
        {
            master.Stage.MountFilesystem("proc", "proc", "/proc", MountFlags.None, default, []).Wait();
            master.Stage.EnterRoot(0, false).Wait();
        }
        else
        {
            master.Stage.MountFilesystem("proc", "proc", "/proc", MountFlags.None, default, []).Wait();
        }
        return master.Finish();
    }

    // A refused source is told to the stage as a failure, too, and a slot is good for one source.
    private static uint Slot() => s_slot++;

    private static Pending Mount(HostileMaster master, string type, string source, params string[] options) =>
        master.Stage.MountFilesystem(type, source, "/mnt", MountFlags.None, default, options);

    private static ProcessDescription With(Action<ProcessDescription> change)
    {
        var plan = HostileMaster.Plan();
        change(plan);
        return plan;
    }

    private static string Snapshot() => string.Join('\n',
        File.ReadAllText("/proc/1/mountinfo"), File.ReadAllText("/proc/sys/kernel/core_pattern"), File.ReadAllText("/proc/sys/kernel/hostname"),
        string.Join(' ', System.IO.Directory.GetFileSystemEntries("/dev").Order()), string.Join(' ', System.IO.Directory.GetFileSystemEntries("/etc").Order()));
}
