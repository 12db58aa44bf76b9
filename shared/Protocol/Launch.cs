using Engine.Shared.Wire;

namespace Engine.Shared.Protocol;

/// <summary>What the starter is started for.</summary>
public enum LaunchMode : uint
{
    None = 0,

    /// <summary>A monitored container: supervisor, master, pump.</summary>
    Create = 1,

    /// <summary>A process in a running container.</summary>
    Exec = 2,

    /// <summary>
    /// An unmonitored container: the caller drives both servers and its stdio is the payload's; the supervisor ends once the container
    /// is created, so that the payload's parent is the caller's subreaper.
    /// </summary>
    Runtime = 3,

    /// <summary>
    /// Mounts of a running container: the caller drives both servers, of which the host's knows CloneSource only and the container's is in
    /// the container already.
    /// </summary>
    Mounts = 4,
}

/// <summary>
/// Descriptors that come with a <see cref="Launch"/>: bit n of <see cref="Launch.Descriptors"/> says that descriptor n
/// is there; those that are there follow each other in this order.
/// </summary>
public enum LaunchDescriptor
{
    /// <summary>O_PATH of the engine binary, executed as the master.</summary>
    MasterExe = 0,

    /// <summary>O_PATH of the pump binary.</summary>
    PumpExe = 1,

    /// <summary>The container's state directory.</summary>
    StateDirectory = 2,

    /// <summary>Listening control.sock.</summary>
    ControlListener = 3,

    /// <summary>Listening attach.sock.</summary>
    AttachListener = 4,

    /// <summary>Directory of the log file.</summary>
    LogDirectory = 5,

    /// <summary>Directory of the pid file.</summary>
    PidDirectory = 6,

    /// <summary>The master's end of the request socket: the CLI's order and its answer.</summary>
    RequestSocket = 7,

    /// <summary>Diagnostics of the master (its stderr); /dev/null when absent.</summary>
    MasterLog = 8,

    /// <summary>Exec and mounts: pidfd of the container's init.</summary>
    InitPidfd = 9,

    /// <summary>Exec: sealed memfd with the process plan.</summary>
    ProcessPlan = 10,

    /// <summary>The state root, the state directory's parent, to roll a failed create back.</summary>
    StateRoot = 11,

    /// <summary>Runtime and mounts: the supervisor's end of the host RPC pair.</summary>
    HostRpc = 12,

    /// <summary>Runtime and mounts: the container stage's end of the container RPC pair.</summary>
    ContainerRpc = 13,

    /// <summary>Runtime: listening start.sock (SOCK_SEQPACKET), which the waiting container stage holds.</summary>
    StartListener = 14,

    /// <summary>Exec: the connection to the seccomp listener, for a filter that notifies.</summary>
    SeccompListener = 15,
}

/// <summary>Switches of <see cref="Launch"/>.</summary>
[System.Flags]
public enum LaunchFlags : uint
{
    None = 0,

    /// <summary>Exec: give the process a terminal; its master side comes back with <see cref="LaunchResult"/>.</summary>
    Terminal = 1,

    /// <summary>Exec: end after the start was reported, without waiting.</summary>
    Detach = 2,

    /// <summary>Runtime: the payload is killed when its parent, which is the caller, ends.</summary>
    DiesWithCaller = 4,

    /// <summary>Exec with a terminal: it does not put a carriage return before a newline, since whoever gets it shows it on a terminal.</summary>
    PassNewlines = 8,
}

/// <summary>Log formats of the pump.</summary>
public enum LogFormat : uint
{
    /// <summary><c>TIME STREAM TEXT</c></summary>
    Basic = 0,

    /// <summary><c>TIME STREAM F|P TEXT</c> (CRI)</summary>
    Kubernetes = 1,

    /// <summary>One JSON object a line.</summary>
    Json = 2,
}

/// <summary>
/// The first datagram on descriptor 3 of a new starter, from the CLI. In the set-uid workflow it is hostile input.
/// Exec and mounts send cgroup directories as a second datagram (<see cref="ExecCgroups"/>).
/// </summary>
public struct Launch : IMessage
{
    public uint Version;
    public Text Build;

    /// <summary>A <see cref="LaunchMode"/>.</summary>
    public uint Mode;
    public uint Flags;

    /// <summary>Which <see cref="LaunchDescriptor"/>s follow.</summary>
    public uint Descriptors;
    public Text Id;

    /// <summary>Leaf of the log file in LogDirectory; empty for no log.</summary>
    public Text LogLeaf;
    public uint LogFormat;

    /// <summary>Leaf of the pid file in PidDirectory; empty for none.</summary>
    public Text PidLeaf;

    /// <summary>Path of the sync socket; empty for none.</summary>
    public Text SyncSocket;

    /// <summary>Bytes of the attach replay ring, at most the pump's maximum.</summary>
    public uint RingBytes;

    /// <summary>Exec and mounts: CLONE_NEW* of the namespaces to join.</summary>
    public ulong Namespaces;

    /// <summary>Exec with a terminal: its first size.</summary>
    public uint Rows;
    public uint Columns;

    /// <summary>How many descriptors the payload gets from number 3 on, at most <see cref="Limits.Preserved"/>. They come in <see cref="PreservedDescriptors"/>.</summary>
    public uint Preserved;

    public void Fields(ref Codec c)
    {
        c.Begin(15);
        c.Value(ref Version);
        c.CStr(ref Build, Limits.Name);
        c.Value(ref Mode);
        c.Value(ref Flags);
        c.Value(ref Descriptors);
        c.CStr(ref Id, Limits.Id);
        c.CStr(ref LogLeaf, Limits.Leaf);
        c.Value(ref LogFormat);
        c.CStr(ref PidLeaf, Limits.Leaf);
        c.CStr(ref SyncSocket, Limits.Path);
        c.Value(ref RingBytes);
        c.Value(ref Namespaces);
        c.Value(ref Rows);
        c.Value(ref Columns);
        c.Value(ref Preserved);
    }
}

/// <summary>
/// The next descriptors of those that <see cref="Launch.Preserved"/> announces, directly behind the launch record: full datagrams, then
/// the rest.
/// </summary>
public struct PreservedDescriptors : IMessage
{
    /// <summary>How many descriptors come with it.</summary>
    public uint Count;

    public void Fields(ref Codec c)
    {
        c.Begin(1);
        c.Value(ref Count);
    }
}

/// <summary>Second datagram of exec and mounts: descriptors of the container's cgroup directories, one per hierarchy.</summary>
public struct ExecCgroups : IMessage
{
    /// <summary>How many descriptors come with it.</summary>
    public uint Count;

    /// <summary>Bit n: descriptor n is a cgroup2 directory.</summary>
    public uint UnifiedMask;

    public void Fields(ref Codec c)
    {
        c.Begin(2);
        c.Value(ref Count);
        c.Value(ref UnifiedMask);
    }
}

/// <summary>
/// The starter's word to the CLI on descriptor 3. Create: sent only when the starter itself fails before or without the
/// master (the master answers on the request socket otherwise). Exec: once when the process runs (descriptor 0: the
/// terminal's master side, if asked for) or failed, and, unless detached, once more when it ended.
/// </summary>
public struct LaunchResult : IMessage
{
    /// <summary>0 = runs, 1 = failed (Error counts), 2 = ended (ExitCode counts).</summary>
    public uint Kind;

    /// <summary>Host pid.</summary>
    public int Pid;

    /// <summary>Exit code, 128+signal for a signal. For a failure: 127 not found, 126 not executable, 255 else.</summary>
    public int ExitCode;
    public ErrorRecord Error;

    public void Fields(ref Codec c)
    {
        c.Begin(4);
        c.Value(ref Kind);
        c.Value(ref Pid);
        c.Value(ref ExitCode);
        Error.Fields(ref c);
    }
}
