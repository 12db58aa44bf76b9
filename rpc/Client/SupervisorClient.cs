using Engine.Rpc.Linux;
using Engine.Rpc.Transport;
using Engine.Shared.Protocol;
using Engine.Shared.Wire;

namespace Engine.Rpc.Client;

/// <summary>
/// Requests to the host-side server; what each does and when it may be sent is written at its message in
/// <c>shared/Protocol/HostMessages.cs</c>. Descriptors passed in stay the caller's.
/// </summary>
public sealed class SupervisorClient : ServerClient
{
    /// <summary>Takes ownership of <paramref name="channel"/>.</summary>
    public SupervisorClient(FdChannel channel)
        : base(channel, "supervisor") => Connection.Notification = OnNotification;

    /// <summary>The container's status became another. Raised by whatever call received the notification, on its thread; it must not use the client.</summary>
    public event Action<ContainerStatus>? StateChanged;

    /// <summary>First request; its failure says that the binaries are of different builds.</summary>
    public Pending Hello() => SendHello(MethodNames.Of(HostMethod.Hello));

    /// <summary>Static members of state.json, as UTF-8 JSON members: the OCI state's and the engine's own.</summary>
    public Pending SaveState(ReadOnlySpan<byte> ociMembers, ReadOnlySpan<byte> ownMembers)
    {
        if (ociMembers.Length + ownMembers.Length > Limits.StatePrefix)
        {
            throw new MessageException($"config.json annotations: the state document would be over {Limits.StatePrefix} bytes");
        }

        var bytes = new byte[ociMembers.Length + ownMembers.Length];
        ociMembers.CopyTo(bytes);
        ownMembers.CopyTo(bytes.AsSpan(ociMembers.Length));
        using var file = SealedMemfd.Create("state", bytes);
        var message = new SaveState { OciLength = (uint)ociMembers.Length, OwnLength = (uint)ownMembers.Length };
        return Send(MethodNames.Of(HostMethod.SaveState), ref message, null, [file.Value]);
    }

    /// <inheritdoc cref="Engine.Shared.Protocol.OpenCgroup"/>
    public Pending OpenCgroup(uint slot, CgroupFlags flags, string mountpoint, string path, string? context = null)
    {
        var message = new OpenCgroup { Slot = slot, Flags = (uint)flags, Mountpoint = Arena.Text(mountpoint), Path = Arena.Text(path) };
        return Send(MethodNames.Of(HostMethod.OpenCgroup), ref message, context);
    }

    /// <inheritdoc cref="Engine.Shared.Protocol.WriteCgroup"/>
    public Pending WriteCgroup(uint slot, string file, string value, bool optional = false, string? context = null)
    {
        var message = new WriteCgroup { Slot = slot, File = Arena.Text(file), Value = Arena.Text(value), Optional = optional };
        return Send(MethodNames.Of(HostMethod.WriteCgroup), ref message, context);
    }

    /// <summary>Attaches the eBPF <paramref name="program"/> (instructions of 8 bytes) to a cgroup2 slot.</summary>
    public Pending SetCgroupDevices(uint slot, ReadOnlySpan<byte> program, string? context = null)
    {
        if (program.Length > Limits.DeviceProgramBytes)
        {
            throw new MessageException($"{MessageException.Prefix(context)}the device program is over {Limits.DeviceProgramBytes} bytes: use fewer rules");
        }

        using var file = SealedMemfd.Create("device-program", program);
        var message = new SetCgroupDevices { Slot = slot, Length = (uint)program.Length };
        return Send(MethodNames.Of(HostMethod.SetCgroupDevices), ref message, context, [file.Value]);
    }

    /// <summary>Clones a mount source into <paramref name="slot"/>; the value is the S_IFMT bits of the object.</summary>
    /// <param name="slot">Which source.</param>
    /// <param name="flags">How; FromDescriptor is set here when <paramref name="source"/> is there.</param>
    /// <param name="path">Absolute host path; for a descriptor only the name in errors.</param>
    /// <param name="source">O_PATH descriptor of the object, or null to open it by path (root workflow).</param>
    /// <param name="context">Config item.</param>
    /// <param name="map">With <see cref="SourceFlags.IdMap"/>; null for the container's own.</param>
    public Pending<uint> CloneSource(uint slot, SourceFlags flags, string path, SafeFd? source = null, string? context = null, MountIdMap? map = null)
    {
        var message = new CloneSource
        {
            Slot = slot,
            Flags = (uint)(source is null ? flags : flags | SourceFlags.FromDescriptor),
            Path = Arena.Text(path),
            UidMap = Arena.Words(map?.Uids ?? []),
            GidMap = Arena.Words(map?.Gids ?? []),
        };
        ReadOnlySpan<int> descriptors = source is null ? [] : [source.Value];
        return Connection.Post(
            MethodNames.Of(HostMethod.CloneSource), ref message, new Pending<uint>(Connection, context, ReadSourceKind), descriptors);
    }

    /// <summary>Connects to a listening stream socket for the container stage, which gets it as <paramref name="slot"/>.</summary>
    public Pending ConnectSocket(uint slot, string path, string? context = null)
    {
        var message = new ConnectSocket { Slot = slot, Path = Arena.Text(path) };
        return Send(MethodNames.Of(HostMethod.ConnectSocket), ref message, context);
    }

    /// <summary>Opens the namespace at <paramref name="path"/>, of the one CLONE_NEW* flag <paramref name="kind"/>, to be joined by Spawn.</summary>
    public Pending OpenNamespace(ulong kind, string path, string? context = null)
    {
        var message = new OpenNamespace { Kind = kind, Path = Arena.Text(path) };
        return Send(MethodNames.Of(HostMethod.OpenNamespace), ref message, context);
    }

    /// <summary>Makes the container stage; the value is the payload's host pid.</summary>
    public Pending<int> Spawn(SpawnRequest request, string? context = null)
    {
        var message = new Spawn
        {
            Namespaces = request.Namespaces,
            Flags = (uint)request.Flags,
            UidMap = Arena.Words(request.UidMap),
            GidMap = Arena.Words(request.GidMap),
            MonotonicSeconds = request.MonotonicSeconds,
            MonotonicNanoseconds = request.MonotonicNanoseconds,
            BoottimeSeconds = request.BoottimeSeconds,
            BoottimeNanoseconds = request.BoottimeNanoseconds,
            OomScoreAdj = request.OomScoreAdj,
        };
        return Connection.Post(MethodNames.Of(HostMethod.Spawn), ref message, new Pending<int>(Connection, context, ReadSpawned));
    }

    /// <summary>Raises the stage's hard limits as far as these are higher.</summary>
    public Pending RaiseLimits(IReadOnlyList<ResourceLimit> limits, string? context = null)
    {
        var message = new RaiseLimits { Rlimits = Arena.Words(ResourceLimit.Words(limits)) };
        return Send(MethodNames.Of(HostMethod.RaiseLimits), ref message, context);
    }

    /// <inheritdoc cref="Engine.Shared.Protocol.MoveNetDevice"/>
    public Pending MoveNetDevice(string name, string newName, uint[] addresses, string? context = null)
    {
        var message = new MoveNetDevice { Name = Arena.Text(name), NewName = Arena.Text(newName), Addresses = Arena.Words(addresses) };
        return Send(MethodNames.Of(HostMethod.MoveNetDevice), ref message, context);
    }

    /// <summary>Runs a hook in the host's namespaces.</summary>
    public Pending RunHook(HookCall hook, string? context = null)
    {
        var message = Hook(hook);
        return Send(MethodNames.Of(HostMethod.RunHook), ref message, context);
    }

    /// <summary>
    /// The stage waits: writes the pid file and the status "created". The value is the terminal's master side, the caller's, of an
    /// unmonitored container that has one; otherwise null.
    /// </summary>
    public Pending<SafeFd?> Created()
    {
        var nothing = default(Nothing);
        return Connection.Post(MethodNames.Of(HostMethod.Created), ref nothing, new Pending<SafeFd?>(Connection, null, ReadTerminal));
    }

    /// <summary>
    /// Executes the payload; the failure is the stage's. <paramref name="hooks"/>: how many <see cref="RunHook"/> of poststart hooks follow, sent
    /// before this is answered.
    /// </summary>
    public Pending Start(int hooks = 0)
    {
        var message = new StartPayload { Hooks = (uint)hooks };
        return Send(MethodNames.Of(HostMethod.Start), ref message, null);
    }

    /// <summary>Signals the payload, or every process of the container.</summary>
    public Pending Kill(uint signal, bool all)
    {
        var message = new Kill { Signal = signal, All = all };
        return Send(MethodNames.Of(HostMethod.Kill), ref message, null);
    }

    /// <summary>Answered once everything is frozen.</summary>
    public Pending Freeze() => SendNothing(MethodNames.Of(HostMethod.Freeze), null);

    /// <summary>Answered once everything runs again.</summary>
    public Pending Thaw() => SendNothing(MethodNames.Of(HostMethod.Thaw), null);

    /// <summary>Sets the terminal's size.</summary>
    public Pending Resize(uint rows, uint columns)
    {
        var message = new Resize { Rows = rows, Columns = columns };
        return Send(MethodNames.Of(HostMethod.Resize), ref message, null);
    }

    /// <summary>Opens the log's path again, after a rotation.</summary>
    public Pending ReopenLog() => SendNothing(MethodNames.Of(HostMethod.ReopenLog), null);

    /// <summary>The container's status.</summary>
    public Pending<ContainerStatus> Status()
    {
        var nothing = default(Nothing);
        return Connection.Post(MethodNames.Of(HostMethod.Status), ref nothing, new Pending<ContainerStatus>(Connection, null, ReadStatus));
    }

    /// <summary>Before Created: ends everything and rolls back; the supervisor exits.</summary>
    public Pending Abort() => SendNothing(MethodNames.Of(HostMethod.Abort), null);

    /// <summary>state.json as it is now, opened for reading; the caller owns the descriptor.</summary>
    public Pending<SafeFd> ReadState()
    {
        var nothing = default(Nothing);
        return Connection.Post(MethodNames.Of(HostMethod.ReadState), ref nothing, new Pending<SafeFd>(Connection, null, ReadStateFile));
    }

    private static ContainerStatus ReadStatus(ref Codec codec, ReceivedMessage message) => ContainerStatus.Read(ref codec);

    private static SafeFd ReadStateFile(ref Codec codec, ReceivedMessage message)
    {
        default(Nothing).Fields(ref codec);
        return message.DescriptorCount == 1 ? message.Take(0) : throw new MessageException("ReadState was answered without its descriptor");
    }

    private static SafeFd? ReadTerminal(ref Codec codec, ReceivedMessage message)
    {
        default(Nothing).Fields(ref codec);
        return message.DescriptorCount > 0 ? message.Take(0) : null;
    }

    private static uint ReadSourceKind(ref Codec codec, ReceivedMessage message)
    {
        var kind = default(SourceKind);
        kind.Fields(ref codec);
        return kind.Mode;
    }

    private static int ReadSpawned(ref Codec codec, ReceivedMessage message)
    {
        var spawned = default(Spawned);
        spawned.Fields(ref codec);
        return spawned.Pid;
    }

    private void OnNotification(Text method, ref Codec parameters)
    {
        if (!method.Is(MethodNames.StateChanged))
        {
            return;
        }

        var status = ContainerStatus.Read(ref parameters);
        if (parameters.Ok)
        {
            StateChanged?.Invoke(status);
        }
    }
}

/// <summary>Ids of a mount: id in the source, id in the mount, how many, for each range.</summary>
public sealed record MountIdMap(uint[] Uids, uint[] Gids);

/// <summary>A <see cref="Spawn"/> as the engine composes it.</summary>
public sealed record SpawnRequest
{
    /// <summary>CLONE_NEW* of new namespaces.</summary>
    public ulong Namespaces { get; init; }

    public SpawnFlags Flags { get; init; }

    /// <summary>containerID, hostID, size for each range.</summary>
    public uint[] UidMap { get; init; } = [];

    public uint[] GidMap { get; init; } = [];

    public long MonotonicSeconds { get; init; }

    public uint MonotonicNanoseconds { get; init; }

    public long BoottimeSeconds { get; init; }

    public uint BoottimeNanoseconds { get; init; }

    public int OomScoreAdj { get; init; }
}
