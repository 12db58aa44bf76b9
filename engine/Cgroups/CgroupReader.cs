using System.Globalization;

namespace Engine.Cgroups;

/// <summary>What a container uses. A null is not measured on this machine, or has no limit.</summary>
public sealed record CgroupStats
{
    /// <summary>Bytes in use, page cache included.</summary>
    public long? MemoryCurrent { get; init; }

    /// <summary>Bytes; null for no limit.</summary>
    public long? MemoryLimit { get; init; }

    /// <summary>Most bytes ever in use.</summary>
    public long? MemoryPeak { get; init; }

    /// <summary>Bytes swapped out.</summary>
    public long? SwapCurrent { get; init; }

    /// <summary>Processes killed for want of memory.</summary>
    public long? OomKills { get; init; }

    /// <summary>Processor time in microseconds.</summary>
    public long? CpuUsage { get; init; }

    /// <summary>The part of it spent in user mode.</summary>
    public long? CpuUser { get; init; }

    /// <summary>The part of it spent in the kernel.</summary>
    public long? CpuSystem { get; init; }

    /// <summary>Periods in which the quota was used up.</summary>
    public long? CpuThrottledPeriods { get; init; }

    /// <summary>Microseconds spent waiting for the next period.</summary>
    public long? CpuThrottledTime { get; init; }

    /// <summary>Tasks (processes and threads).</summary>
    public long? PidsCurrent { get; init; }

    /// <summary>Null for no limit.</summary>
    public long? PidsLimit { get; init; }

    /// <summary>Bytes read from block devices.</summary>
    public long? IoReadBytes { get; init; }

    /// <summary>Bytes written to block devices.</summary>
    public long? IoWriteBytes { get; init; }
}

/// <summary>Reads a container's cgroups; any uid may.</summary>
public static class CgroupReader
{
    /// <summary>One sample.</summary>
    /// <param name="slots">From the container's state.</param>
    public static CgroupStats ReadStats(IReadOnlyList<CgroupSlot> slots)
    {
        var stats = new CgroupStats();
        if (V1(slots, "memory") is { } memory)
            stats = MemoryV1(stats, memory);
        if (V1(slots, "cpuacct") is { } cpuacct)
        {
            stats = stats with
            {
                CpuUsage = Number(cpuacct, "cpuacct.usage") / 1000,
                CpuUser = Number(cpuacct, "cpuacct.usage_user") / 1000,
                CpuSystem = Number(cpuacct, "cpuacct.usage_sys") / 1000,
            };
        }
        if (V1(slots, "cpu") is { } cpu)
            stats = stats with { CpuThrottledPeriods = Keyed(cpu, "cpu.stat", "nr_throttled"), CpuThrottledTime = Keyed(cpu, "cpu.stat", "throttled_time") / 1000 };
        if (V1(slots, "blkio") is { } blkio)
        {
            stats = stats with
            {
                IoReadBytes = IoV1(blkio, "Read"),
                IoWriteBytes = IoV1(blkio, "Write"),
            };
        }
        if (slots.FirstOrDefault(s => s.Controllers.Contains("pids")) is { } pids)
            stats = stats with { PidsCurrent = Number(pids, "pids.current"), PidsLimit = Number(pids, "pids.max") };
        return slots.FirstOrDefault(s => s.Version == CgroupVersion.V2) is { } unified ? FillV2(stats, unified) : stats;
    }

    /// <summary>Host pids of all processes of the container, in every hierarchy and below, in order.</summary>
    /// <param name="slots">From the container's state.</param>
    /// <exception cref="CgroupException">A record leads to no cgroup filesystem.</exception>
    public static IReadOnlyList<int> ReadPids(IReadOnlyList<CgroupSlot> slots)
    {
        var pids = new SortedSet<int>();
        foreach (var slot in slots)
        {
            using var tree = CgroupTree.Open(slot);
            pids.UnionWith(tree?.Pids() ?? []);
        }
        return [.. pids];
    }

    /// <summary>Null where nothing can be frozen or the cgroup is gone.</summary>
    /// <param name="slots">From the container's state.</param>
    public static bool? IsFrozen(IReadOnlyList<CgroupSlot> slots)
    {
        if (V1(slots, "freezer") is { } freezer)
            return Read(freezer, "freezer.state") is { } state ? state.Trim() != "THAWED" : null;
        return slots.FirstOrDefault(s => s.Version == CgroupVersion.V2) is { } unified && Keyed(unified, "cgroup.events", "frozen") is { } frozen ? frozen != 0 : null;
    }

    private static CgroupStats MemoryV1(CgroupStats stats, CgroupSlot memory)
    {
        var used = Number(memory, "memory.usage_in_bytes");
        var both = Number(memory, "memory.memsw.usage_in_bytes");
        return stats with
        {
            MemoryCurrent = used,
            MemoryLimit = Number(memory, "memory.limit_in_bytes") is { } limit and < long.MaxValue - 0xffff ? limit : null,
            MemoryPeak = Number(memory, "memory.max_usage_in_bytes"),
            // The two numbers are not read at one moment.
            SwapCurrent = both is { } b && used is { } u ? Math.Max(0, b - u) : null,
            OomKills = Keyed(memory, "memory.oom_control", "oom_kill"),
        };
    }

    /// <summary>What v1 did not say: on a hybrid machine cgroup2 keeps processor time all the same.</summary>
    private static CgroupStats FillV2(CgroupStats stats, CgroupSlot unified) => stats with
    {
        MemoryCurrent = stats.MemoryCurrent ?? Number(unified, "memory.current"),
        MemoryLimit = stats.MemoryLimit ?? Number(unified, "memory.max"),
        MemoryPeak = stats.MemoryPeak ?? Number(unified, "memory.peak"),
        SwapCurrent = stats.SwapCurrent ?? Number(unified, "memory.swap.current"),
        OomKills = stats.OomKills ?? Keyed(unified, "memory.events", "oom_kill"),
        CpuUsage = stats.CpuUsage ?? Keyed(unified, "cpu.stat", "usage_usec"),
        CpuUser = stats.CpuUser ?? Keyed(unified, "cpu.stat", "user_usec"),
        CpuSystem = stats.CpuSystem ?? Keyed(unified, "cpu.stat", "system_usec"),
        CpuThrottledPeriods = stats.CpuThrottledPeriods ?? Keyed(unified, "cpu.stat", "nr_throttled"),
        CpuThrottledTime = stats.CpuThrottledTime ?? Keyed(unified, "cpu.stat", "throttled_usec"),
        PidsCurrent = stats.PidsCurrent ?? Number(unified, "pids.current"),
        PidsLimit = stats.PidsLimit ?? Number(unified, "pids.max"),
        IoReadBytes = stats.IoReadBytes ?? IoV2(unified, "rbytes="),
        IoWriteBytes = stats.IoWriteBytes ?? IoV2(unified, "wbytes="),
    };

    private static CgroupSlot? V1(IReadOnlyList<CgroupSlot> slots, string controller) =>
        slots.FirstOrDefault(s => s.Version == CgroupVersion.V1 && s.Controllers.Contains(controller));

    private static string? Read(CgroupSlot slot, string file) => CgroupFiles.ReadOrNull(slot.Directory + "/" + file);

    private static long? Number(CgroupSlot slot, string file) => Parse(Read(slot, file)?.Trim());

    /// <summary>Value of a line "key value".</summary>
    private static long? Keyed(CgroupSlot slot, string file, string key) =>
        Parse(Read(slot, file)?.Split('\n').FirstOrDefault(l => l.StartsWith(key + " ", StringComparison.Ordinal))?[(key.Length + 1)..]);

    /// <summary>Sum over devices of lines "8:0 Read 123".</summary>
    private static long? IoV1(CgroupSlot slot, string operation) =>
        Read(slot, "blkio.throttle.io_service_bytes_recursive")?.Split('\n')
            .Select(l => l.Split(' ')).Where(f => f.Length == 3 && f[1] == operation).Aggregate(0L, (sum, f) => Saturated(sum, Parse(f[2]) ?? 0));

    /// <summary>Sum over devices of "8:0 rbytes=1 wbytes=2 …".</summary>
    private static long? IoV2(CgroupSlot slot, string key) =>
        Read(slot, "io.stat") is { } text
            ? CgroupFiles.Words(text).Where(w => w.StartsWith(key, StringComparison.Ordinal)).Aggregate(0L, (sum, w) => Saturated(sum, Parse(w[key.Length..]) ?? 0))
            : null;

    private static long Saturated(long sum, long more) => sum > long.MaxValue - more ? long.MaxValue : sum + more;

    private static long? Parse(string? text) => long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;
}
