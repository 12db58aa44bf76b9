namespace Engine.Cgroups;

/// <summary>Which generation of the cgroup interface a hierarchy speaks.</summary>
public enum CgroupVersion
{
    V1 = 1,
    V2 = 2,
}

/// <summary>How the machine as a whole is set up.</summary>
public enum CgroupMode
{
    /// <summary>No cgroup filesystem is mounted in this mount namespace.</summary>
    None,

    /// <summary>Only v1 hierarchies.</summary>
    V1,

    /// <summary>v1 hierarchies, and a cgroup2 mount beside them (usually at /sys/fs/cgroup/unified).</summary>
    Hybrid,

    /// <summary>Only cgroup2.</summary>
    V2,
}

/// <summary>One mounted hierarchy, as this process sees it.</summary>
/// <param name="Version">v1 or v2.</param>
/// <param name="Mountpoint">Absolute path of the mount that is used; never below another mount that hides it.</param>
/// <param name="MountRoot">Cgroup that appears at the mountpoint: "/", or deeper where a container runtime bound a part of the tree.</param>
/// <param name="Controllers">v1: what is mounted here; v2: cgroup.controllers of the mountpoint. Empty for a named or bare hierarchy.</param>
/// <param name="Name">Name of a v1 hierarchy without controllers ("systemd"); otherwise null.</param>
/// <param name="OwnPath">Cgroup of this process as /proc/self/cgroup has it.</param>
/// <param name="ReadOnly">The mount refuses writes.</param>
public sealed record CgroupHierarchy(
    CgroupVersion Version,
    string Mountpoint,
    string MountRoot,
    IReadOnlyList<string> Controllers,
    string? Name,
    string OwnPath,
    bool ReadOnly)
{
    /// <summary>The own cgroup as a path below <see cref="Mountpoint"/>; null when it is not visible through this mount.</summary>
    public string? OwnPathInMount
    {
        get
        {
            if (OwnPath.StartsWith("/..", StringComparison.Ordinal))
                return null;
            if (MountRoot == "/")
                return OwnPath;
            if (OwnPath == MountRoot)
                return "/";
            return OwnPath.StartsWith(MountRoot + "/", StringComparison.Ordinal) ? OwnPath[MountRoot.Length..] : null;
        }
    }

    /// <summary>Short name for people: "cpu,cpuacct", "name=systemd" or "cgroup2".</summary>
    public string Label => Version == CgroupVersion.V2 ? "cgroup2" : Name is { } name ? "name=" + name : string.Join(',', Controllers);
}
