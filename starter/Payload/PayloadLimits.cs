using Engine.Shared.Protocol;
using Engine.Shared.Wire;
using Engine.Starter.Server;
using Engine.Starter.Stages;

namespace Engine.Starter.Payload;

/// <summary>Resource limits, scheduling, personality and the session keyring of the payload.</summary>
internal static unsafe class PayloadLimits
{
    private const int WordsEach = 5;

    /// <summary>A session keyring of its own: the caller's keys are not the payload's. A kernel without keys has none to hide.</summary>
    public static bool NewKeyring()
    {
        if (!PayloadPlan.Has(ProcessFlags.NewKeyring))
            return true;
        Text name = PayloadPlan.Plan.Keyring;
        long result = Sys.keyctl(KEYCTL_JOIN_SESSION_KEYRING, name.IsEmpty ? 0 : (long)name.At);
        return result >= 0 || result == -ENOSYS || Failure.Call("keyctl(JOIN_SESSION_KEYRING)"u8, name, result);
    }

    /// <summary>Personality, I/O priority and scheduler: some need capabilities that the payload will not have.</summary>
    public static bool Schedule()
    {
        ref ProcessPlan plan = ref PayloadPlan.Plan;
        if (PayloadPlan.Has(ProcessFlags.HasPersonality))
        {
            int result = Sys.personality(plan.Personality);
            if (result < 0)
                return Failure.Call("personality"u8, result);
        }

        if (PayloadPlan.Has(ProcessFlags.HasIoPriority))
        {
            int result = Sys.ioprio_set(IOPRIO_WHO_PROCESS, 0, (int)plan.IoPriority);
            if (result < 0)
                return Failure.Call("ioprio_set"u8, result);
        }

        return !PayloadPlan.Has(ProcessFlags.HasScheduler) || SetScheduler(ref plan);
    }

    /// <summary>
    /// The caller's limits, then the configured ones over them. After the change of ids and while capabilities are still effective: raising
    /// a hard limit is the kernel's to refuse, and a small number of descriptors or of address space must not end the set-up.
    /// </summary>
    public static bool SetRlimits()
    {
        if (!CallerLimits.Restore())
            return false;
        Words words = PayloadPlan.Plan.Rlimits;
        for (int i = 0; i < words.Count; i += WordsEach)
        {
            rlimit64 limit;
            limit.rlim_cur = words[i + 1] | ((ulong)words[i + 2] << 32);
            limit.rlim_max = words[i + 3] | ((ulong)words[i + 4] << 32);
            int result = Sys.prlimit64(0, (int)words[i], &limit, null);
            if (result < 0)
                return Fail((int)words[i], result);
        }

        return true;
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
        return result >= 0 || Failure.Call("sched_setattr"u8, result);
    }

    private static bool Fail(int resource, int result)
    {
        Failure.Call("prlimit64"u8, RlimitNames.Name(resource), result);
        return result == -EPERM && Failure.Explain("raising a hard limit needs CAP_SYS_RESOURCE"u8);
    }
}
