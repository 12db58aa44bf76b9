using System.Text;
using Engine.Linux;
using Engine.Rpc;
using Engine.Rpc.Client;
using Engine.Rpc.Linux;
using Engine.Rpc.Transport;
using Engine.Shared.Linux;
using Engine.Shared.Protocol;
using Engine.Tests.Integration.Starter;
using Engine.Tests.Integration.Support;

namespace Engine.Tests.Integration.Setuid;

/// <summary>
/// A set-uid starter whose master is nobody's friend: the installed one gives both sockets to this class, which asks for whatever it likes, with
/// descriptors that no user could have opened. security.md S05.
/// </summary>
internal sealed class HostileMaster : IDisposable
{
    private readonly FdChannel _request;
    private readonly List<SafeFd> _opened = [];
    private readonly string _directory;
    private readonly uint _user;
    private uint _slots = 10;

    /// <param name="site">With libexec = /usr/local/libexec/hostile.</param>
    /// <param name="directory">Of the test, the user's.</param>
    /// <param name="rootfs">The user's.</param>
    /// <param name="starter">Not the installed one.</param>
    public HostileMaster(SetuidSite site, string directory, string rootfs, string? starter = null)
    {
        _directory = directory;
        _user = site.User;
        Rootfs = rootfs;
        Id = Path.GetFileName(directory) + "-h";
        StateRoot = Path.Combine(directory, "hostile");
        StateDirectory = Path.Combine(StateRoot, Id);
        foreach (var path in new[] { StateRoot, StateDirectory })
        {
            Directory.CreateDirectory(path, (UnixFileMode)0b111_000_000);
            Native.Check(Native.chown(path, _user, _user), "chown");
        }
        Launch = LaunchSocket.Start("exec " + string.Join(' ', [.. site.Prefix, starter ?? SetuidSite.Starter]));
        (_request, var masterEnd) = FdChannel.Pair();
        using (masterEnd)
        {
            SendLaunch(masterEnd);
        }
        using var message = new ReceivedMessage();
        Assert.Equal(ReceiveStatus.Received, _request.Receive(message, 20_000));
        HostChannel = new FdChannel(message.Take(0));
        Host = new SupervisorClient(HostChannel);
        StageChannel = new FdChannel(message.Take(1));
        Stage = new ContainerClient(StageChannel);
    }

    public string Id { get; }

    public string Rootfs { get; }

    public string StateRoot { get; }

    public string StateDirectory { get; }

    public LaunchSocket Launch { get; }

    public SupervisorClient Host { get; }

    public FdChannel HostChannel { get; }

    public ContainerClient Stage { get; }

    public FdChannel StageChannel { get; }

    public int Supervisor => Launch.Process.Pid;

    public int Payload { get; private set; }

    /// <summary>The least that a user's container has.</summary>
    public static SpawnRequest Namespaces => new()
    {
        Namespaces = sched_h.CLONE_NEWNS | sched_h.CLONE_NEWPID | sched_h.CLONE_NEWUTS | sched_h.CLONE_NEWIPC | sched_h.CLONE_NEWNET,
    };

    /// <summary>O_PATH of a host path as the starter's mount namespace has it; closed with this object.</summary>
    public SafeFd Open(string path)
    {
        var opened = Files.Open($"/proc/{Supervisor}/root{path}", fcntl_h.O_PATH);
        _opened.Add(opened);
        return opened;
    }

    public HostileMaster Saved()
    {
        Host.Hello().Wait();
        Host.SaveState(Encoding.UTF8.GetBytes($"\"ociVersion\":\"1.2.0\",\"id\":\"{Id}\",\"bundle\":\"/b\""), "\"engine\":{}"u8).Wait();
        return this;
    }

    public HostileMaster Spawned()
    {
        Saved();
        Host.CloneSource(0, SourceFlags.Recursive | SourceFlags.Root, Rootfs, Open(Rootfs)).Wait();
        Payload = Host.Spawn(Namespaces).Wait();
        Stage.Hello().Wait();
        return this;
    }

    public HostileMaster Rooted()
    {
        Spawned();
        Stage.AttachRoot(0, mount_h.MS_SLAVE | mount_h.MS_REC).Wait();
        return this;
    }

    public HostileMaster Entered()
    {
        Rooted();
        Stage.EnterRoot(0, false).Wait();
        return this;
    }

    /// <summary>From an entered root to a payload that runs and has written who it is into its root.</summary>
    public string[] Finish()
    {
        var report = Path.Combine(Rootfs, "report");
        File.Delete(report);
        Prepare(Plan("/bin/sh", "-c", "(id -u; id -G; cat /proc/self/status | grep -E '^(Uid|Gid|CapPrm|CapEff|CapBnd|CapAmb|CapInh|NoNewPrivs)') >/report 2>&1; sleep 1000")).Wait();
        Stage.Finish().Wait();
        Host.Created().Wait();
        Host.Start().Wait();
        Eventually.True(() => File.Exists(report) && File.ReadAllText(report).Contains("NoNewPrivs", StringComparison.Ordinal), "the payload reports");
        return File.ReadAllLines(report);
    }

    public Pending Prepare(ProcessDescription plan)
    {
        var file = ProcessPlanWriter.Write(plan);
        _opened.Add(file);
        return Stage.PrepareProcess(file);
    }

    /// <summary>A slot that no source has: a refused one is told to the stage as a failure, too, and a slot is good for one.</summary>
    public uint NewSlot() => _slots++;

    /// <summary>A plan that is allowed, but for a change.</summary>
    public ProcessDescription With(Action<ProcessDescription> change)
    {
        var plan = Plan();
        change(plan);
        return plan;
    }

    /// <summary>A plan that is allowed.</summary>
    public ProcessDescription Plan(params string[] args) => new()
    {
        Args = args.Length > 0 ? args : ["/bin/sleep", "1000"],
        Env = ["PATH=/bin"],
        Flags = ProcessFlags.HasCapabilities,
        Uid = _user,
        Gid = _user,
    };

    public void Dispose()
    {
        Host.Dispose();
        Stage.Dispose();
        _request.Dispose();
        _opened.ForEach(file => file.Dispose());
        Launch.Channel.Dispose();
        if (!Launch.Process.WaitForEnd(TimeSpan.FromMilliseconds(300)))
        {
            foreach (var process in ProcFs.Children(Supervisor).Append(Supervisor).ToList())
            {
                _ = Native.kill(process, signal_h.SIGKILL);
            }
        }
        Launch.Dispose();
        SafeTree.Delete(StateRoot);
    }

    private void SendLaunch(SafeFd masterEnd)
    {
        using var state = Files.OpenDirectory(StateDirectory);
        using var root = Files.OpenDirectory(StateRoot);
        using var engine = Files.Open("/bin/sh", fcntl_h.O_PATH);
        using var control = UnixSockets.Listen(state, "control.sock", 8);
        using var attach = UnixSockets.Listen(state, "attach.sock", 8);
        var record = Launch.Record();
        record.Id = Launch.Text(Id);
        record.LogLeaf = Launch.Text(Id + ".log");
        (LaunchDescriptor Kind, SafeFd Fd)[] given =
        [
            // Not what will be executed: the installed programs are.
            (LaunchDescriptor.MasterExe, engine), (LaunchDescriptor.PumpExe, engine), (LaunchDescriptor.StateDirectory, state),
            (LaunchDescriptor.ControlListener, control), (LaunchDescriptor.AttachListener, attach), (LaunchDescriptor.LogDirectory, state),
            (LaunchDescriptor.RequestSocket, masterEnd), (LaunchDescriptor.StateRoot, root),
        ];
        record.Descriptors = given.Aggregate(0u, (bits, d) => bits | (1u << (int)d.Kind));
        Launch.Send(record, [.. given.Select(d => d.Fd.Value)]);
    }
}
