using Engine.Diagnostics;

namespace Engine.Cgroups;

/// <summary>
/// From linux.cgroupsPath to a path below the cgroup mounts. Absolute paths are relative to the mountpoint, as the
/// specification says; so are relative ones, like Apptainer's; without one it is /engine-oci/ID.
/// </summary>
public static class CgroupPath
{
    /// <summary>Parent of the cgroups of containers that name none.</summary>
    public const string DefaultParent = "engine-oci";

    private const string JsonPath = "linux.cgroupsPath";

    /// <summary>Checks and normalises.</summary>
    /// <param name="cgroupsPath">The config's value; null or empty for the default.</param>
    /// <param name="id">Container id; already checked to be one plain component.</param>
    /// <param name="root">Cgroup below which relative and default paths lie; "/" but where only a part of the tree is ours.</param>
    /// <returns>Starts with "/", has no empty, "." or ".." component and names a cgroup below the root cgroup.</returns>
    /// <exception cref="CgroupException">The value is no path, or one that is refused.</exception>
    public static string Resolve(string? cgroupsPath, string id, string root = "/")
    {
        var given = string.IsNullOrEmpty(cgroupsPath) ? DefaultParent + "/" + id : cgroupsPath;
        if (!given.StartsWith('/'))
        {
            if (given.Count(c => c == ':') == 2)
                throw new CgroupException($"{JsonPath}: {given} is systemd's form slice:prefix:name, which needs the systemd cgroup driver", "give a path such as /machine/NAME");
            given = root + "/" + given;
        }
        var components = given.Split('/', StringSplitOptions.RemoveEmptyEntries).Where(c => c != ".").ToList();
        if (components.Count == 0)
            throw Refuse(given, "is the root cgroup, which cannot be limited or removed", "name a cgroup below it");
        if (components.Contains(".."))
            throw Refuse(given, "contains '..'", "write the path without it");
        if (components.Find(c => c.Length > 255 || c.Any(char.IsControl)) is not null)
            throw Refuse(given, "has a component that is longer than 255 bytes or holds a control character", null);
        return "/" + string.Join('/', components);
    }

    /// <summary>The cgroups above a path, from the root: "/", "/a" for "/a/b".</summary>
    public static IEnumerable<string> Ancestors(string path)
    {
        yield return "/";
        for (var slash = path.IndexOf('/', 1); slash > 0; slash = path.IndexOf('/', slash + 1))
            yield return path[..slash];
    }

    /// <summary>Whether a path is a cgroup or one below it.</summary>
    public static bool IsWithin(string path, string cgroup) => cgroup == "/" || path == cgroup || path.StartsWith(cgroup + "/", StringComparison.Ordinal);

    private static CgroupException Refuse(string given, string why, string? advice) =>
        new($"{JsonPath}: {Quote.Text(given)} {why}", advice);
}
