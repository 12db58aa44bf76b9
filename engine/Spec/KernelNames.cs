using static Engine.Shared.Linux.ioprio_h;
using static Engine.Shared.Linux.mempolicy_h;
using static Engine.Shared.Linux.personality_h;
using static Engine.Shared.Linux.sched_h;

namespace Engine.Spec;

/// <summary>Names of the specification that stand for one number of the kernel's: the schema, the checks, the plan and <c>features</c> use them.</summary>
internal sealed class KernelNames
{
    private readonly (string Name, int Number)[] _rows;

    private KernelNames(params (string Name, int Number)[] rows) => _rows = rows;

    /// <summary>process.scheduler.policy. Linux has reserved SCHED_ISO and never had it: <see cref="SchedulingChecks"/> refuses it.</summary>
    public static readonly KernelNames SchedulerPolicies = new(
        ("SCHED_OTHER", SCHED_NORMAL), ("SCHED_FIFO", SCHED_FIFO), ("SCHED_RR", SCHED_RR), ("SCHED_BATCH", SCHED_BATCH),
        ("SCHED_ISO", 4), ("SCHED_IDLE", SCHED_IDLE), ("SCHED_DEADLINE", SCHED_DEADLINE));

    /// <summary>process.scheduler.flags.</summary>
    public static readonly KernelNames SchedulerFlags = new(
        ("SCHED_FLAG_RESET_ON_FORK", SCHED_FLAG_RESET_ON_FORK), ("SCHED_FLAG_RECLAIM", SCHED_FLAG_RECLAIM),
        ("SCHED_FLAG_DL_OVERRUN", SCHED_FLAG_DL_OVERRUN), ("SCHED_FLAG_KEEP_POLICY", SCHED_FLAG_KEEP_POLICY),
        ("SCHED_FLAG_KEEP_PARAMS", SCHED_FLAG_KEEP_PARAMS), ("SCHED_FLAG_UTIL_CLAMP_MIN", SCHED_FLAG_UTIL_CLAMP_MIN),
        ("SCHED_FLAG_UTIL_CLAMP_MAX", SCHED_FLAG_UTIL_CLAMP_MAX));

    /// <summary>process.ioPriority.class.</summary>
    public static readonly KernelNames IoClasses = new(
        ("IOPRIO_CLASS_RT", IOPRIO_CLASS_RT), ("IOPRIO_CLASS_BE", IOPRIO_CLASS_BE), ("IOPRIO_CLASS_IDLE", IOPRIO_CLASS_IDLE));

    /// <summary>linux.personality.domain.</summary>
    public static readonly KernelNames Domains = new(("LINUX", PER_LINUX), ("LINUX32", PER_LINUX32));

    /// <summary>linux.memoryPolicy.mode.</summary>
    public static readonly KernelNames MemoryModes = new(
        ("MPOL_DEFAULT", MPOL_DEFAULT), ("MPOL_BIND", MPOL_BIND), ("MPOL_INTERLEAVE", MPOL_INTERLEAVE),
        ("MPOL_WEIGHTED_INTERLEAVE", MPOL_WEIGHTED_INTERLEAVE), ("MPOL_PREFERRED", MPOL_PREFERRED),
        ("MPOL_PREFERRED_MANY", MPOL_PREFERRED_MANY), ("MPOL_LOCAL", MPOL_LOCAL));

    /// <summary>linux.memoryPolicy.flags.</summary>
    public static readonly KernelNames MemoryFlags = new(
        ("MPOL_F_NUMA_BALANCING", MPOL_F_NUMA_BALANCING), ("MPOL_F_RELATIVE_NODES", MPOL_F_RELATIVE_NODES),
        ("MPOL_F_STATIC_NODES", MPOL_F_STATIC_NODES));

    /// <summary>Every name, in the specification's order.</summary>
    public string[] All => [.. _rows.Select(row => row.Name)];

    /// <summary>The number of a name that the schema let pass.</summary>
    public uint Number(string name) => (uint)_rows.First(row => row.Name == name).Number;

    /// <summary>Several, or-ed.</summary>
    public uint Mask(IEnumerable<string> names) => names.Aggregate(0u, (mask, name) => mask | Number(name));
}
