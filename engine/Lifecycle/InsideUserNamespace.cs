using Engine.Cgroups;
using Engine.Cgroups.Systemd;
using Engine.Linux;
using Engine.Spec;

namespace Engine.Lifecycle;

/// <summary>
/// What changes when the starter is root of a user namespace only (the rootless workflow, podman and buildah of an ordinary user): cgroups
/// that are not delegated cannot be used, and device rules cannot be loaded, which a namespace without mknod needs less (runc's
/// --rootless=auto). A limit that is asked for is never left out: without its hierarchy the plan refuses it.
/// </summary>
public static class InsideUserNamespace
{
    /// <summary>Takes the device rules out of <paramref name="spec"/> and the hierarchies that are not this user's out of the layout.</summary>
    /// <param name="spec">Changed.</param>
    /// <param name="order">For the default path.</param>
    /// <param name="layout">All of the machine's.</param>
    /// <param name="warnings">Gets that there is no cgroup.</param>
    /// <param name="root">The cgroup below which relative and default paths lie.</param>
    public static CgroupLayout Adapt(RuntimeSpec spec, CreateOrder order, CgroupLayout layout, List<string> warnings, out string root)
    {
        if (spec.Linux?.Resources is { } resources)
        {
            resources.Devices = [];
        }

        root = order.SystemdManager ?? DelegatedCgroup.Find(layout) ?? "/";
        string path = order.SystemdCgroup
            ? SystemdPath.Parse(spec.Linux?.CgroupsPath, order.Id, order.SystemdManager).Path
            : CgroupPath.Resolve(spec.Linux?.CgroupsPath, order.Id, root);
        CgroupLayout usable = order.RequiresCgroup ? layout : PassedOn(layout, root, path).Only(hierarchy => IsWritable(hierarchy, path));

        // Who calls a runtime asks for limits when it wants them; a person may wonder why pause does not work.
        if (usable.Hierarchies.Count == 0 && !order.Unmonitored)
        {
            warnings.Add("no cgroup is delegated to you: the container stays in yours, without limits of its own, and cannot be paused");
        }

        return usable;
    }

    /// <summary>The layout with those controllers of cgroup2 that can be had in a cgroup of the user's.</summary>
    /// <param name="layout">The machine's.</param>
    /// <param name="root">The part of the tree that is the user's; "/" for none.</param>
    /// <param name="path">The cgroup; below another part than <paramref name="root"/>, its nearest ancestor decides.</param>
    internal static CgroupLayout PassedOn(CgroupLayout layout, string root, string path) => layout.Unified is not { } unified
        ? layout
        : layout.Below(root != "/" && CgroupPath.IsWithin(path, root) ? root : Nearest(unified, path), CgroupFiles.ReadOrNull);

    /// <summary>Whether this user may make the cgroup, or the first missing one above it.</summary>
    internal static bool IsWritable(CgroupHierarchy hierarchy, string path) => Files.IsWritable(CgroupFiles.Join(hierarchy.Mountpoint, Nearest(hierarchy, path)));

    // The cgroup, or the first one above it that exists.
    private static string Nearest(CgroupHierarchy hierarchy, string path)
    {
        while (path.Length > 1 && !Directory.Exists(CgroupFiles.Join(hierarchy.Mountpoint, path)))
        {
            path = Path.GetDirectoryName(path)!;
        }

        return path;
    }
}
