using System.Globalization;
using Engine.Linux;
using Engine.Rpc;
using Engine.Rpc.Client;
using Engine.Rpc.Linux;
using Engine.Rpc.Transport;
using Engine.Shared.Linux;
using Engine.Shared.Protocol;

namespace Engine.Tests.Integration.Support;

/// <summary>
/// A container whose master is the test: the probe is executed in the master's place and hands its two sockets over. So a
/// test can send the starter what no engine would. Output of the payload is read from the log.
/// </summary>
public sealed class DirectContainer : IDisposable
{
    /// <summary>CLONE_NEW* of the namespaces it gets.</summary>
    public const ulong Namespaces = sched_h.CLONE_NEWNS | sched_h.CLONE_NEWPID | sched_h.CLONE_NEWUTS | sched_h.CLONE_NEWIPC;

    private static int _count;

    private readonly string _directory;
    private readonly FdChannel _launch;
    private readonly FdChannel _request;
    private readonly SpawnedProcess _process;
    private uint _slots;
    private bool _running;

    /// <summary>Starts the starter with its state in a new directory below <paramref name="directory"/>.</summary>
    public DirectContainer(string directory)
    {
        var id = $"direct{(++_count).ToString(CultureInfo.InvariantCulture)}";
        _directory = Path.Combine(directory, id);
        Directory.CreateDirectory(_directory);
        (_launch, SafeFd launchEnd) = FdChannel.Pair();
        (_request, SafeFd requestEnd) = FdChannel.Pair();
        using (launchEnd)
        using (requestEnd)
        using (SafeFd starter = Files.Open(Installation.Starter, fcntl_h.O_PATH))
        {
            _process = SpawnedProcess.Start(starter, ["starter"], [], [(launchEnd.Value, 3)], SpawnStdio.Null, newSession: true);
            Launch(id, directory, requestEnd);
        }

        using var message = new ReceivedMessage();
        Assert.Equal(ReceiveStatus.Received, _request.Receive(message, 20_000));
        Supervisor = new SupervisorClient(new FdChannel(message.Take(0)));
        Stage = new ContainerClient(new FdChannel(message.Take(1)));
    }

    /// <summary>The host-side server.</summary>
    public SupervisorClient Supervisor { get; }

    /// <summary>The container-side server.</summary>
    public ContainerClient Stage { get; }

    /// <summary>The payload's pid, once there.</summary>
    public int Pid { get; private set; }

    /// <summary>What the payload wrote, without the log's own words.</summary>
    public string Output => string.Join('\n', File.ReadLines(Path.Combine(_directory, "log")).Select(line => line.Split(' ', 3)[2]));

    /// <summary>Everything up to AttachRoot.</summary>
    public void Spawn(string rootfs, bool terminal = false)
    {
        Supervisor.Hello().Wait();
        Supervisor.SaveState("\"ociVersion\":\"1.0.2\""u8, default).Wait();
        var root = Source(rootfs);
        Pid = Supervisor.Spawn(new SpawnRequest { Namespaces = Namespaces, Flags = terminal ? SpawnFlags.Terminal : 0 }).Wait();
        Stage.Hello().Wait();
        Stage.AttachRoot(root, mount_h.MS_SLAVE).Wait();
    }

    /// <summary>Sends a source; the number is its slot. A source that cannot be cloned fails its mount.</summary>
    public uint Source(string path)
    {
        // Its own failure is not what a test is after.
        Supervisor.CloneSource(_slots, 0, path).OnCompleted(_ => { });
        return _slots++;
    }

    /// <summary>A filesystem of <paramref name="type"/> with defaults.</summary>
    public Pending Mount(string type, string destination, MountFlags flags = 0, params string[] options) =>
        Stage.MountFilesystem(type, type, destination, flags, default, options);

    /// <summary>A bind mount with defaults.</summary>
    public Pending Bind(string source, string destination) => Stage.MountBind(Source(source), destination, 0, default);

    /// <summary>Hands a process over; a failure is PrepareProcess's.</summary>
    public void Prepare(ProcessDescription process)
    {
        using SafeFd plan = ProcessPlanWriter.Write(process);
        Stage.PrepareProcess(plan).Wait();
    }

    /// <summary>From Finish to the running payload. It is killed with this object.</summary>
    public void Start()
    {
        Stage.Finish().Wait();
        Supervisor.Created().Wait();
        Supervisor.Start().Wait();
        _running = true;
    }

    /// <summary>From EnterRoot to the payload's end.</summary>
    /// <returns>What it wrote.</returns>
    public string RunToEnd(params string[] args) => RunToEnd(new ProcessDescription { Args = args, Env = ["PATH=/bin"] });

    /// <inheritdoc cref="RunToEnd(string[])"/>
    public string RunToEnd(ProcessDescription process, bool entered = false)
    {
        if (!entered)
        {
            Stage.EnterRoot(0, false).Wait();
        }

        Prepare(process);
        Start();
        // A master that leaves when there is nothing more to decide.
        _running = false;
        Supervisor.Dispose();
        _request.Dispose();
        Assert.True(_process.WaitForEnd(TimeSpan.FromSeconds(30)), "the supervisor still runs");
        return Output;
    }

    /// <summary>Ends whatever is still there: a creation is rolled back when its master goes away, what runs is killed.</summary>
    public void Dispose()
    {
        if (_running)
        {
            // Its end may come first.
            Supervisor.Kill(signal_h.SIGKILL, all: false).OnCompleted(_ => { });
        }

        Stage.Dispose();
        Supervisor.Dispose();
        _request.Dispose();
        if (!_process.WaitForEnd(TimeSpan.FromSeconds(20)))
        {
            _ = Native.kill(_process.Pid, 9);
            _process.WaitForEnd();
        }

        _launch.Dispose();
        _process.Dispose();
    }

    private void Launch(string id, string stateRoot, SafeFd request)
    {
        using SafeFd relay = Files.Open(Installation.Probe, fcntl_h.O_PATH);
        using SafeFd pump = Files.Open(Installation.Pump, fcntl_h.O_PATH);
        using SafeFd state = Files.OpenDirectory(_directory);
        using SafeFd root = Files.OpenDirectory(stateRoot);
        using SafeFd control = UnixSockets.Listen(state, "control.sock", 1);
        using SafeFd attach = UnixSockets.Listen(state, "attach.sock", 1);
        using var arena = new MessageArena();
        (LaunchDescriptor Kind, SafeFd Fd)[] descriptors =
        [
            (LaunchDescriptor.MasterExe, relay), (LaunchDescriptor.PumpExe, pump), (LaunchDescriptor.StateDirectory, state),
            (LaunchDescriptor.ControlListener, control), (LaunchDescriptor.AttachListener, attach), (LaunchDescriptor.LogDirectory, state),
            (LaunchDescriptor.RequestSocket, request), (LaunchDescriptor.StateRoot, root),
        ];
        var record = new Launch
        {
            Version = Limits.Version,
            Build = arena.Bytes(BuildId.Value),
            Mode = (uint)LaunchMode.Create,
            Descriptors = descriptors.Aggregate(0u, (mask, d) => mask | 1u << (int)d.Kind),
            Id = arena.Text(id),
            LogLeaf = arena.Text("log"),
            LogFormat = (uint)LogFormat.Basic,
            PidLeaf = arena.Text(""),
            SyncSocket = arena.Text(""),
            RingBytes = 4096,
        };
        _launch.SendMessage(ref record, [.. descriptors.Select(d => d.Fd.Value)]);
    }
}
