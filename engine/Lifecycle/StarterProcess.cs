using System.Text;
using Engine.Diagnostics;
using Engine.Linux;
using Engine.Rootless;
using Engine.Rpc;
using Engine.Rpc.Linux;
using Engine.Rpc.Transport;
using Engine.Shared.Linux;
using Engine.Shared.Protocol;
using Engine.Shared.Wire;

namespace Engine.Lifecycle;

/// <summary>The launch record and its descriptors, in the order that <see cref="LaunchDescriptor"/> prescribes.</summary>
public sealed class LaunchMessage(LaunchMode mode, string id)
{
    private readonly SortedDictionary<LaunchDescriptor, SafeFd> _descriptors = [];

    /// <summary>What the starter is to do.</summary>
    public LaunchMode Mode => mode;

    /// <summary>The container.</summary>
    public string Id => id;
    public LaunchFlags Flags { get; init; }
    public string LogLeaf { get; init; } = "";
    public LogFormat LogFormat { get; init; }
    public string PidLeaf { get; init; } = "";
    public string SyncSocket { get; init; } = "";
    public uint RingBytes { get; init; }
    public ulong Namespaces { get; init; }
    public uint Rows { get; init; }
    public uint Columns { get; init; }

    /// <summary>Descriptors of this process that the payload gets from number 3 on; they stay the caller's.</summary>
    public IReadOnlyList<int> Preserved { get; init; } = [];

    internal uint Mask => _descriptors.Keys.Aggregate(0u, (mask, which) => mask | (1u << (int)which));

    internal int[] Values => [.. _descriptors.Values.Select(fd => fd.Value)];

    /// <summary>Adds a descriptor, which stays the caller's; null adds none.</summary>
    public void Add(LaunchDescriptor which, SafeFd? descriptor)
    {
        if (descriptor is not null)
        {
            _descriptors[which] = descriptor;
        }
    }
}

/// <summary>What the starter said last on the launch socket.</summary>
/// <param name="Kind">0 runs, 1 failed, 2 ended, 3 waits for its id maps.</param>
/// <param name="Error">One line; empty unless it failed.</param>
/// <param name="Program">What could not be executed, where that is the failure; else null.</param>
/// <param name="Errno">Of the failure.</param>
public sealed record LaunchOutcome(uint Kind, int Pid, int ExitCode, string Error, string? Program = null, int Errno = 0);

/// <summary>
/// A starter that this process has started, and the launch socket between them. The starter runs with the caller's
/// rights (root workflow, rootless) or raised ones (set-uid) and trusts nothing that it inherits.
/// </summary>
public sealed class StarterProcess : IDisposable
{
    private readonly FdChannel _launch;
    private readonly SpawnedProcess _process;

    private StarterProcess(FdChannel launch, SpawnedProcess process)
    {
        _launch = launch;
        _process = process;
    }

    /// <summary>Starts it from a sealed copy; <paramref name="mode"/> and <paramref name="id"/> are only for ps.</summary>
    /// <param name="mode">create or exec.</param>
    /// <param name="id">The container.</param>
    /// <param name="stdio">Inherit for an exec without a terminal: the new process takes this one's.</param>
    /// <param name="rootless">The way into a user namespace, for an ordinary user; null for a starter that has its privilege.</param>
    /// <param name="setuid">The installed set-uid starter is executed: a sealed copy would not have the bit.</param>
    /// <exception cref="EngineException">It found no way into the user namespace.</exception>
    public static StarterProcess Start(string mode, string id, SpawnStdio stdio, RootlessEntry? rootless = null, bool setuid = false)
    {
        using SafeFd image = setuid ? Installation.OpenSetuidStarter() : Installation.OpenSealedStarter();
        (FdChannel mine, SafeFd theirs) = FdChannel.Pair();
        SpawnedProcess process;
        // Only the starter may have it while its answers are awaited: its end must show.
        using (theirs)
        {
            process = SpawnedProcess.Start(
                image, ["starter", mode, id], environment: [], inherit: [(theirs.Value, 3)], stdio, newSession: stdio == SpawnStdio.Null);
        }

        var starter = new StarterProcess(mine, process);
        try
        {
            rootless?.Lead(starter, mode, id, image);
            return starter;
        }
        catch
        {
            starter.Dispose();
            throw;
        }
    }

    /// <summary>The first word to a starter of an ordinary user; <paramref name="user"/>: the user namespace that it joins.</summary>
    internal void SendEntry(NamespaceEntryKind kind, string purpose, string id, SafeFd image, SafeFd? user)
    {
        using var arena = new MessageArena();
        var entry = new NamespaceEntry
        {
            Version = Limits.Version,
            Build = arena.Bytes(BuildId.Value),
            Kind = (uint)kind,
            Purpose = arena.Text(purpose),
            Id = arena.Text(id),
        };
        _launch.SendMessage(ref entry, user is null ? [image.Value] : [image.Value, user.Value]);
    }

    /// <summary>The word that its id maps are written.</summary>
    internal void SendMapped()
    {
        var mapped = new NamespaceMapped { Done = 1 };
        _launch.SendMessage(ref mapped, []);
    }

    /// <summary>Its process id.</summary>
    public int Pid => _process.Pid;

    /// <summary>Sends the launch record.</summary>
    public void Send(LaunchMessage message)
    {
        using var arena = new MessageArena();
        var record = new Launch
        {
            Version = Limits.Version,
            Build = arena.Bytes(BuildId.Value),
            Mode = (uint)message.Mode,
            Flags = (uint)message.Flags,
            Descriptors = message.Mask,
            Id = arena.Text(message.Id),
            LogLeaf = arena.Text(message.LogLeaf),
            LogFormat = (uint)message.LogFormat,
            PidLeaf = arena.Text(message.PidLeaf),
            SyncSocket = arena.Text(message.SyncSocket),
            RingBytes = message.RingBytes,
            Namespaces = message.Namespaces,
            Rows = message.Rows,
            Columns = message.Columns,
            Preserved = (uint)message.Preserved.Count,
        };
        Deliver(ref record, message.Values);
        foreach (int[] some in message.Preserved.Chunk(Limits.Descriptors))
        {
            var part = new PreservedDescriptors { Count = (uint)some.Length };
            Deliver(ref part, some);
        }
    }

    /// <summary>Exec's second datagram: the container's cgroup directories.</summary>
    public void SendCgroups(IReadOnlyList<SafeFd> directories, uint unifiedMask)
    {
        var record = new ExecCgroups { Count = (uint)directories.Count, UnifiedMask = unifiedMask };
        Deliver(ref record, [.. directories.Select(directory => directory.Value)]);
    }

    private void Deliver<T>(ref T message, int[] descriptors)
        where T : struct, IMessage
    {
        try
        {
            _launch.SendMessage(ref message, descriptors);
        }
        catch (SyscallException error) when (error.Errno is Errno.EPIPE or Errno.ECONNRESET)
        {
            // It has ended; what it said before is what the caller must know, and is read next.
        }
    }

    /// <summary>
    /// The next word of the starter; null when it ended without one. <paramref name="terminal"/> takes the terminal's
    /// master side when one came along, which is then the caller's.
    /// </summary>
    public unsafe LaunchOutcome? Receive(out SafeFd? terminal, int milliseconds = -1)
    {
        terminal = null;
        using var message = new ReceivedMessage();
        if (_launch.Receive(message, milliseconds) != ReceiveStatus.Received)
        {
            return null;
        }

        if (message.Read(out LaunchResult result) != WireStatus.Ok)
        {
            throw new EngineException("the starter's answer cannot be read; are engine and starter of one build?");
        }

        terminal = message.DescriptorCount > 0 ? message.Take(0) : null;
        return result.Kind == 1
            ? new LaunchOutcome(result.Kind, result.Pid, result.ExitCode, LaunchError(result.Error), ProgramOf(result.Error), result.Error.Errno)
            : new LaunchOutcome(result.Kind, result.Pid, result.ExitCode, "");
    }

    /// <summary>Waits for its end; false when it still runs after <paramref name="time"/>.</summary>
    public bool WaitForEnd(TimeSpan time) => _process.WaitForEnd(time);

    /// <summary>Ends one that has no order yet.</summary>
    public void HangUp() => _launch.Dispose();

    /// <inheritdoc/>
    public void Dispose()
    {
        _launch.Dispose();
        _process.Dispose();
    }

    private static unsafe string Decode(Text text) => text.At == null ? "" : Encoding.UTF8.GetString(text.At, text.Length);

    private static string? ProgramOf(ErrorRecord error) => Decode(error.Operation) == "execve" ? Decode(error.Path) : null;

    private static string LaunchError(ErrorRecord error)
    {
        return ErrnoText.Line(Decode(error.Operation), Decode(error.Path), error.Errno, Decode(error.Detail));
    }
}
