using Engine.Shared.Wire;

namespace Engine.Shared.Protocol;

/// <summary>Switches of a <see cref="ProcessPlan"/>.</summary>
[System.Flags]
public enum ProcessFlags : uint
{
    None = 0,

    /// <summary>process.noNewPrivileges.</summary>
    NoNewPrivileges = 1,

    /// <summary>The five sets count; without it the payload keeps root's, bounded by what the caller had.</summary>
    HasCapabilities = 2,

    /// <summary>stdio is the console: setsid, TIOCSCTTY.</summary>
    Terminal = 4,

    /// <summary>Umask counts; 0022 otherwise.</summary>
    HasUmask = 8,

    /// <summary>Personality counts.</summary>
    HasPersonality = 16,

    /// <summary>IoPriority counts.</summary>
    HasIoPriority = 32,

    /// <summary>The scheduler fields count.</summary>
    HasScheduler = 64,

    /// <summary>No execve: stay as pid 1, reap, end on SIGINT and SIGTERM (Apptainer's --empty-process).</summary>
    Empty = 128,

    /// <summary>A missing cwd is made (runc does); exec does not.</summary>
    MakeCwd = 256,

    /// <summary>Join a new session keyring.</summary>
    NewKeyring = 512,

    /// <summary>OomScoreAdj counts (exec only; create sets it in Spawn).</summary>
    HasOomScoreAdj = 1024,

    /// <summary>MemoryMode and MemoryNodes count.</summary>
    HasMemoryPolicy = 2048,
}

/// <summary>
/// Everything about the process that will be executed, for PrepareProcess and for exec. It travels in a sealed memfd
/// that the stage maps; texts point into the mapping until execve. Order in which it is applied: starter/Container.
/// </summary>
public struct ProcessPlan : IMessage
{
    public uint Flags;
    public TextList Args;

    /// <summary>KEY=VALUE; PATH in it is what args[0] is looked up with. HOME is added by the stage when missing.</summary>
    public TextList Env;
    public Text Cwd;
    public uint Uid;
    public uint Gid;

    /// <summary>Supplementary groups, exactly these.</summary>
    public Words Groups;
    public uint Umask;
    public ulong Bounding;
    public ulong Permitted;
    public ulong Effective;
    public ulong Inheritable;
    public ulong Ambient;

    /// <summary>Five words each: resource, soft low, soft high, hard low, hard high.</summary>
    public Words Rlimits;

    /// <summary>struct sock_filter[]; empty for none.</summary>
    public Text Seccomp;

    /// <summary>SECCOMP_FILTER_FLAG_*.</summary>
    public uint SeccompFlags;
    public Text ApparmorProfile;
    public Text SelinuxLabel;
    public uint Personality;

    /// <summary>As ioprio_set takes it: class and level.</summary>
    public uint IoPriority;
    public uint SchedulerPolicy;
    public int SchedulerNice;
    public uint SchedulerPriority;
    public ulong SchedulerFlags;
    public ulong SchedulerRuntime;
    public ulong SchedulerDeadline;
    public ulong SchedulerPeriod;
    public int OomScoreAdj;

    /// <summary>Name of the session keyring.</summary>
    public Text Keyring;

    /// <summary>As set_mempolicy takes it: MPOL_* with its MPOL_F_*.</summary>
    public uint MemoryMode;

    /// <summary>A bit for each memory node.</summary>
    public Words MemoryNodes;

    /// <summary>Exec only: a bit for each CPU that the starter runs on until the process is in its cgroups; empty to leave it.</summary>
    public Words InitialCpus;

    /// <summary>Exec only: the CPUs of the process once it is in its cgroups; empty for what these say.</summary>
    public Words FinalCpus;

    /// <summary>
    /// The container process state that goes to the seccomp listener with the notification descriptor (config-linux.md, Seccomp): what
    /// stands before and behind the number of the process on the host. Both empty when the filter notifies nobody.
    /// </summary>
    public Text ListenerHead;
    public Text ListenerTail;

    /// <summary>Create: the source (ConnectSocket) that is the connection to the listener, plus one; 0 for none.</summary>
    public uint ListenerSlotPlusOne;

    public void Fields(ref Codec c)
    {
        c.Begin(36);
        c.Value(ref Flags);
        c.CStrs(ref Args, Limits.ExecStrings, Limits.ExecString);
        c.CStrs(ref Env, Limits.ExecStrings, Limits.ExecString);
        c.CStr(ref Cwd, Limits.Path);
        c.Value(ref Uid);
        c.Value(ref Gid);
        c.Packed(ref Groups, Limits.Groups);
        c.Value(ref Umask);
        c.Value(ref Bounding);
        c.Value(ref Permitted);
        c.Value(ref Effective);
        c.Value(ref Inheritable);
        c.Value(ref Ambient);
        c.Packed(ref Rlimits, Limits.RlimitWords);
        c.Bin(ref Seccomp, Limits.SeccompBytes);
        c.Value(ref SeccompFlags);
        c.CStr(ref ApparmorProfile, Limits.Path);
        c.CStr(ref SelinuxLabel, Limits.Path);
        c.Value(ref Personality);
        c.Value(ref IoPriority);
        c.Value(ref SchedulerPolicy);
        c.Value(ref SchedulerNice);
        c.Value(ref SchedulerPriority);
        c.Value(ref SchedulerFlags);
        c.Value(ref SchedulerRuntime);
        c.Value(ref SchedulerDeadline);
        c.Value(ref SchedulerPeriod);
        c.Value(ref OomScoreAdj);
        c.CStr(ref Keyring, Limits.Leaf);
        c.Value(ref MemoryMode);
        c.Packed(ref MemoryNodes, Limits.BitmapWords);
        c.Packed(ref InitialCpus, Limits.BitmapWords);
        c.Packed(ref FinalCpus, Limits.BitmapWords);
        c.Bin(ref ListenerHead, Limits.Name);
        c.Bin(ref ListenerTail, Limits.StatePrefix);
        c.Value(ref ListenerSlotPlusOne);
    }
}
