using Engine.Diagnostics;
using Engine.Shared.Protocol;
using Engine.Spec;

namespace Engine.Cgroups;

/// <summary>
/// linux.intelRdt as requests to the supervisor (config-linux.md, Intel RDT). A class of service that the config names belongs to its administrator:
/// it is made when it is missing and stays. One named after the container goes with it, as its monitoring group does.
/// </summary>
/// <param name="Steps">In order; the slots are behind those of the cgroups.</param>
/// <param name="Groups">Directories that a process of the container joins, in that order.</param>
/// <param name="Own">The one to be removed with the container, or null.</param>
internal sealed record ResctrlPlan(IReadOnlyList<CgroupStep> Steps, IReadOnlyList<string> Groups, string? Own)
{
    private const string Schemata = "schemata", Advice = "the reason is in info/last_cmd_status of the resctrl mount";
    private static readonly ResctrlPlan Nothing = new([], [], null);

    /// <summary>Plan of a creation.</summary>
    /// <param name="rdt">Null asks for nothing: resctrl is not looked at.</param>
    /// <param name="id">Container id.</param>
    /// <param name="firstSlot">The first slot that no cgroup has.</param>
    /// <param name="mountpoint">Where resctrl is; null where it is not.</param>
    /// <param name="readFile">Text of a file, or null where there is none.</param>
    /// <exception cref="CgroupException">It cannot be had, or a class of service that exists says something else.</exception>
    public static ResctrlPlan Create(IntelRdtSpec? rdt, string id, int firstSlot, Func<string?> mountpoint, Func<string, string?> readFile)
    {
        if (rdt is null)
            return Nothing;
        var mount = mountpoint() ?? throw new CgroupException("linux.intelRdt: no resctrl filesystem is mounted", "mount -t resctrl resctrl /sys/fs/resctrl");
        if (firstSlot + 2 > Limits.CgroupSlots)
            throw new CgroupException($"linux.intelRdt: there are {firstSlot} cgroup hierarchies, which leaves no slot for it", "use cgroup v2");
        var named = !string.IsNullOrEmpty(rdt.ClosId);
        var path = !named ? "/" + id : rdt.ClosId == "/" ? "/" : "/" + rdt.ClosId;
        var directory = CgroupFiles.Join(mount, path);
        var lines = Lines(rdt);
        var present = readFile(directory + "/" + Schemata);
        if (named && present is null && lines.Count == 0)
            throw new CgroupException($"linux.intelRdt.closID: {directory} does not exist, and no schemata to make it with are given", "make it, or give linux.intelRdt.schemata");
        if (named && present is not null)
            Compare(lines, present, directory);

        var steps = new List<CgroupStep>
        {
            new OpenCgroupStep(firstSlot, mount, path, CgroupFlags.Resctrl | CgroupFlags.Attach | CgroupFlags.Create | (named ? CgroupFlags.Keep : 0)),
        };
        if (lines.Count > 0 && !(named && present is not null))
        {
            // The kernel takes a schemata only with a line feed at its end.
            steps.Add(new WriteCgroupStep(firstSlot, directory, Schemata, string.Join('\n', lines) + "\n", false, "linux.intelRdt", Advice));
        }
        if (!rdt.EnableMonitoring)
            return new(steps, [directory], named ? null : directory);
        var monitoring = $"{path.TrimEnd('/')}/mon_groups/{id}";
        steps.Add(new OpenCgroupStep(firstSlot + 1, mount, monitoring, CgroupFlags.Resctrl | CgroupFlags.Attach | CgroupFlags.Create));
        var group = CgroupFiles.Join(mount, monitoring);
        return new(steps, [directory, group], named ? group : directory);
    }

    /// <summary>What is written: schemata, then l3CacheSchema, whose MB lines give way to memBwSchema, then that.</summary>
    public static List<string> Lines(IntelRdtSpec rdt)
    {
        var lines = new List<string>(rdt.Schemata);
        var cache = (rdt.L3CacheSchema ?? "").Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        var bandwidth = !string.IsNullOrEmpty(rdt.MemBwSchema);
        lines.AddRange(cache.Where(line => !bandwidth || !line.StartsWith("MB:", StringComparison.Ordinal)));
        if (bandwidth)
            lines.Add(rdt.MemBwSchema!);
        return lines;
    }

    private static void Compare(List<string> lines, string present, string directory)
    {
        var now = Domains(present.Split('\n'));
        foreach (var (domain, value) in Domains(lines))
        {
            if (!now.TryGetValue(domain, out var has) || has != value)
                throw new CgroupException($"linux.intelRdt: {directory} exists and has {Quote.Text(has ?? "nothing")} for {domain}, not {Quote.Text(value)}", "name another closID, or the schemata that it has");
        }
    }

    // "L3:0=00ff;1=f" to L3:0 → ff, L3:1 → f: the kernel pads what it shows.
    private static Dictionary<string, string> Domains(IEnumerable<string> lines)
    {
        var domains = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var line in lines)
        {
            var colon = line.IndexOf(':');
            if (colon < 0)
                continue;
            foreach (var entry in line[(colon + 1)..].Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
            {
                var halves = entry.Split('=', 2);
                domains[$"{line[..colon].Trim()}:{halves[0].Trim()}"] = halves[^1].Trim().TrimStart('0').ToLowerInvariant();
            }
        }
        return domains;
    }
}
