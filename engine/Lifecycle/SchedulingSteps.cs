using Engine.Rpc;
using Engine.Shared.Linux;
using Engine.Shared.Protocol;
using Engine.Spec;

namespace Engine.Lifecycle;

/// <summary>Scheduler, I/O priority, CPU affinity, execution domain and memory policy of a process, in the kernel's numbers.</summary>
internal static class SchedulingSteps
{
    /// <summary>Fills in what <see cref="SchedulingChecks"/> has let pass; for create and exec alike.</summary>
    public static void Describe(ProcessDescription description, ProcessSpec process, LinuxSpec linux)
    {
        if (process.Scheduler is { } scheduler)
        {
            description.Flags |= ProcessFlags.HasScheduler;
            description.SchedulerPolicy = KernelNames.SchedulerPolicies.Number(scheduler.Policy);
            description.SchedulerFlags = KernelNames.SchedulerFlags.Mask(scheduler.Flags);
            description.SchedulerNice = scheduler.Nice;
            description.SchedulerPriority = (uint)scheduler.Priority;
            description.SchedulerRuntime = scheduler.Runtime;
            description.SchedulerDeadline = scheduler.Deadline;
            description.SchedulerPeriod = scheduler.Period;
        }

        if (process.IoPriority is { } io)
        {
            description.Flags |= ProcessFlags.HasIoPriority;
            description.IoPriority = KernelNames.IoClasses.Number(io.Class) << ioprio_h.IOPRIO_CLASS_SHIFT | (uint)io.Priority;
        }

        if (linux.Personality?.Domain is { Length: > 0 } domain)
        {
            description.Flags |= ProcessFlags.HasPersonality;
            description.Personality = KernelNames.Domains.Number(domain);
        }

        if (linux.MemoryPolicy?.Mode is { Length: > 0 } mode)
        {
            description.Flags |= ProcessFlags.HasMemoryPolicy;
            description.MemoryMode = KernelNames.MemoryModes.Number(mode) | KernelNames.MemoryFlags.Mask(linux.MemoryPolicy.Flags);
            description.MemoryNodes = Bitmap(linux.MemoryPolicy.Nodes);
        }
    }

    /// <summary>execCPUAffinity: of an exec only.</summary>
    public static void DescribeAffinity(ProcessDescription description, CpuAffinitySpec? affinity)
    {
        description.InitialCpus = Bitmap(affinity?.Initial);
        description.FinalCpus = Bitmap(affinity?.Final);
    }

    private static uint[] Bitmap(string? list) => NumberList.TryParse(list, out uint[] bitmap) ? bitmap : [];
}
