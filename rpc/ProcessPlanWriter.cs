using System.Runtime.InteropServices;
using Engine.Rpc.Linux;
using Engine.Shared.Protocol;
using Engine.Shared.Wire;

namespace Engine.Rpc;

/// <summary>One resource limit of the payload.</summary>
/// <param name="Resource">RLIMIT_*.</param>
/// <param name="Soft">Current limit; <see cref="ulong.MaxValue"/> for none.</param>
/// <param name="Hard">Maximum.</param>
public readonly record struct ResourceLimit(uint Resource, ulong Soft, ulong Hard)
{
    /// <summary>Five words each, as the protocol has them.</summary>
    internal static uint[] Words(IReadOnlyList<ResourceLimit> limits) =>
    [
        .. limits.SelectMany(limit => new[]
        {
            limit.Resource, (uint)limit.Soft, (uint)(limit.Soft >> 32), (uint)limit.Hard, (uint)(limit.Hard >> 32),
        }),
    ];
}

/// <summary>A <see cref="ProcessPlan"/> as the engine composes it; the meaning of every member is there.</summary>
public sealed class ProcessDescription
{
    public ProcessFlags Flags { get; set; }

    public IReadOnlyList<string> Args { get; set; } = [];

    public IReadOnlyList<string> Env { get; set; } = [];

    public string Cwd { get; set; } = "/";

    public uint Uid { get; set; }

    public uint Gid { get; set; }

    public IReadOnlyList<uint> Groups { get; set; } = [];

    public uint Umask { get; set; }

    public ulong Bounding { get; set; }

    public ulong Permitted { get; set; }

    public ulong Effective { get; set; }

    public ulong Inheritable { get; set; }

    public ulong Ambient { get; set; }

    public IReadOnlyList<ResourceLimit> Rlimits { get; set; } = [];

    /// <summary>struct sock_filter[].</summary>
    public byte[] Seccomp { get; set; } = [];

    public uint SeccompFlags { get; set; }

    public string ApparmorProfile { get; set; } = "";

    public string SelinuxLabel { get; set; } = "";

    public uint Personality { get; set; }

    public uint IoPriority { get; set; }

    public uint SchedulerPolicy { get; set; }

    public int SchedulerNice { get; set; }

    public uint SchedulerPriority { get; set; }

    public ulong SchedulerFlags { get; set; }

    public ulong SchedulerRuntime { get; set; }

    public ulong SchedulerDeadline { get; set; }

    public ulong SchedulerPeriod { get; set; }

    public int OomScoreAdj { get; set; }

    public string Keyring { get; set; } = "";

    public uint MemoryMode { get; set; }

    /// <summary>A bit for each node, 32 a word.</summary>
    public uint[] MemoryNodes { get; set; } = [];

    /// <summary>A bit for each CPU, 32 a word.</summary>
    public uint[] InitialCpus { get; set; } = [];

    public uint[] FinalCpus { get; set; } = [];

    /// <summary>The container process state around the process's number; both empty for a filter that notifies nobody.</summary>
    public byte[] ListenerHead { get; set; } = [];

    public byte[] ListenerTail { get; set; } = [];

    /// <summary>The source that is the connection to the seccomp listener.</summary>
    public uint? ListenerSlot { get; set; }
}

/// <summary>From the managed description to the sealed memory file that PrepareProcess and exec take.</summary>
public static unsafe class ProcessPlanWriter
{
    // Everything in a plan but arguments, environment and groups fits into this with room to spare.
    private const int FixedBytes = 128 * 1024;

    /// <summary>The plan in a sealed memory file, which the caller owns. <paramref name="context"/> begins the text of an error.</summary>
    public static SafeFd Write(ProcessDescription description, string? context = null)
    {
        using var arena = new MessageArena();
        var plan = Compose(description, arena);
        long capacity = FixedBytes + plan.Args.Bytes + plan.Env.Bytes + (plan.Groups.Count * 4L) + description.ListenerTail.Length;
        if (capacity > Limits.ProcessPlan)
        {
            throw new MessageException($"{MessageException.Prefix(context)}arguments and environment are over {Limits.ProcessPlan} bytes");
        }

        byte* buffer = (byte*)NativeMemory.Alloc((nuint)capacity);
        try
        {
            var codec = Codec.Writer(buffer, (int)capacity);
            plan.Fields(ref codec);
            MessageException.ThrowUnlessOk(codec.Status, nameof(ProcessPlan), context);
            return SealedMemfd.Create("process-plan", new ReadOnlySpan<byte>(buffer, codec.Position));
        }
        finally
        {
            NativeMemory.Free(buffer);
        }
    }

    private static ProcessPlan Compose(ProcessDescription d, MessageArena arena) => new()
    {
        Flags = (uint)d.Flags,
        Args = arena.List(d.Args),
        Env = arena.List(d.Env),
        Cwd = arena.Text(d.Cwd),
        Uid = d.Uid,
        Gid = d.Gid,
        Groups = arena.Words([.. d.Groups]),
        Umask = d.Umask,
        Bounding = d.Bounding,
        Permitted = d.Permitted,
        Effective = d.Effective,
        Inheritable = d.Inheritable,
        Ambient = d.Ambient,
        Rlimits = arena.Words(ResourceLimit.Words(d.Rlimits)),
        Seccomp = arena.Bytes(d.Seccomp),
        SeccompFlags = d.SeccompFlags,
        ApparmorProfile = arena.Text(d.ApparmorProfile),
        SelinuxLabel = arena.Text(d.SelinuxLabel),
        Personality = d.Personality,
        IoPriority = d.IoPriority,
        SchedulerPolicy = d.SchedulerPolicy,
        SchedulerNice = d.SchedulerNice,
        SchedulerPriority = d.SchedulerPriority,
        SchedulerFlags = d.SchedulerFlags,
        SchedulerRuntime = d.SchedulerRuntime,
        SchedulerDeadline = d.SchedulerDeadline,
        SchedulerPeriod = d.SchedulerPeriod,
        OomScoreAdj = d.OomScoreAdj,
        Keyring = arena.Text(d.Keyring),
        MemoryMode = d.MemoryMode,
        MemoryNodes = arena.Words(d.MemoryNodes),
        InitialCpus = arena.Words(d.InitialCpus),
        FinalCpus = arena.Words(d.FinalCpus),
        ListenerHead = arena.Bytes(d.ListenerHead),
        ListenerTail = arena.Bytes(d.ListenerTail),
        ListenerSlotPlusOne = d.ListenerSlot is { } slot ? slot + 1 : 0,
    };
}
