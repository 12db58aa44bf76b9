using System.Globalization;
using System.Text.Json;
using Engine.Cgroups;

namespace Engine.Cli.Runc;

/// <summary>
/// What events prints of a container's use, with the members, the units and the omissions of runc's types/events.go: a number
/// marked there as omitempty is left out when it is 0. Times are nanoseconds, on both versions of cgroups.
/// </summary>
internal static class RuncStats
{
    private static readonly (string Member, string File)[] CpusetNumbers =
    [
        ("cpu_exclusive", "cpuset.cpu_exclusive"), ("mem_hardwall", "cpuset.mem_hardwall"), ("mem_exclusive", "cpuset.mem_exclusive"),
        ("memory_migrate", "cpuset.memory_migrate"), ("memory_spread_page", "cpuset.memory_spread_page"), ("memory_spread_slab", "cpuset.memory_spread_slab"),
        ("memory_pressure", "cpuset.memory_pressure"), ("sched_load_balance", "cpuset.sched_load_balance"),
    ];

    // Member, file of blkio.
    private static readonly (string Member, string[] Files)[] BlkioTables =
    [
        ("ioServiceBytesRecursive", ["blkio.bfq.io_service_bytes_recursive", "blkio.throttle.io_service_bytes_recursive", "blkio.throttle.io_service_bytes"]),
        ("ioServicedRecursive", ["blkio.bfq.io_serviced_recursive", "blkio.throttle.io_serviced_recursive", "blkio.throttle.io_serviced"]),
        ("ioQueueRecursive", ["blkio.bfq.io_queued_recursive"]),
        ("ioServiceTimeRecursive", ["blkio.bfq.io_service_time_recursive"]),
        ("ioWaitTimeRecursive", ["blkio.bfq.io_wait_time_recursive"]),
        ("ioMergedRecursive", ["blkio.bfq.io_merged_recursive"]),
    ];

    // Operation in the output, key of io.stat.
    private static readonly (string Operation, string Key, bool IsBytes)[] IoStatKeys =
        [("Read", "rbytes", true), ("Write", "wbytes", true), ("Read", "rios", false), ("Write", "wios", false)];

    /// <summary>Writes the value of "data".</summary>
    public static void Write(Utf8JsonWriter json, CgroupReadings cgroups)
    {
        json.WriteStartObject();
        WriteCpu(json, cgroups);
        WriteCpuset(json, cgroups);
        WriteMemory(json, cgroups);
        json.WriteStartObject("pids");
        Some(json, "current", cgroups.Number("pids", "pids.current"));
        Some(json, "limit", cgroups.Number("pids", "pids.max"));
        json.WriteEndObject();
        WriteBlkio(json, cgroups);
        WriteHugetlb(json, cgroups);
        json.WriteStartObject("intel_rdt");
        json.WriteEndObject();
        json.WriteNull("network_interfaces");
        json.WriteEndObject();
    }

    private static void WriteCpu(Utf8JsonWriter json, CgroupReadings cgroups)
    {
        bool v1 = cgroups.IsV1("cpuacct");
        SortedDictionary<string, ulong> stat = cgroups.Table("cpu", "cpu.stat");
        ulong V2(string key) => stat.GetValueOrDefault(key) * 1000;
        json.WriteStartObject("cpu");
        json.WriteStartObject("usage");
        Some(json, "total", v1 ? cgroups.Number("cpuacct", "cpuacct.usage") : V2("usage_usec"));
        List(json, "percpu", v1 ? cgroups.Text("cpuacct", "cpuacct.usage_percpu") : null);
        List(json, "percpu_kernel", v1 ? cgroups.Text("cpuacct", "cpuacct.usage_percpu_sys") : null);
        List(json, "percpu_user", v1 ? cgroups.Text("cpuacct", "cpuacct.usage_percpu_user") : null);
        json.WriteNumber("kernel", v1 ? cgroups.Number("cpuacct", "cpuacct.usage_sys") ?? 0 : V2("system_usec"));
        json.WriteNumber("user", v1 ? cgroups.Number("cpuacct", "cpuacct.usage_user") ?? 0 : V2("user_usec"));
        json.WriteEndObject();
        json.WriteStartObject("throttling");
        Some(json, "periods", stat.GetValueOrDefault("nr_periods"));
        Some(json, "throttledPeriods", stat.GetValueOrDefault("nr_throttled"));
        Some(json, "throttledTime", cgroups.IsV1("cpu") ? stat.GetValueOrDefault("throttled_time") : V2("throttled_usec"));
        json.WriteEndObject();
        Pressure(json, cgroups, "cpu");
        json.WriteEndObject();
    }

    private static void WriteCpuset(Utf8JsonWriter json, CgroupReadings cgroups)
    {
        bool v1 = cgroups.IsV1("cpuset");
        json.WriteStartObject("cpuset");
        Ranges(json, "cpus", v1 ? cgroups.Text("cpuset", "cpuset.cpus") : null);
        json.WriteNumber(CpusetNumbers[0].Member, v1 ? cgroups.Number("cpuset", CpusetNumbers[0].File) ?? 0 : 0);
        Ranges(json, "mems", v1 ? cgroups.Text("cpuset", "cpuset.mems") : null);
        foreach ((string member, string file) in CpusetNumbers.AsSpan(1))
        {
            json.WriteNumber(member, v1 ? cgroups.Number("cpuset", file) ?? 0 : 0);
        }

        string? level = v1 ? cgroups.Text("cpuset", "cpuset.sched_relax_domain_level")?.Trim() : null;
        json.WriteNumber("sched_relax_domain_level", long.TryParse(level, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long number) ? number : 0);
        json.WriteEndObject();
    }

    private static void WriteMemory(Utf8JsonWriter json, CgroupReadings cgroups)
    {
        SortedDictionary<string, ulong> raw = cgroups.Table("memory", "memory.stat");
        json.WriteStartObject("memory");
        if (cgroups.IsV1("memory"))
        {
            Some(json, "cache", raw.GetValueOrDefault("cache"));
            foreach ((string member, string prefix) in new[] { ("usage", "memory."), ("swap", "memory.memsw."), ("kernel", "memory.kmem."), ("kernelTCP", "memory.kmem.tcp.") })
            {
                Entry(
                    json, member, cgroups.Number("memory", prefix + "limit_in_bytes"), cgroups.Number("memory", prefix + "usage_in_bytes"),
                    cgroups.Number("memory", prefix + "max_usage_in_bytes"), cgroups.Number("memory", prefix + "failcnt"));
            }
        }
        else
        {
            Some(json, "cache", raw.GetValueOrDefault("file"));
            Entry(json, "usage", Limit(cgroups, "memory.max"), cgroups.Number("memory", "memory.current"), cgroups.Number("memory", "memory.peak"), null);
            Entry(json, "swap", Limit(cgroups, "memory.swap.max"), cgroups.Number("memory", "memory.swap.current"), cgroups.Number("memory", "memory.swap.peak"), null);
            Entry(json, "kernel", null, null, null, null);
            Entry(json, "kernelTCP", null, null, null, null);
        }

        if (raw.Count > 0)
        {
            json.WriteStartObject("raw");
            foreach ((string key, ulong value) in raw)
            {
                json.WriteNumber(key, value);
            }

            json.WriteEndObject();
        }

        Pressure(json, cgroups, "memory");
        json.WriteEndObject();
    }

    private static void WriteBlkio(Utf8JsonWriter json, CgroupReadings cgroups)
    {
        json.WriteStartObject("blkio");
        if (cgroups.IsV1("blkio"))
        {
            foreach ((string member, string[] files) in BlkioTables)
            {
                Devices(json, member, files.Select(file => BlkioLines(cgroups.Text("blkio", file))).FirstOrDefault(lines => lines.Count > 0) ?? []);
            }
        }
        else
        {
            Devices(json, "ioServiceBytesRecursive", IoStat(cgroups, bytes: true));
            Devices(json, "ioServicedRecursive", IoStat(cgroups, bytes: false));
        }

        Pressure(json, cgroups, "io");
        json.WriteEndObject();
    }

    private static List<(string[] Number, string Operation, ulong Value)> BlkioLines(string? text)
    {
        var lines = new List<(string[], string, ulong)>();
        foreach (string line in text?.Split('\n') ?? [])
        {
            string[] fields = line.Split(' ');
            if (fields.Length == 3 && fields[0].Split(':') is { Length: 2 } number && CgroupReadings.Parse(fields[2]) is { } value)
            {
                lines.Add((number, fields[1], value));
            }
        }

        return lines;
    }

    private static List<(string[] Number, string Operation, ulong Value)> IoStat(CgroupReadings cgroups, bool bytes)
    {
        var lines = new List<(string[], string, ulong)>();
        foreach (string line in cgroups.Text("io", "io.stat")?.Split('\n') ?? [])
        {
            string[] words = line.Split(' ');
            foreach ((string operation, string key, bool isBytes) in IoStatKeys)
            {
                string? word = isBytes == bytes ? Array.Find(words, w => w.StartsWith(key + "=", StringComparison.Ordinal)) : null;
                if (word is not null && words[0].Split(':') is { Length: 2 } number && CgroupReadings.Parse(word[(key.Length + 1)..]) is { } value)
                {
                    lines.Add((number, operation, value));
                }
            }
        }

        return lines;
    }

    private static void Devices(Utf8JsonWriter json, string member, List<(string[] Number, string Operation, ulong Value)> lines)
    {
        if (lines.Count == 0)
        {
            return;
        }

        json.WriteStartArray(member);
        foreach ((string[] number, string operation, ulong value) in lines)
        {
            json.WriteStartObject();
            Some(json, "major", CgroupReadings.Parse(number[0]));
            Some(json, "minor", CgroupReadings.Parse(number[1]));
            json.WriteString("op", operation);
            Some(json, "value", value);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static void WriteHugetlb(Utf8JsonWriter json, CgroupReadings cgroups)
    {
        bool v1 = cgroups.IsV1("hugetlb");
        string used = v1 ? ".usage_in_bytes" : ".current";
        json.WriteStartObject("hugetlb");
        foreach (string file in cgroups.Files("hugetlb").Where(name => name.StartsWith("hugetlb.", StringComparison.Ordinal) && name.EndsWith(used, StringComparison.Ordinal)).Order(StringComparer.Ordinal))
        {
            string size = file[8..^used.Length];
            if (size.Contains('.'))
            {
                // hugetlb.2MB.rsvd.current: reservations are counted apart.
                continue;
            }

            json.WriteStartObject(size);
            Some(json, "usage", cgroups.Number("hugetlb", file));
            Some(json, "max", v1 ? cgroups.Number("hugetlb", $"hugetlb.{size}.max_usage_in_bytes") : null);
            json.WriteNumber("failcnt", (v1 ? cgroups.Number("hugetlb", $"hugetlb.{size}.failcnt") : cgroups.Table("hugetlb", $"hugetlb.{size}.events").GetValueOrDefault("max")) ?? 0);
            json.WriteEndObject();
        }

        json.WriteEndObject();
    }

    // cgroup2 only: lines "some avg10=0.00 avg60=0.00 avg300=0.00 total=0".
    private static void Pressure(Utf8JsonWriter json, CgroupReadings cgroups, string resource)
    {
        string? text = cgroups.IsV1(resource == "io" ? "blkio" : resource) ? null : cgroups.Text(resource, resource + ".pressure");
        if (string.IsNullOrEmpty(text))
        {
            return;
        }

        json.WriteStartObject("psi");
        foreach (string[] words in text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split(' ')))
        {
            json.WriteStartObject(words[0]);
            foreach (string[] pair in words.Skip(1).Select(word => word.Split('=')).Where(pair => pair.Length == 2))
            {
                json.WriteNumber(pair[0], double.Parse(pair[1], CultureInfo.InvariantCulture));
            }

            json.WriteEndObject();
        }

        json.WriteEndObject();
    }

    private static void Entry(Utf8JsonWriter json, string member, ulong? limit, ulong? usage, ulong? max, ulong? failures)
    {
        json.WriteStartObject(member);
        json.WriteNumber("limit", limit ?? 0);
        Some(json, "usage", usage);
        Some(json, "max", max);
        json.WriteNumber("failcnt", failures ?? 0);
        json.WriteEndObject();
    }

    // "max" is the largest number in runc.
    private static ulong? Limit(CgroupReadings cgroups, string file) =>
        cgroups.Text("memory", file) is { } text ? CgroupReadings.Parse(text.Trim()) ?? ulong.MaxValue : null;

    private static void Some(Utf8JsonWriter json, string member, ulong? value)
    {
        if (value is > 0 and ulong number)
        {
            json.WriteNumber(member, number);
        }
    }

    private static void List(Utf8JsonWriter json, string member, string? text)
    {
        string[] words = text?.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries) ?? [];
        if (words.Length == 0)
        {
            return;
        }

        json.WriteStartArray(member);
        foreach (string word in words)
        {
            json.WriteNumberValue(CgroupReadings.Parse(word) ?? 0);
        }

        json.WriteEndArray();
    }

    // "0-2,5" as every number.
    private static void Ranges(Utf8JsonWriter json, string member, string? text)
    {
        var all = new List<ulong>();
        foreach (string range in text?.Trim().Split(',', StringSplitOptions.RemoveEmptyEntries) ?? [])
        {
            string[] ends = range.Split('-');
            if (CgroupReadings.Parse(ends[0]) is { } first && CgroupReadings.Parse(ends[^1]) is { } last && last <= ushort.MaxValue)
            {
                for (ulong number = first; number <= last; number++)
                {
                    all.Add(number);
                }
            }
        }

        if (all.Count > 0)
        {
            json.WriteStartArray(member);
            all.ForEach(json.WriteNumberValue);
            json.WriteEndArray();
        }
    }
}
