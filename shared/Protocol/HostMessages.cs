using Engine.Shared.Wire;

namespace Engine.Shared.Protocol;

// Requests of the master (or, in the runtime flavour, of the CLI) to the supervisor. Results are Nothing unless said.

/// <summary>
/// The static members of state.json, in a sealed memfd (descriptor 0): first <see cref="OciLength"/> bytes that belong
/// to the OCI state (hooks and the sync socket get only these), then <see cref="OwnLength"/> bytes of the engine's own
/// members. Both are JSON members without braces and without a comma at either end; the supervisor adds status, pid,
/// start time, times and exit code. Writes state.json with status "creating". First call only before Spawn.
/// </summary>
public struct SaveState : IMessage
{
    public uint OciLength;
    public uint OwnLength;

    public void Fields(ref Codec c)
    {
        c.Begin(2);
        c.Value(ref OciLength);
        c.Value(ref OwnLength);
    }
}

/// <summary>What a cgroup slot is for.</summary>
[System.Flags]
public enum CgroupFlags : uint
{
    None = 0,

    /// <summary>Make the directory and its missing parents; what was made is removed when the container ends.</summary>
    Create = 1,

    /// <summary>The payload is put into it (all slots but ancestors).</summary>
    Attach = 2,

    /// <summary>A cgroup2 directory: CLONE_INTO_CGROUP, cgroup.freeze, cgroup.kill.</summary>
    Unified = 4,

    /// <summary>Freeze and thaw here: cgroup.freeze on v2, freezer.state on v1.</summary>
    Freezer = 8,

    /// <summary>Out-of-memory events are counted here (memory.events or memory.oom_control).</summary>
    Memory = 16,

    /// <summary>Fail with EEXIST when the directory exists already and holds processes.</summary>
    Exclusive = 32,

    /// <summary>A group of resctrl (linux.intelRdt) and no cgroup: the mount is one of resctrl, and processes go into its "tasks".</summary>
    Resctrl = 64,

    /// <summary>What is made stays when the container ends: others may use it by then.</summary>
    Keep = 128,

    /// <summary>The directory is this container's alone even where it is there already: systemd made it. Counts as made here.</summary>
    Given = 256,
}

/// <summary>
/// Opens (and makes) the cgroup directory <see cref="Path"/> below the cgroup mount <see cref="Mountpoint"/> as slot
/// <see cref="Slot"/>. The supervisor checks with fstatfs that it is a cgroup filesystem and that no component is "..".
/// A slot may be opened again: first on ancestors that need a value written (cpuset.cpus, cgroup.subtree_control), last
/// on the container's own directory; the later one takes the place of the earlier.
/// </summary>
public struct OpenCgroup : IMessage
{
    public uint Slot;
    public uint Flags;
    public Text Mountpoint;
    public Text Path;

    public void Fields(ref Codec c)
    {
        c.Begin(4);
        c.Value(ref Slot);
        c.Value(ref Flags);
        c.CStr(ref Mountpoint, Limits.Path);
        c.CStr(ref Path, Limits.Path);
    }
}

/// <summary>Writes <see cref="Value"/> to the file <see cref="File"/> (one component) of a cgroup slot.</summary>
public struct WriteCgroup : IMessage
{
    public uint Slot;
    public Text File;
    public Text Value;

    /// <summary>A missing file is not an error (values that a kernel without the feature has anyway).</summary>
    public bool Optional;

    public void Fields(ref Codec c)
    {
        c.Begin(4);
        c.Value(ref Slot);
        c.CStr(ref File, Limits.Leaf);
        c.CStr(ref Value, Limits.KernelValue);
        c.Value(ref Optional);
    }
}

/// <summary>Loads the eBPF program in the sealed memfd (descriptor 0) and attaches it to a v2 slot, replacing an earlier one of ours.</summary>
public struct SetCgroupDevices : IMessage
{
    public uint Slot;

    /// <summary>Bytes of the program, a multiple of 8.</summary>
    public uint Length;

    public void Fields(ref Codec c)
    {
        c.Begin(2);
        c.Value(ref Slot);
        c.Value(ref Length);
    }
}

/// <summary>How a source is cloned.</summary>
[System.Flags]
public enum SourceFlags : uint
{
    None = 0,

    /// <summary>With everything mounted below it (AT_RECURSIVE).</summary>
    Recursive = 1,

    /// <summary>Descriptor 0 of the message names the object and Path is only for error texts.</summary>
    FromDescriptor = 2,

    /// <summary>A symlink at the end is refused instead of followed.</summary>
    NoFollow = 4,

    /// <summary>
    /// No clone: an O_PATH descriptor of the directory Path as the container's mount namespace has it, looked up with the supervisor's
    /// rights. After Spawn.
    /// </summary>
    InStage = 8,

    /// <summary>
    /// The clone's ids are mapped (MOUNT_ATTR_IDMAP) by UidMap and GidMap, or by the container's own user namespace when both are
    /// empty. After Spawn in the second case.
    /// </summary>
    IdMap = 16,

    /// <summary>With IdMap: of every mount of the tree, not of the top one only.</summary>
    RecursiveIdMap = 32,

    /// <summary>It will be the container's root: the set-uid workflow has rules of its own for that.</summary>
    Root = 64,

    /// <summary>Path is a device of the host. In the set-uid workflow the only sources that the supervisor opens itself, from a list.</summary>
    Device = 128,
}

/// <summary>
/// open_tree(OPEN_TREE_CLONE) in the host's mount namespace (a clone made elsewhere is EINVAL); the mount goes to the
/// container stage as source <see cref="Slot"/>, without the master ever holding it. Result <see cref="SourceKind"/>.
/// </summary>
public struct CloneSource : IMessage
{
    public uint Slot;
    public uint Flags;

    /// <summary>Absolute host path (root workflow only, refused elsewhere without a descriptor).</summary>
    public Text Path;

    /// <summary>With <see cref="SourceFlags.IdMap"/>: id in the source, id in the mount, how many; as a uid_map has it.</summary>
    public Words UidMap;
    public Words GidMap;

    public void Fields(ref Codec c)
    {
        c.Begin(5);
        c.Value(ref Slot);
        c.Value(ref Flags);
        c.CStr(ref Path, Limits.Path);
        c.Packed(ref UidMap, Limits.IdMapWords);
        c.Packed(ref GidMap, Limits.IdMapWords);
    }
}

/// <summary>
/// Connects to the listening stream socket at <see cref="Path"/>; the connection goes to the container stage as source
/// <see cref="Slot"/>. What it is for: linux.seccomp.listenerPath.
/// </summary>
public struct ConnectSocket : IMessage
{
    public uint Slot;
    public Text Path;

    public void Fields(ref Codec c)
    {
        c.Begin(2);
        c.Value(ref Slot);
        c.CStr(ref Path, Limits.Path);
    }
}

/// <summary>Result of <see cref="CloneSource"/>: the S_IFMT bits of the object.</summary>
public struct SourceKind : IMessage
{
    public uint Mode;

    public void Fields(ref Codec c)
    {
        c.Begin(1);
        c.Value(ref Mode);
    }
}

/// <summary>Opens a namespace to be joined at Spawn. <see cref="Kind"/> is its one CLONE_NEW* flag; checked with NS_GET_NSTYPE.</summary>
public struct OpenNamespace : IMessage
{
    public ulong Kind;
    public Text Path;

    public void Fields(ref Codec c)
    {
        c.Begin(2);
        c.Value(ref Kind);
        c.CStr(ref Path, Limits.Path);
    }
}

/// <summary>Switches of <see cref="Spawn"/>.</summary>
[System.Flags]
public enum SpawnFlags : uint
{
    None = 0,

    /// <summary>Write "deny" to /proc/PID/setgroups before gid_map.</summary>
    DenySetgroups = 1,

    /// <summary>The payload has a terminal: no pipes are made, the console comes from the container stage (CreateConsole).</summary>
    Terminal = 2,

    /// <summary>TimeOffsets count.</summary>
    HasTimeOffsets = 4,

    /// <summary>OomScoreAdj counts.</summary>
    HasOomScoreAdj = 8,

    /// <summary>Bring the loopback interface of a new network namespace up.</summary>
    LoopbackUp = 16,
}

/// <summary>
/// Makes the container stage: pipes, clone3 into the new namespaces and (v2) the cgroup, joins of opened namespaces, id
/// maps, membership in every slot marked Attach, oom_score_adj; then lets the stage go. A new cgroup namespace is
/// unshared by the stage once it is inside its cgroups. Result <see cref="Spawned"/>. Once only.
/// </summary>
public struct Spawn : IMessage
{
    /// <summary>CLONE_NEW* of new namespaces.</summary>
    public ulong Namespaces;
    public uint Flags;

    /// <summary>containerID, hostID, size for each range.</summary>
    public Words UidMap;
    public Words GidMap;
    public long MonotonicSeconds;
    public uint MonotonicNanoseconds;
    public long BoottimeSeconds;
    public uint BoottimeNanoseconds;
    public int OomScoreAdj;

    public void Fields(ref Codec c)
    {
        c.Begin(9);
        c.Value(ref Namespaces);
        c.Value(ref Flags);
        c.Packed(ref UidMap, Limits.IdMapWords);
        c.Packed(ref GidMap, Limits.IdMapWords);
        c.Value(ref MonotonicSeconds);
        c.Value(ref MonotonicNanoseconds);
        c.Value(ref BoottimeSeconds);
        c.Value(ref BoottimeNanoseconds);
        c.Value(ref OomScoreAdj);
    }
}

/// <summary>The payload's pid as the host sees it.</summary>
public struct Spawned : IMessage
{
    public int Pid;

    public void Fields(ref Codec c)
    {
        c.Begin(1);
        c.Value(ref Pid);
    }
}

/// <summary>
/// Raises hard resource limits of the container stage, which sets them later with its soft ones: it may be root of a user namespace, where no
/// capability suffices for that.
/// </summary>
public struct RaiseLimits : IMessage
{
    /// <summary>As <see cref="ProcessPlan.Rlimits"/>.</summary>
    public Words Rlimits;

    public void Fields(ref Codec c)
    {
        c.Begin(1);
        c.Packed(ref Rlimits, Limits.RlimitWords);
    }
}

/// <summary>
/// Moves the host's network device <see cref="Name"/> into the container's network namespace, as <see cref="NewName"/>, gives it its addresses again
/// and sets it up. Refused when the new name is taken there; it may end in "%d", which stands for the first free number.
/// </summary>
public struct MoveNetDevice : IMessage
{
    public Text Name;
    public Text NewName;

    /// <summary>
    /// Ten words each: address family and prefix length (in the second byte); local and peer address, four words each, and the IPv4 broadcast address
    /// (0 for none) as the bytes that netlink has.
    /// </summary>
    public Words Addresses;

    public void Fields(ref Codec c)
    {
        c.Begin(3);
        c.CStr(ref Name, Limits.InterfaceName);
        c.CStr(ref NewName, Limits.InterfaceName);
        c.Packed(ref Addresses, Limits.AddressWords);
    }
}

/// <summary>
/// Runs one hook to its end: stdin is the OCI state with <see cref="Status"/>, the environment exactly <see cref="Env"/>,
/// output is kept only to be quoted in an error. On the supervisor it runs in the host's namespaces; on the container
/// stage in the container's. Over its timeout its process group is killed. Both servers have it.
/// </summary>
public struct RunHook : IMessage
{
    public Text Path;

    /// <summary>argv; argv[0] is Path when empty.</summary>
    public TextList Args;
    public TextList Env;

    /// <summary>Milliseconds; 0 for none.</summary>
    public uint TimeoutMilliseconds;

    /// <summary>Status shown in the state document: creating, created, running, stopped.</summary>
    public Text Status;

    public void Fields(ref Codec c)
    {
        c.Begin(5);
        c.CStr(ref Path, Limits.Path);
        c.CStrs(ref Args, Limits.HookStrings, Limits.Frame);
        c.CStrs(ref Env, Limits.HookStrings, Limits.Frame);
        c.Value(ref TimeoutMilliseconds);
        c.CStr(ref Status, Limits.Name);
    }
}

/// <summary>Has the payload executed.</summary>
public struct StartPayload : IMessage
{
    /// <summary>
    /// How many poststart hooks are going to be asked for. A payload that ends at once waits for them: however late its master is, "stopped" is
    /// said behind them.
    /// </summary>
    public uint Hooks;

    public void Fields(ref Codec c)
    {
        c.Begin(1);
        c.Value(ref Hooks);
    }
}

/// <summary>Sends a signal to the payload (pidfd), or to every process of the container with <see cref="All"/>. SIGKILL thaws a v1 freezer.</summary>
public struct Kill : IMessage
{
    public uint Signal;
    public bool All;

    public void Fields(ref Codec c)
    {
        c.Begin(2);
        c.Value(ref Signal);
        c.Value(ref All);
    }
}

/// <summary>Sets the terminal's size.</summary>
public struct Resize : IMessage
{
    public uint Rows;
    public uint Columns;

    public void Fields(ref Codec c)
    {
        c.Begin(2);
        c.Value(ref Rows);
        c.Value(ref Columns);
    }
}

/// <summary>Result of Status, and the params of the StateChanged notification.</summary>
public struct StateChange : IMessage
{
    /// <summary>creating, created, running, paused, stopped.</summary>
    public Text Status;

    /// <summary>Host pid of the payload; 0 before Spawn.</summary>
    public int Pid;

    /// <summary>Exit code (128+signal for a signal); -1 while it runs.</summary>
    public int ExitCode;

    /// <summary>The kernel's out-of-memory killer hit the container.</summary>
    public bool OomKilled;

    public void Fields(ref Codec c)
    {
        c.Begin(4);
        c.CStr(ref Status, Limits.Name);
        c.Value(ref Pid);
        c.Value(ref ExitCode);
        c.Value(ref OomKilled);
    }
}
