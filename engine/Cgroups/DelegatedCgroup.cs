using Engine.Linux;

namespace Engine.Cgroups;

/// <summary>
/// The part of the cgroup2 tree that an ordinary user may change (cgroups(7), Cgroups delegation): found by what this process may write to,
/// from its own cgroup up. A process can only be moved below a common ancestor that the user may change, so no other part of the tree counts.
/// </summary>
public static class DelegatedCgroup
{
    // Without these a cgroup can be made, but no process be put into it and no controller be passed on.
    private static readonly string[] Files = ["cgroup.procs", "cgroup.subtree_control"];

    /// <summary>The topmost cgroup that is delegated to this process, below the mountpoint; null when its own is not.</summary>
    /// <param name="layout">This machine's.</param>
    public static string? Find(CgroupLayout layout) => Find(layout, Linux.Files.IsWritable);

    /// <summary>
    /// Whether this process may put its children into a cgroup: it must be able to write to cgroup.procs of the nearest one that is
    /// above its own, too (cgroup-v2.rst, Delegation Containment). True where that cannot be told.
    /// </summary>
    /// <param name="layout">This machine's.</param>
    /// <param name="path">Below the mountpoint of cgroup2.</param>
    public static bool Reaches(CgroupLayout layout, string path) => Reaches(layout, path, Linux.Files.IsWritable);

    /// <summary>Pure form of <see cref="Reaches(CgroupLayout, string)"/>.</summary>
    internal static bool Reaches(CgroupLayout layout, string path, Func<string, bool> isWritable)
    {
        if (layout.Unified is not { OwnPathInMount: { } own } unified)
            return true;
        var common = path;
        while (!CgroupPath.IsWithin(own, common))
            common = Path.GetDirectoryName(common)!;
        return isWritable(CgroupFiles.Join(unified.Mountpoint, common) + "/cgroup.procs");
    }

    /// <summary>Pure form of <see cref="Find(CgroupLayout)"/>.</summary>
    internal static string? Find(CgroupLayout layout, Func<string, bool> isWritable)
    {
        if (layout.Unified is not { ReadOnly: false, OwnPathInMount: { } own } unified)
            return null;
        string? found = null;
        for (var path = own; path.Length > 1; path = Path.GetDirectoryName(path)!)
        {
            var directory = CgroupFiles.Join(unified.Mountpoint, path);
            if (!isWritable(directory) || !Files.All(file => isWritable(directory + "/" + file)))
                break;
            found = path;
        }
        return found;
    }
}
