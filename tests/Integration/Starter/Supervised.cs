using System.Text;
using System.Text.Json;
using Engine.Linux;
using Engine.Rpc;
using Engine.Rpc.Client;
using Engine.Rpc.Linux;
using Engine.Rpc.Transport;
using Engine.Shared.Linux;
using Engine.Shared.Protocol;
using Engine.Tests.Integration.Support;

namespace Engine.Tests.Integration.Starter;

/// <summary>How far <see cref="Supervised.Advance"/> takes a creation.</summary>
public enum Step
{
    Greeted,
    Saved,
    Cgroups,
    Sources,
    Spawned,
    Rooted,
    Finished,
    Created,
}

/// <summary>
/// A supervisor with a pump and a master that only waits (the probe) and gives its sockets away: the test says what a master
/// would. It plays the CLI as well: state directory, listening sockets, launch record.
/// </summary>
internal sealed class Supervised : IDisposable
{
    private const ulong PrivateRecursive = 0x40000 | 0x4000;

    private readonly string _rootfs;
    private readonly FdChannel _request;

    /// <param name="directory">A directory of the test; its name begins the container's id, so that what is left can be found.</param>
    /// <param name="syncSocket">Path of a sync socket, or null.</param>
    public Supervised(string directory, string? syncSocket = null)
    {
        Id = Path.GetFileName(directory) + "-s";
        StateRoot = Path.Combine(directory, "state");
        StateDirectory = Path.Combine(StateRoot, Id);
        PidFile = Path.Combine(directory, "pid");
        Directory.CreateDirectory(StateDirectory, (UnixFileMode)0b111_000_000);
        File.WriteAllText(Path.Combine(StateDirectory, "config.json"), "{}");
        _rootfs = Path.Combine(directory, "rootfs");
        Rootfs.Create(_rootfs);

        Launch = LaunchSocket.Start();
        (_request, var masterEnd) = FdChannel.Pair();
        using (masterEnd)
        {
            SendLaunch(directory, masterEnd, syncSocket);
        }
        TakeFirstMaster();
    }

    public string Id { get; }

    public string StateRoot { get; }

    public string StateDirectory { get; }

    public string PidFile { get; }

    public LaunchSocket Launch { get; }

    public int MasterPid { get; private set; }

    public SupervisorClient Host { get; private set; } = null!;

    /// <summary>Below <see cref="Host"/>: for bytes that are no request.</summary>
    public FdChannel HostChannel { get; private set; } = null!;

    public ContainerClient? Container { get; private set; }

    /// <summary>Host pid of the payload, once spawned.</summary>
    public int Payload { get; private set; }

    /// <summary>state.json. The master's part names "status" as well: of two members of one name the last counts.</summary>
    public JsonElement State => JsonDocument.Parse(File.ReadAllText(Path.Combine(StateDirectory, "state.json"))).RootElement;

    public string? Status => State.GetProperty("status").GetString();

    public string Log => File.ReadAllText(Path.Combine(StateDirectory, Id + ".log"));

    /// <summary>The pump, or 0.</summary>
    public int PumpPid => ProcFs.Children(Launch.Process.Pid).FirstOrDefault(p => ProcFs.Status(p, "Name") == "engine-pump" && ProcFs.Lives(p));

    /// <summary>Cgroup directories of the container.</summary>
    public IEnumerable<string> Cgroups => TestRun.Hierarchies.Select(h => Path.Combine(h, "engine-oci", Id)).Where(Directory.Exists);

    /// <summary>Takes a creation from its beginning to <paramref name="last"/>, waiting for every answer.</summary>
    public void Advance(Step last, params string[] args)
    {
        Host.Hello().Wait();
        Advance(Step.Greeted, last, args);
    }

    /// <summary>Goes on from <paramref name="done"/> to the end of the creation.</summary>
    public void Resume(Step done, params string[] args) => Advance(done, Step.Created, args);

    private void Advance(Step done, Step last, string[] args)
    {
        Action[] steps = [() => { }, Save, OpenCgroups, CloneRoot, Spawn, EnterRoot, () => Finish(args), () => Host.Created().Wait()];
        for (var step = (int)done + 1; step <= (int)last; step++)
        {
            steps[step]();
        }
    }

    /// <summary>Kills the master and gives its sockets up.</summary>
    public void KillMaster()
    {
        Native.Check(Native.kill(MasterPid, signal_h.SIGKILL), "kill the master");
        ReleaseMaster();
    }

    /// <summary>Gives the master's sockets up. The master itself stays, as a process.</summary>
    public void ReleaseMaster()
    {
        Host.Dispose();
        Container?.Dispose();
        Container = null;
    }

    /// <summary>Waits for a master that the supervisor started for a client, and takes its place.</summary>
    public void AwaitMaster()
    {
        // The probe runs once /proc/PID/exe is it: from then on its descriptors are where MasterDescriptors says.
        var pid = 0;
        Eventually.True(() => (pid = FindMaster()) != 0, "the supervisor starts a master");
        using var pidfd = Pidfds.Open(pid);
        MasterPid = pid;
        HostChannel = new FdChannel(new SafeFd(Native.Check(Native.pidfd_getfd(pidfd.Value, MasterDescriptors.HostRpc, 0), "pidfd_getfd")));
        Host = new SupervisorClient(HostChannel);
    }

    /// <summary>Waits for the supervisor's end.</summary>
    public int AwaitEnd() => Launch.ExitCode();

    public void Dispose()
    {
        ReleaseMaster();
        _request.Dispose();
        Launch.Channel.Dispose();
        if (MasterPid != 0)
        {
            _ = Native.kill(MasterPid, signal_h.SIGKILL);
        }
        if (Payload != 0 && ProcFs.Parent(Payload) == Launch.Process.Pid)
        {
            _ = Native.kill(Payload, signal_h.SIGKILL);
        }
        Launch.Dispose();
        SafeTree.Delete(StateDirectory);
    }

    public void Save() => Host.SaveState(
        Encoding.UTF8.GetBytes($"\"ociVersion\":\"1.2.0\",\"id\":\"{Id}\",\"bundle\":\"/b\""), "\"engine\":{\"own\":true},\"status\":\"lie\""u8).Wait();

    private void OpenCgroups()
    {
        uint slot = 0;
        foreach (var hierarchy in TestRun.Hierarchies.Where(IsUsed))
        {
            var unified = File.Exists(Path.Combine(hierarchy, "cgroup.controllers"));
            var flags = CgroupFlags.Create | CgroupFlags.Attach | CgroupFlags.Exclusive | (unified ? CgroupFlags.Unified : 0)
                | (hierarchy.EndsWith("freezer", StringComparison.Ordinal) ? CgroupFlags.Freezer : 0);
            Host.OpenCgroup(slot++, flags, hierarchy, "/engine-oci/" + Id).Wait();
        }
    }

    private static bool IsUsed(string hierarchy) =>
        Path.GetFileName(hierarchy) is "freezer" or "pids" or "cpuset" || File.Exists(Path.Combine(hierarchy, "cgroup.controllers"));

    private void CloneRoot() => Assert.Equal((uint)stat_h.S_IFDIR, Host.CloneSource(0, SourceFlags.Recursive, _rootfs).Wait());

    private void Spawn() => Payload = Host.Spawn(new SpawnRequest
    {
        Namespaces = sched_h.CLONE_NEWNS | sched_h.CLONE_NEWPID | sched_h.CLONE_NEWUTS | sched_h.CLONE_NEWIPC | sched_h.CLONE_NEWNET,
    }).Wait();

    private void EnterRoot()
    {
        Container!.Hello().Wait();
        Container.AttachRoot(0, PrivateRecursive).Wait();
    }

    private void Finish(string[] args)
    {
        Container!.EnterRoot(0, false).Wait();
        var description = new ProcessDescription
        {
            Args = args.Length > 0 ? args : ["/bin/sleep", "1000"],
            Env = ["PATH=/bin"],
            Flags = ProcessFlags.HasCapabilities | ProcessFlags.NoNewPrivileges,
        };
        using (var plan = ProcessPlanWriter.Write(description))
        {
            Container.PrepareProcess(plan).Wait();
        }
        Container.Finish().Wait();
    }

    private void SendLaunch(string directory, SafeFd masterEnd, string? syncSocket)
    {
        using var state = Files.OpenDirectory(StateDirectory);
        using var root = Files.OpenDirectory(StateRoot);
        using var pidDirectory = Files.OpenDirectory(directory);
        using var engine = Files.Open(Installation.Probe, fcntl_h.O_PATH);
        using var pump = Files.Open(Installation.Pump, fcntl_h.O_PATH);
        using var control = UnixSockets.Listen(state, "control.sock", 8);
        using var attach = UnixSockets.Listen(state, "attach.sock", 8);
        var record = Launch.Record();
        record.Id = Launch.Text(Id);
        record.LogLeaf = Launch.Text(Id + ".log");
        record.PidLeaf = Launch.Text("pid");
        record.SyncSocket = Launch.Text(syncSocket ?? "");
        (LaunchDescriptor Kind, SafeFd Fd)[] given =
        [
            (LaunchDescriptor.MasterExe, engine), (LaunchDescriptor.PumpExe, pump), (LaunchDescriptor.StateDirectory, state),
            (LaunchDescriptor.ControlListener, control), (LaunchDescriptor.AttachListener, attach), (LaunchDescriptor.LogDirectory, state),
            (LaunchDescriptor.PidDirectory, pidDirectory), (LaunchDescriptor.RequestSocket, masterEnd), (LaunchDescriptor.StateRoot, root),
        ];
        record.Descriptors = given.Aggregate(0u, (bits, d) => bits | (1u << (int)d.Kind));
        Launch.Send(record, [.. given.Select(d => d.Fd.Value)]);
    }

    private void TakeFirstMaster()
    {
        using var message = new ReceivedMessage();
        Assert.Equal(ReceiveStatus.Received, _request.Receive(message, 20_000));
        MasterPid = FindMaster();
        HostChannel = new FdChannel(message.Take(0));
        Host = new SupervisorClient(HostChannel);
        Container = new ContainerClient(new FdChannel(message.Take(1)));
    }

    private int FindMaster() => ProcFs.Children(Launch.Process.Pid).FirstOrDefault(p =>
        p != MasterPid && new FileInfo($"/proc/{p}/exe").LinkTarget == Installation.Probe);
}
