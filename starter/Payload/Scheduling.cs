using Engine.Shared.Protocol;
using Engine.Shared.Wire;
using Engine.Starter.Server;

namespace Engine.Starter.Payload;

/// <summary>
/// Execution domain, I/O priority, scheduler and memory policy. Set before the start, so that what the kernel does not take fails the create; and
/// before capabilities go, which some of them need.
/// </summary>
internal static unsafe class Scheduling
{
    /// <summary>Sets what the plan has. Children of this process inherit it, hooks included.</summary>
    public static bool Set()
    {
        ref ProcessPlan plan = ref PayloadPlan.Plan;
        if (PayloadPlan.Has(ProcessFlags.HasPersonality) && !Done("personality"u8, Sys.personality(plan.Personality)))
            return false;
        if (PayloadPlan.Has(ProcessFlags.HasIoPriority) && !Done("ioprio_set"u8, Sys.ioprio_set(IOPRIO_WHO_PROCESS, 0, (int)plan.IoPriority)))
            return false;
        return (!PayloadPlan.Has(ProcessFlags.HasScheduler) || SetScheduler(ref plan)) &&
            (!PayloadPlan.Has(ProcessFlags.HasMemoryPolicy) || SetMemoryPolicy(ref plan));
    }

    /// <summary>Binds a process to a set of CPUs; an empty set changes nothing.</summary>
    public static bool SetAffinity(int pid, Words cpus)
    {
        if (cpus.Count == 0)
            return true;
        ulong* mask = stackalloc ulong[Limits.BitmapWords / 2];
        return Done("sched_setaffinity"u8, Sys.sched_setaffinity(pid, (ulong)Copy(cpus, mask) * 8, mask));
    }

    private static bool SetScheduler(ref ProcessPlan plan)
    {
        sched_attr attributes = default;
        attributes.size = (uint)sizeof(sched_attr);
        attributes.sched_policy = plan.SchedulerPolicy;
        attributes.sched_flags = plan.SchedulerFlags;
        attributes.sched_nice = plan.SchedulerNice;
        attributes.sched_priority = plan.SchedulerPriority;
        attributes.sched_runtime = plan.SchedulerRuntime;
        attributes.sched_deadline = plan.SchedulerDeadline;
        attributes.sched_period = plan.SchedulerPeriod;
        int result = Sys.sched_setattr(0, &attributes, 0);
        if (Done("sched_setattr"u8, result))
            return true;
        return result == -EPERM && Failure.Explain(
            "it takes CAP_SYS_NICE in the initial user namespace, and a realtime policy takes cpu.rt_runtime_us in the container's cgroup"u8);
    }

    // The kernel reads one bit less than it is told.
    private static bool SetMemoryPolicy(ref ProcessPlan plan)
    {
        ulong* nodes = stackalloc ulong[Limits.BitmapWords / 2];
        int words = Copy(plan.MemoryNodes, nodes);
        int result = Sys.set_mempolicy((int)plan.MemoryMode, words == 0 ? null : nodes, words == 0 ? 0 : (ulong)words * 64 + 1);
        if (Done("set_mempolicy"u8, result))
            return true;
        return result == -EINVAL && Failure.Explain("mode, flags and nodes do not fit together, or a node is not there"u8);
    }

    private static int Copy(Words from, ulong* to)
    {
        int words = (from.Count + 1) / 2;
        for (int i = 0; i < words; i++)
            to[i] = from[i * 2] | (i * 2 + 1 < from.Count ? (ulong)from[i * 2 + 1] << 32 : 0);
        return words;
    }

    private static bool Done(ReadOnlySpan<byte> call, int result) => result >= 0 || Failure.Call(call, result);
}
