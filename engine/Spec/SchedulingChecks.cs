using Engine.Diagnostics;
using static Engine.Spec.CheckText;

namespace Engine.Spec;

/// <summary>
/// What decides where and when the payload runs: scheduler, ioPriority, execCPUAffinity, personality, memoryPolicy. What depends on the kernel's
/// configuration (uclamp, realtime groups, nodes that are online) shows when the call is made.
/// </summary>
internal static class SchedulingChecks
{
    public static void Process(ProcessSpec process, string at, Findings findings)
    {
        if (process.IoPriority is { Priority: < 0 or > 7 } io)
            findings.Error(At(at, "ioPriority.priority"), $"must be from 0 to 7, is {io.Priority}");
        if (process.Scheduler is { } scheduler)
            Scheduler(scheduler, At(at, "scheduler"), findings);
        if (process.ExecCpuAffinity is { } affinity)
        {
            List(affinity.Initial, At(at, "execCPUAffinity.initial"), findings);
            List(affinity.Final, At(at, "execCPUAffinity.final"), findings);
        }
    }

    /// <summary>linux.personality and linux.memoryPolicy.</summary>
    public static void Linux(RuntimeSpec spec, Findings findings)
    {
        if (spec.Linux?.Personality is { } personality)
        {
            if (string.IsNullOrEmpty(personality.Domain))
                findings.Error("linux.personality.domain", "is required");
            // The specification reserves the list and has no value for it.
            for (var i = 0; i < personality.Flags.Length; i++)
                findings.Error($"linux.personality.flags[{i}]", $"no flag is defined, {Quote.Text(personality.Flags[i])} is none");
        }
        if (spec.Linux?.MemoryPolicy is not { } policy)
            return;
        if (string.IsNullOrEmpty(policy.Mode))
            findings.Error("linux.memoryPolicy.mode", "is required");
        List(policy.Nodes, "linux.memoryPolicy.nodes", findings);
        if (policy.Mode is "MPOL_DEFAULT" or "MPOL_LOCAL" && !string.IsNullOrEmpty(policy.Nodes))
            findings.Error("linux.memoryPolicy.nodes", $"{policy.Mode} takes none");
        else if (policy.Mode is "MPOL_BIND" or "MPOL_INTERLEAVE" or "MPOL_WEIGHTED_INTERLEAVE" or "MPOL_PREFERRED_MANY" && string.IsNullOrEmpty(policy.Nodes))
            findings.Error("linux.memoryPolicy.nodes", $"is required for {policy.Mode}");
    }

    private static void Scheduler(SchedulerSpec scheduler, string at, Findings findings)
    {
        if (scheduler.Policy == "SCHED_ISO")
            findings.Error($"{at}.policy", "Linux has reserved SCHED_ISO and never implemented it");
        if (scheduler.Nice is < -20 or > 19)
            findings.Error($"{at}.nice", $"must be from -20 to 19, is {scheduler.Nice}");
        if (scheduler.Priority is < 0 or > 99)
            findings.Error($"{at}.priority", $"must be from 0 to 99, is {scheduler.Priority}");
        var realtime = scheduler.Policy is "SCHED_FIFO" or "SCHED_RR";
        if (scheduler.Priority != 0 && !realtime)
            findings.Error($"{at}.priority", $"is for SCHED_FIFO and SCHED_RR, not for {scheduler.Policy}");
        else if (scheduler.Priority == 0 && realtime)
            findings.Error($"{at}.priority", $"must be from 1 to 99 for {scheduler.Policy}");
        if (scheduler.Policy != "SCHED_DEADLINE" && (scheduler.Runtime | scheduler.Deadline | scheduler.Period) != 0)
            findings.Error(at, $"runtime, deadline and period are for SCHED_DEADLINE, not for {scheduler.Policy}");
    }

    private static void List(string? list, string at, Findings findings)
    {
        if (!NumberList.TryParse(list, out _))
            findings.Error(at, $"must be a list such as 0-3,7 of numbers up to {NumberList.Last}, is {Quote.Text(list)}");
    }
}
