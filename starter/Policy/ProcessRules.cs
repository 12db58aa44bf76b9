using Engine.Shared.Policy;
using Engine.Shared.Protocol;
using Engine.Shared.Wire;
using Engine.Starter.Payload;
using Engine.Starter.Server;
using Engine.Starter.Supervisor;

namespace Engine.Starter.Policy;

/// <summary>The process of an ordinary user: what its plan may say. Elsewhere: anything.</summary>
internal static unsafe class ProcessRules
{
    // ioprio_set(2): the class is above this bit; 1 is the real-time class, which SYS_ADMIN would allow.
    private const int IoClassShift = 13, RealTimeClass = 1;

    /// <summary>Decides, and makes the caller's identity the plan's where the plan leaves it open.</summary>
    public static bool Permit(ref ProcessPlan plan)
    {
        if (!Rules.Apply)
            return true;
        if (plan.Uid != Caller.Uid || plan.Gid != Caller.Gid)
            return Rules.Deny(PolicyRule.UserIds);
        for (int i = 0; i < plan.Groups.Count; i++)
        {
            if (!Caller.HasGroup(plan.Groups[i]))
                return Rules.Deny(PolicyRule.UserGroups);
        }

        if ((plan.Bounding | plan.Permitted | plan.Effective | plan.Inheritable | plan.Ambient) != 0)
            return Rules.Deny(PolicyRule.Capabilities);
        if (!plan.ApparmorProfile.IsEmpty || !plan.SelinuxLabel.IsEmpty)
            return Rules.Deny(PolicyRule.Labels);
        if (plan.ListenerSlotPlusOne != 0 || !plan.ListenerHead.IsEmpty || !plan.ListenerTail.IsEmpty)
            return Rules.Deny(PolicyRule.SeccompListener);
        if (PayloadPlan.Has(ProcessFlags.HasPersonality) && (plan.Personality & ~(uint)PER_LINUX32) != PER_LINUX)
            return Rules.Deny(PolicyRule.Personality);
        if (PayloadPlan.Has(ProcessFlags.HasIoPriority) && plan.IoPriority >> IoClassShift == RealTimeClass)
            return Rules.Deny(PolicyRule.IoPriority);
        if (PayloadPlan.Has(ProcessFlags.HasOomScoreAdj) && !PermitOomScore(plan.OomScoreAdj))
            return false;
        plan.Flags |= (uint)(ProcessFlags.NoNewPrivileges | ProcessFlags.HasCapabilities);
        return true;
    }

    /// <summary>Not below what the caller's process had, which this one has inherited.</summary>
    public static bool PermitOomScore(int wanted)
    {
        byte* buffer = stackalloc byte[16];
        long length = ProcFile.Read(Sys.getpid(), "oom_score_adj"u8, buffer, 16);
        int sign = length > 0 && buffer[0] == '-' ? -1 : 1, at = sign < 0 ? 1 : 0, present = 0;
        while (at < length && buffer[at] >= '0' && buffer[at] <= '9')
            present = (present * 10) + (buffer[at++] - '0');
        return (length > 0 && wanted >= sign * present) || Rules.Deny(PolicyRule.OomScore);
    }
}
