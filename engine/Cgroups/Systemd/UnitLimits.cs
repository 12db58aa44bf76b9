using System.Globalization;

namespace Engine.Cgroups.Systemd;

/// <summary>
/// The limits of a plan in systemd's words. systemd writes a unit's values again whenever it likes (daemon-reload, another
/// unit's change), so it has to know what the files say: the same steps that are written to the files are told to it. What
/// it has no word for (hugetlb, io.max by device number, memory.oom.group ...) it does not touch.
/// </summary>
public static class UnitLimits
{
    private const ulong Second = 1_000_000;

    // systemd keeps a quota in whole percent of a cpu.
    private const ulong Percent = Second / 100;
    private const ulong DefaultPeriod = 100_000;

    // control file → property. The v1 files are those of systemd's legacy hierarchy.
    private static readonly Dictionary<string, (string Property, Func<string, object> Value)> Words = new()
    {
        ["memory.max"] = ("MemoryMax", value => Amount(value)),
        ["memory.high"] = ("MemoryHigh", value => Amount(value)),
        ["memory.low"] = ("MemoryLow", value => Amount(value)),
        ["memory.min"] = ("MemoryMin", value => Amount(value)),
        ["memory.swap.max"] = ("MemorySwapMax", value => Amount(value)),
        ["cpu.weight"] = ("CPUWeight", value => Amount(value)),
        ["cpuset.cpus"] = ("AllowedCPUs", Mask),
        ["cpuset.mems"] = ("AllowedMemoryNodes", Mask),
        ["pids.max"] = ("TasksMax", value => Amount(value)),
        ["io.weight"] = ("IOWeight", value => LastAmount(value)),
        ["io.bfq.weight"] = ("IOWeight", value => LastAmount(value)),
        ["memory.limit_in_bytes"] = ("MemoryLimit", value => Amount(value)),
        ["cpu.shares"] = ("CPUShares", value => Amount(value)),
        ["blkio.weight"] = ("BlockIOWeight", value => Amount(value)),
    };

    /// <summary>The properties for these writes; a later write of the same takes the place of an earlier one.</summary>
    public static List<UnitProperty> Of(IEnumerable<CgroupStep> steps)
    {
        var properties = new Dictionary<string, UnitProperty>();
        string? quota = null, period = null;
        foreach (WriteCgroupStep write in steps.OfType<WriteCgroupStep>().Where(step => step.JsonPath is not null))
        {
            switch (write.File)
            {
                case "cpu.max":
                    string[] words = write.Value.Split(' ');
                    (quota, period) = (words[0], words.Length > 1 ? words[1] : period);
                    break;
                case "cpu.cfs_quota_us":
                    quota = write.Value;
                    break;
                case "cpu.cfs_period_us":
                    period = write.Value;
                    break;
                case "cpu.idle":
                    // Weight 0 is systemd's word for idle (252); what gives a weight back is a weight.
                    if (write.Value == "1")
                    {
                        properties["CPUWeight"] = new UnitProperty("CPUWeight", 0UL);
                    }

                    break;
                default:
                    // A value for one device is not the unit's.
                    if (Words.TryGetValue(write.File, out var word) && !write.Value.Contains(':'))
                    {
                        properties[word.Property] = new UnitProperty(word.Property, word.Value(write.Value));
                    }

                    break;
            }
        }

        List<UnitProperty> all = [.. properties.Values];
        AddQuota(all, quota, period);
        return all;
    }

    private static void AddQuota(List<UnitProperty> all, string? quota, string? period)
    {
        ulong length = period is null ? DefaultPeriod : ulong.Parse(period, CultureInfo.InvariantCulture);
        if (period is not null)
        {
            all.Add(new UnitProperty("CPUQuotaPeriodUSec", length));
        }

        if (quota is not null)
        {
            ulong given = Amount(quota);
            ulong share = given == UnitProperty.Infinity ? given : (((given * Second / length) + Percent - 1) / Percent) * Percent;
            all.Add(new UnitProperty("CPUQuotaPerSecUSec", share));
        }
    }

    private static ulong Amount(string value) =>
        value is "max" or "-1" ? UnitProperty.Infinity : ulong.Parse(value, NumberStyles.None, CultureInfo.InvariantCulture);

    // "default 100" and "100" are the same.
    private static ulong LastAmount(string value) => Amount(value.Split(' ')[^1]);

    /// <summary>A list such as 0-3,7 as bits, the lowest first.</summary>
    private static byte[] Mask(string list)
    {
        var numbers = new List<int>();
        foreach (string range in list.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            string[] ends = range.Split('-');
            int from = int.Parse(ends[0], CultureInfo.InvariantCulture);
            numbers.AddRange(Enumerable.Range(from, int.Parse(ends[^1], CultureInfo.InvariantCulture) - from + 1));
        }

        byte[] bits = new byte[numbers.Count == 0 ? 0 : (numbers.Max() / 8) + 1];
        numbers.ForEach(number => bits[number / 8] |= (byte)(1 << (number % 8)));
        return bits;
    }
}
