namespace Engine.Tests.Conformance.Entries;

/// <summary>config.md#process: limits, scheduling and the like.</summary>
internal static class ProcessLimits
{
    // No limit above this machine's hard ones: a caller without CAP_SYS_RESOURCE may only lower.
    private static readonly string[] Limits = ["AS", "CORE", "CPU", "DATA", "FSIZE", "LOCKS", "MEMLOCK", "MSGQUEUE", "NICE", "NOFILE", "NPROC", "RSS", "RTPRIO", "RTTIME", "SIGPENDING", "STACK"];

    private static readonly (string Policy, int Number, JsonObject Extra, (string Name, string Value)[] Seen)[] Policies =
    [
        ("SCHED_OTHER", 0, new() { ["nice"] = 5 }, [("nice", "5")]),
        ("SCHED_BATCH", 3, new() { ["nice"] = 7 }, [("nice", "7")]),
        ("SCHED_IDLE", 5, [], []),
        ("SCHED_FIFO", 1, new() { ["priority"] = 10 }, [("priority", "10")]),
        ("SCHED_RR", 2, new() { ["priority"] = 20 }, [("priority", "20")]),
        ("SCHED_DEADLINE", 6, new() { ["runtime"] = 10_000_000, ["deadline"] = 100_000_000, ["period"] = 100_000_000 }, [("runtime", "10000000"), ("deadline", "100000000")]),
    ];

    public static Entry[] All { get; } =
    [
        .. Limits.Select(name => new Entry($"process.rlimit.{name}", "config.md#posix-process", $"RLIMIT_{name} is the configured one, soft and hard", t =>
        {
            var (soft, hard) = Values(name);
            Assert.Equal($"{soft} {hard}", t.Look(t.NewBundle().WithRlimit("RLIMIT_" + name, soft, hard), "rlimits")["RLIMIT_" + name]);
        })),
        new("process.oom-score", "config.md#linux-process", "oomScoreAdj is that of the program", t =>
        {
            var bundle = t.NewBundle();
            bundle.Process["oomScoreAdj"] = 500;
            Assert.Equal("500\n", t.Look(bundle, "cat", "/proc/self/oom_score_adj").Text);
        }),
        new("process.oom-score.unset", "config.md#linux-process", "without oomScoreAdj the value is the caller's", t =>
            Assert.Equal(File.ReadAllText("/proc/self/oom_score_adj"), t.Look(t.NewBundle(), "cat", "/proc/self/oom_score_adj").Text)),
        .. Policies.Select(row => new Entry($"process.scheduler.{row.Policy}", "config.md#linux-process", $"scheduler {row.Policy} is the program's, with its parameters", t =>
        {
            Realtime(t, row.Policy);
            var bundle = t.NewBundle();
            var scheduler = row.Extra.DeepClone();
            scheduler["policy"] = row.Policy;
            bundle.Process["scheduler"] = scheduler;
            var seen = t.Look(bundle, "sched");
            Assert.Equal(row.Number.ToString(System.Globalization.CultureInfo.InvariantCulture), seen["policy"]);
            Assert.All(row.Seen, s => Assert.Equal(s.Value, seen[s.Name]));
        })),
        new("process.scheduler.flags", "config.md#linux-process", "scheduler flags are set", t =>
        {
            var bundle = t.NewBundle();
            bundle.Process["scheduler"] = new JsonObject { ["policy"] = "SCHED_BATCH", ["flags"] = Scenario.Strings("SCHED_FLAG_RESET_ON_FORK") };
            Assert.Equal("1", t.Look(bundle, "sched")["flags"]);
        }),
        .. new[] { ("IOPRIO_CLASS_BE", 2, 6), ("IOPRIO_CLASS_IDLE", 3, 0), ("IOPRIO_CLASS_RT", 1, 4) }.Select(row => new Entry($"process.ioprio.{row.Item1}", "config.md#linux-process", $"ioPriority {row.Item1} is the program's", t =>
        {
            var bundle = t.NewBundle();
            bundle.Process["ioPriority"] = new JsonObject { ["class"] = row.Item1, ["priority"] = row.Item3 };
            var seen = t.Look(bundle, "sched");
            Assert.Equal(($"{row.Item2}", $"{row.Item3}"), (seen["ioclass"], seen["iolevel"]));
        })),
        new("linux.personality.LINUX", "config-linux.md#personality", "personality LINUX is the 64-bit one", t => Personality(t, "LINUX", "0000000000000000", "x86_64")),
        new("linux.personality.LINUX32", "config-linux.md#personality", "personality LINUX32 makes uname say a 32-bit machine", t => Personality(t, "LINUX32", "0000000000000008", "i686")),
        new("linux.personality.bad", "config-linux.md#personality", "a personality domain that does not exist is refused", t =>
            t.Refused(t.NewBundle().Edit(c => c["linux"]!["personality"] = new JsonObject { ["domain"] = "NONSENSE" }))),
        new("process.exec-cpu-affinity", "config.md#linux-process", "execCPUAffinity.final is the affinity of an exec process", t =>
        {
            Scenario.Need(Environment.ProcessorCount > 1, "one processor");
            var bundle = t.NewWaiting();
            bundle.Process["execCPUAffinity"] = new JsonObject { ["initial"] = "0", ["final"] = "1" };
            var container = t.StartWaiting(bundle);
            Assert.Equal("0000000000000002", container.Exec([], "/probe", "sched")["affinity"]);
        }),
        new("process.exec-cpu-affinity.not-for-create", "config.md#linux-process", "execCPUAffinity does not touch the container process", t =>
        {
            Scenario.Need(Environment.ProcessorCount > 1, "one processor");
            var bundle = t.NewBundle();
            var plain = t.Look(bundle, "sched")["affinity"];
            bundle.Process["execCPUAffinity"] = new JsonObject { ["final"] = "1" };
            Assert.Equal(plain, t.Look(bundle, "sched")["affinity"]);
        }),
        new("linux.memory-policy", "config-linux.md#memory-policy", "memoryPolicy is applied", t =>
        {
            Scenario.Need(File.Exists("/proc/self/numa_maps"), "the kernel has no NUMA policies");
            var bundle = t.NewBundle();
            bundle.Linux["memoryPolicy"] = new JsonObject { ["mode"] = "MPOL_BIND", ["nodes"] = "0" };
            Assert.Contains("bind:0", t.Look(bundle, "cat", "/proc/self/numa_maps").Text, StringComparison.Ordinal);
        }),
        new("linux.intel-rdt", "config-linux.md#intelrdt", "intelRdt is an error where resctrl is absent", t =>
        {
            Scenario.Need(!Directory.Exists("/sys/fs/resctrl/schemata") && !File.ReadAllText("/proc/filesystems").Contains("resctrl", StringComparison.Ordinal), "this machine has resctrl");
            var bundle = t.NewBundle();
            bundle.Linux["intelRdt"] = new JsonObject { ["l3CacheSchema"] = "L3:0=f" };
            t.Refused(bundle);
        }),
    ];

    // Values that this machine's hard limits allow and that leave the container able to start.
    private static (ulong Soft, ulong Hard) Values(string name)
    {
        var hard = name switch
        {
            "NICE" or "RTPRIO" => 0UL,
            "MEMLOCK" or "MSGQUEUE" => 32_768UL,
            "NOFILE" => 512UL,
            "NPROC" or "SIGPENDING" => 4_000UL,
            _ => 2_000_000_000UL,
        };
        return (hard - (hard > 1 ? hard / 4 : 0), hard);
    }

    // A realtime policy needs realtime time in the cpu cgroup, which this kernel gives to the root group alone when it has group scheduling.
    private static void Realtime(Scenario t, string policy)
    {
        if (policy is "SCHED_FIFO" or "SCHED_RR" && t.View.Has("cpu") && !t.View.IsV2)
        {
            Scenario.Need(!File.Exists(Path.Combine(t.View.Directory(Environment.ProcessId, "cpu"), "cpu.rt_runtime_us")), "realtime group scheduling: a new cpu cgroup has no realtime time");
        }
    }

    private static void Personality(Scenario t, string domain, string value, string machine)
    {
        Scenario.Need(System.Runtime.InteropServices.RuntimeInformation.OSArchitecture == System.Runtime.InteropServices.Architecture.X64, "no x86-64 machine");
        var bundle = t.NewBundle();
        bundle.Linux["personality"] = new JsonObject { ["domain"] = domain };
        Assert.Equal(value, t.Look(bundle, "sched")["personality"]);
        Assert.Equal(machine, t.Shell(bundle, "uname -m"));
    }
}
