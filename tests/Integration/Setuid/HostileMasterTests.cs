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

    private readonly string _rootfs;

    public HostileMasterTests()
    {
        Configure("libexec = /usr/local/libexec/hostile");
        Own(Directory);
        _rootfs = UserBundle().Rootfs;
    }

    [RootFact]
    public void Every_request_outside_the_policy_is_refused_by_its_rule_and_changes_nothing()
    {
        var pattern = File.ReadAllText("/proc/sys/kernel/core_pattern");
        var mounts = File.ReadAllText("/proc/1/mountinfo");
        foreach (var phase in HostileRequests.Phases)
        {
            using var master = HostileRequests.At(phase, Site, Directory, _rootfs);
            foreach (var (_, rule, ask) in HostileRequests.All.Where(r => r.Phase == phase))
            {
                var name = Encoding.ASCII.GetString(PolicyTable.Name(rule));
                var refused = Assert.Throws<RpcException>(() => ask(master).Wait());
                Assert.True(refused.Operation == $"policy: {name}", $"{phase}: expected {name}, got: {refused.Message}");
            }
            var lines = HostileRequests.GoOn(master, phase);
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
        using var master = HostileRequests.At("entered", Site, Directory, _rootfs);
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
            using var master = HostileRequests.At(HostileRequests.Phases[random.Next(4)], Site, Directory, _rootfs);
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

    private static string Snapshot() => string.Join('\n',
        File.ReadAllText("/proc/1/mountinfo"), File.ReadAllText("/proc/sys/kernel/core_pattern"), File.ReadAllText("/proc/sys/kernel/hostname"),
        string.Join(' ', System.IO.Directory.GetFileSystemEntries("/dev").Order()), string.Join(' ', System.IO.Directory.GetFileSystemEntries("/etc").Order()));
}
