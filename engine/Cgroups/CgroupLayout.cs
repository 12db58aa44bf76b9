using System.Globalization;

namespace Engine.Cgroups;

/// <summary>
/// Which cgroup hierarchies exist here, where they are mounted, and where each controller lives.
/// Computed from text alone; only <see cref="Read"/> touches the machine, and only to read (any uid).
/// </summary>
public sealed class CgroupLayout
{
    private CgroupLayout(CgroupMode mode, IReadOnlyList<CgroupHierarchy> hierarchies, IReadOnlyList<CgroupHierarchy> withheld)
    {
        Mode = mode;
        Hierarchies = hierarchies;
        Withheld = withheld;
    }

    /// <summary>v1, hybrid, v2 or none.</summary>
    public CgroupMode Mode { get; }

    /// <summary>Mounted hierarchies: v1 in the order of /proc/self/cgroup, cgroup2 last.</summary>
    public IReadOnlyList<CgroupHierarchy> Hierarchies { get; }

    /// <summary>Those that the machine has and <see cref="Only"/> took away; cgroup2 with the controllers that <see cref="Below"/> did.</summary>
    public IReadOnlyList<CgroupHierarchy> Withheld { get; }

    /// <summary>The cgroup2 hierarchy, with or without controllers; null when it is not mounted.</summary>
    public CgroupHierarchy? Unified => Hierarchies.FirstOrDefault(h => h.Version == CgroupVersion.V2);

    /// <summary>v1 freezer where it is mounted, else cgroup2 (cgroup.freeze, kernel 5.2), else null: pause is then impossible.</summary>
    public CgroupHierarchy? Freezer => OnV1("freezer") ?? Unified;

    /// <summary>v1 devices where it is mounted, else cgroup2 (a BPF program), else null: device rules cannot be enforced.</summary>
    public CgroupHierarchy? Devices => OnV1("devices") ?? Unified;

    /// <summary>The hierarchy that has this controller, or null. For "freezer" and "devices", which cgroup2 has without listing them, see the properties.</summary>
    public CgroupHierarchy? Find(string controller) => Hierarchies.FirstOrDefault(h => h.Controllers.Contains(controller));

    /// <summary>Reads /proc/self/mountinfo, /proc/self/cgroup and cgroup.controllers of the cgroup2 mount.</summary>
    public static CgroupLayout Read() =>
        Parse(File.ReadAllText("/proc/self/mountinfo"), File.ReadAllText("/proc/self/cgroup"), CgroupFiles.ReadOrNull);

    /// <summary>Where a process is on cgroup2, below the mountpoint; null when it is not there to be seen.</summary>
    public static string? PathOf(int pid) =>
        CgroupFiles.ReadOrNull(string.Create(CultureInfo.InvariantCulture, $"/proc/{pid}/cgroup")) is { } text
            ? Parse(File.ReadAllText("/proc/self/mountinfo"), text, static _ => null).Unified?.OwnPathInMount
            : null;

    /// <summary>Pure form of <see cref="Read"/>.</summary>
    /// <param name="mountinfo">Text of /proc/PID/mountinfo.</param>
    /// <param name="procCgroup">Text of /proc/PID/cgroup (cgroups(7)).</param>
    /// <param name="readFile">Text of a file, or null when there is none; asked for MOUNTPOINT/cgroup.controllers only.</param>
    public static CgroupLayout Parse(string mountinfo, string procCgroup, Func<string, string?> readFile)
    {
        var table = CgroupMountTable.Parse(mountinfo);
        var v1Mounts = table.Visible("cgroup").ToList();
        var v2Mounts = table.Visible("cgroup2").ToList();
        var v1 = new List<CgroupHierarchy>();
        CgroupHierarchy? v2 = null;
        foreach (var line in procCgroup.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            var fields = line.Split(':', 3);
            if (fields.Length != 3)
                continue;
            var subsystems = fields[1].Split(',', StringSplitOptions.RemoveEmptyEntries);
            if (subsystems.Length == 0)
                v2 = Unite(Best(v2Mounts), fields[2], readFile);
            else if (Best(v1Mounts.Where(m => subsystems.All(m.SuperOptions.Contains))) is { } mount)
                v1.Add(V1(mount, subsystems, fields[2]));
        }
        var mode = (v1.Count > 0, v2 is not null) switch
        {
            (true, true) => CgroupMode.Hybrid,
            (true, false) => CgroupMode.V1,
            (false, true) => CgroupMode.V2,
            _ => CgroupMode.None,
        };
        if (v2 is not null)
            v1.Add(v2);
        return new CgroupLayout(mode, v1, []);
    }

    /// <summary>The same without the hierarchies that <paramref name="isUsable"/> refuses.</summary>
    public CgroupLayout Only(Func<CgroupHierarchy, bool> isUsable)
    {
        var usable = Hierarchies.Where(isUsable).ToList();
        return new CgroupLayout(Mode, usable, [.. Withheld, .. Hierarchies.Except(usable)]);
    }

    /// <summary>The same where of cgroup2 only what a cgroup passes on can be had: that one's controllers instead of the mountpoint's.</summary>
    /// <param name="cgroup">Below the mountpoint.</param>
    /// <param name="readFile">As for <see cref="Parse"/>.</param>
    public CgroupLayout Below(string cgroup, Func<string, string?> readFile)
    {
        if (Unified is not { } unified || readFile(CgroupFiles.Join(unified.Mountpoint, cgroup) + "/cgroup.controllers") is not { } text)
            return this;
        string[] passed = CgroupFiles.Words(text);
        string[] kept = [.. unified.Controllers.Except(passed)];
        return kept.Length == 0
            ? this
            : new CgroupLayout(Mode, [.. Hierarchies.Select(h => h == unified ? unified with { Controllers = passed } : h)], [.. Withheld, unified with { Controllers = kept }]);
    }

    private CgroupHierarchy? OnV1(string controller) =>
        Hierarchies.FirstOrDefault(h => h.Version == CgroupVersion.V1 && h.Controllers.Contains(controller));

    private static CgroupHierarchy V1(MountLine mount, string[] subsystems, string ownPath)
    {
        const string named = "name=";
        var name = subsystems.FirstOrDefault(s => s.StartsWith(named, StringComparison.Ordinal))?[named.Length..];
        string[] controllers = name is null ? subsystems : [.. subsystems.Where(s => !s.StartsWith(named, StringComparison.Ordinal))];
        return new CgroupHierarchy(CgroupVersion.V1, mount.Mountpoint, mount.Root, controllers, name, ownPath, mount.ReadOnly);
    }

    private static CgroupHierarchy? Unite(MountLine? mount, string ownPath, Func<string, string?> readFile)
    {
        if (mount is null)
            return null;
        var controllers = CgroupFiles.Words(readFile(mount.Mountpoint + "/cgroup.controllers"));
        return new CgroupHierarchy(CgroupVersion.V2, mount.Mountpoint, mount.Root, controllers, null, ownPath, mount.ReadOnly);
    }

    /// <summary>One hierarchy may be mounted many times: a writable mount of the whole tree at the usual place is the best.</summary>
    private static MountLine? Best(IEnumerable<MountLine> mounts) => mounts
        .OrderBy(m => m.ReadOnly)
        .ThenBy(m => m.Root != "/")
        .ThenBy(m => !(m.Mountpoint + "/").StartsWith("/sys/fs/cgroup/", StringComparison.Ordinal))
        .FirstOrDefault();
}
