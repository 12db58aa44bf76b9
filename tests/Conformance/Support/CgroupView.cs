namespace Engine.Tests.Conformance;

/// <summary>The cgroup hierarchies as this process sees them: pure v1, hybrid or pure v2 (tests/cgroup-view.sh).</summary>
internal sealed class CgroupView
{
    private readonly List<(string Root, string Point, string[] Controllers, bool V2)> _mounts;

    private CgroupView(List<(string, string, string[], bool)> mounts) => _mounts = mounts;

    /// <summary>v1, hybrid or v2.</summary>
    public string Name => _mounts.All(m => m.V2) ? "v2" : _mounts.Any(m => m.V2) ? "hybrid" : "v1";

    public bool IsV2 => Name == "v2";

    public static CgroupView Detect()
    {
        var mounts = new List<(string, string, string[], bool)>();
        foreach (var line in File.ReadLines("/proc/self/mountinfo"))
        {
            var halves = line.Split(" - ");
            var (left, right) = (halves[0].Split(' '), halves[1].Split(' '));
            if (right[0] is "cgroup" or "cgroup2")
            {
                mounts.Add((left[3], left[4], right[0] == "cgroup2" ? [] : right[2].Split(','), right[0] == "cgroup2"));
            }
        }
        return new CgroupView(mounts);
    }

    /// <summary>Whether a container can have the controller: mounted on v1, or in cgroup.controllers of a pure v2 tree.</summary>
    public bool Has(string controller) => IsV2
        ? File.ReadAllText(Path.Combine(_mounts[0].Point, "cgroup.controllers")).Split([' ', '\n']).Contains(controller)
        : _mounts.Any(m => !m.V2 && m.Controllers.Contains(controller));

    /// <summary>Directory of the process's cgroup; the controller's hierarchy on v1 and hybrid, the only one on v2.</summary>
    public string Directory(int pid, string controller)
    {
        var mount = _mounts.First(m => IsV2 || m.Controllers.Contains(controller));
        var line = File.ReadLines($"/proc/{pid}/cgroup").Select(l => l.Split(':', 3))
            .First(f => IsV2 ? f[0] == "0" : f[1].Split(',').Contains(controller));
        var path = mount.Root != "/" && line[2].StartsWith(mount.Root, StringComparison.Ordinal) ? line[2][mount.Root.Length..] : line[2];
        return mount.Point + path;
    }
}
