namespace Engine.Starter;

/// <summary>How the kernel schedules the process and places its memory: asked of the kernel.</summary>
internal static unsafe class Scheduling
{
    /// <summary>Policy, nice value, static priority, deadline parameters, flags; I/O class and level; the affinity mask; the personality.</summary>
    public static void Show()
    {
        sched_attr attributes = default;
        attributes.size = (uint)sizeof(sched_attr);
        Out.Result("sched"u8, Sys.sched_getattr(0, &attributes, (uint)sizeof(sched_attr), 0));
        Out.Line("policy"u8, attributes.sched_policy);
        Out.Line("nice"u8, attributes.sched_nice);
        Out.Line("priority"u8, attributes.sched_priority);
        Out.Line("runtime"u8, (long)attributes.sched_runtime);
        Out.Line("deadline"u8, (long)attributes.sched_deadline);
        Out.Line("period"u8, (long)attributes.sched_period);
        Out.Line("flags"u8, (long)attributes.sched_flags);

        long* arguments = stackalloc long[6];
        for (int i = 0; i < 6; i++)
            arguments[i] = 0;
        arguments[0] = IOPRIO_WHO_PROCESS;
        long priority = Sys.Raw(SYS_ioprio_get, arguments);
        Out.Line("ioclass"u8, priority >> 13);
        Out.Line("iolevel"u8, priority & 0x1fff);

        ulong mask = 0;
        Sys.sched_getaffinity(0, sizeof(ulong), &mask);
        Out.Set("affinity"u8, mask);
        Out.Set("personality"u8, (uint)Sys.personality(uint.MaxValue));
    }
}
