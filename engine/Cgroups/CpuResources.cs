using Engine.Spec;

namespace Engine.Cgroups;

/// <summary>linux.resources.cpu to the controllers cpu and cpuset.</summary>
internal static class CpuResources
{
    private const string RealtimeAdvice =
        "the kernel needs RT_GROUP_SCHED, and every cgroup above must have cpu.rt_runtime_us of at least this";

    /// <summary>Adds the writes.</summary>
    public static void Plan(ResourceContext c, CpuSpec cpu)
    {
        CheckBurst(c, cpu);
        var quotaSet = c.IsSet(cpu.Quota, "cpu.quota");
        var periodSet = c.IsSet(cpu.Period, "cpu.period");
        var sharesSet = c.IsSet(cpu.Shares, "cpu.shares");
        if (cpu.Idle is not null and not 0 and not 1)
            throw c.Refuse("cpu.idle", $"{cpu.Idle} is neither 0 nor 1");
        PlanRealtime(c, cpu);
        if (sharesSet || cpu.Idle is not null)
            PlanWeight(c, cpu, sharesSet);
        if (quotaSet || periodSet || cpu.Burst is not null)
            PlanBandwidth(c, cpu, quotaSet ? cpu.Quota : null, periodSet ? cpu.Period : null);
        PlanSet(c, "cpuset.cpus", cpu.Cpus, "cpu.cpus");
        PlanSet(c, "cpuset.mems", cpu.Mems, "cpu.mems");
    }

    /// <summary>
    /// v2 weight of v1 shares: 2..262144 linearly onto 1..10000, the conversion that runc and crun documented and used for
    /// years. (1024 shares become 39, not v2's default of 100.)
    /// </summary>
    public static ulong WeightOfShares(ulong shares) => 1 + ((Math.Clamp(shares, 2, 262144) - 2) * 9999 / 262142);

    private static void CheckBurst(ResourceContext c, CpuSpec cpu)
    {
        if (cpu.Burst is { } burst && cpu.Quota is > 0 and var quota && burst > (ulong)quota)
            throw c.Refuse("cpu.burst", $"{burst} is more than cpu.quota {quota}", "lower the burst or raise the quota");
    }

    private static void PlanWeight(ResourceContext c, CpuSpec cpu, bool sharesSet)
    {
        var slot = c.Require("cpu", sharesSet ? "cpu.shares" : "cpu.idle");
        // The kernel refuses a weight while the group is idle.
        var idleFirst = cpu.Idle == 0 || (sharesSet && cpu.Idle == 1 && c.Current(slot, "cpu.idle") == "1");
        if (idleFirst)
            c.Write(slot, "cpu.idle", "0", "cpu.idle", optional: true);
        if (sharesSet)
        {
            var shares = cpu.Shares.GetValueOrDefault();
            if (slot.Version == CgroupVersion.V1)
                c.Write(slot, "cpu.shares", shares.ToString(), "cpu.shares");
            else
                c.Write(slot, "cpu.weight", WeightOfShares(shares).ToString(), "cpu.shares");
        }
        if (cpu.Idle == 1)
            c.Write(slot, "cpu.idle", "1", "cpu.idle", advice: "it needs kernel 5.15");
    }

    private static void PlanBandwidth(ResourceContext c, CpuSpec cpu, long? quota, ulong? period)
    {
        var slot = c.Require("cpu", quota is not null ? "cpu.quota" : period is not null ? "cpu.period" : "cpu.burst");
        var v1 = slot.Version == CgroupVersion.V1;
        var burstFile = v1 ? "cpu.cfs_burst_us" : "cpu.max.burst";
        // A burst above the quota is refused at every moment: a smaller burst goes before the quota, a larger one after.
        var burstFirst = cpu.Burst is { } burst && burst <= (ulong)(c.CurrentLimit(slot, burstFile, 0) ?? 0);
        if (burstFirst)
            c.Write(slot, burstFile, $"{cpu.Burst}", "cpu.burst", optional: cpu.Burst == 0);
        if (v1)
            PlanV1Bandwidth(c, slot, quota, period);
        else if (quota is not null || period is not null)
            PlanV2Bandwidth(c, slot, quota, period);
        if (cpu.Burst is not null && !burstFirst)
            c.Write(slot, burstFile, $"{cpu.Burst}", "cpu.burst", advice: "it needs kernel 5.14, and a quota that is not smaller");
    }

    /// <summary>The share quota/period may not pass the parent's at any moment, so whichever write lowers it goes first.</summary>
    private static void PlanV1Bandwidth(ResourceContext c, CgroupSlot slot, long? quota, ulong? period)
    {
        var currentPeriod = (ulong)(c.CurrentLimit(slot, "cpu.cfs_period_us", 100000) ?? 100000);
        var quotaFirst = period < currentPeriod && c.CurrentLimit(slot, "cpu.cfs_quota_us", null) is not null;
        if (quota is not null && quotaFirst)
            WriteQuota();
        if (period is not null)
            c.Write(slot, "cpu.cfs_period_us", $"{period}", "cpu.period");
        if (quota is not null && !quotaFirst)
            WriteQuota();

        void WriteQuota() => c.Write(slot, "cpu.cfs_quota_us", quota < 0 ? "-1" : $"{quota}", "cpu.quota");
    }

    private static void PlanV2Bandwidth(ResourceContext c, CgroupSlot slot, long? quota, ulong? period)
    {
        var max = quota switch
        {
            null => c.CurrentLimit(slot, "cpu.max", null)?.ToString() ?? "max",
            < 0 => "max",
            _ => $"{quota}",
        };
        // Without a second word the kernel keeps the period.
        c.Write(slot, "cpu.max", period is null ? max : $"{max} {period}", quota is not null ? "cpu.quota" : "cpu.period");
    }

    private static void PlanRealtime(ResourceContext c, CpuSpec cpu)
    {
        var periodSet = c.IsSet(cpu.RealtimePeriod, "cpu.realtimePeriod");
        if (cpu.RealtimeRuntime is null && !periodSet)
            return;
        var member = cpu.RealtimeRuntime is null ? "cpu.realtimePeriod" : "cpu.realtimeRuntime";
        if (c.OnV1("cpu") is not { } slot)
        {
            // No time for realtime threads is how a v2 cgroup is anyway.
            if (cpu.RealtimeRuntime is null or 0 && !periodSet)
                return;
            if (c.Unified is { } unified && unified.Controllers.Contains("cpu"))
                throw c.NotOnV2(member, "limit for realtime threads");
            throw c.Missing("cpu", member);
        }
        var current = (ulong)(c.CurrentLimit(slot, "cpu.rt_period_us", 1000000) ?? 1000000);
        var runtimeFirst = periodSet && cpu.RealtimePeriod < current;
        if (cpu.RealtimeRuntime is not null && runtimeFirst)
            WriteRuntime();
        if (periodSet)
            c.Write(slot, "cpu.rt_period_us", $"{cpu.RealtimePeriod}", "cpu.realtimePeriod", advice: RealtimeAdvice);
        if (cpu.RealtimeRuntime is not null && !runtimeFirst)
            WriteRuntime();

        void WriteRuntime() => c.Write(
            slot, "cpu.rt_runtime_us", $"{cpu.RealtimeRuntime}", "cpu.realtimeRuntime", optional: cpu.RealtimeRuntime == 0, RealtimeAdvice);
    }

    private static void PlanSet(ResourceContext c, string file, string? list, string member)
    {
        if (string.IsNullOrEmpty(list))
            return;
        if (list.Any(ch => !(char.IsAsciiDigit(ch) || ch is ',' or '-' or ':' or '/' or ' ')))
            throw c.Refuse(member, $"{Diagnostics.Quote.Text(list)} is no list of numbers", "write it as 0-3,7");
        c.Write(c.Require("cpuset", member), file, list, member, advice: "the cgroups above must have these too, and they must be online");
    }
}
