using Engine.Cgroups;
using Engine.Linux;
using Engine.Spec;

namespace Engine.Lifecycle;

/// <summary>
/// What changes when this process is itself root of a user namespace only (podman and buildah of an ordinary user): cgroups that are not
/// delegated cannot be used, and device rules cannot be loaded, which a namespace without mknod needs less (runc's --rootless=auto).
/// </summary>
public static class InsideUserNamespace
{
    /// <summary>Takes the device rules out of <paramref name="spec"/> and the hierarchies that are not this user's out of the layout.</summary>
    /// <param name="spec">Changed.</param>
    /// <param name="id">Container id, for the default path.</param>
    /// <param name="layout">All of the machine's.</param>
    /// <param name="warnings">Gets what is not used.</param>
    public static CgroupLayout Adapt(RuntimeSpec spec, string id, CgroupLayout layout, List<string> warnings)
    {
        if (spec.Linux?.Resources is { } resources)
        {
            resources.Devices = [];
        }

        string path = CgroupPath.Resolve(spec.Linux?.CgroupsPath, id);
        return layout.Only(hierarchy =>
        {
            bool usable = IsWritable(hierarchy, path);
            if (!usable)
            {
                warnings.Add($"{hierarchy.Mountpoint} ({hierarchy.Label}) is not delegated to this user and not used");
            }

            return usable;
        });
    }

    private static bool IsWritable(CgroupHierarchy hierarchy, string path)
    {
        string nearest = CgroupFiles.Join(hierarchy.Mountpoint, path);
        while (nearest.Length > hierarchy.Mountpoint.Length && !Directory.Exists(nearest))
        {
            nearest = Path.GetDirectoryName(nearest)!;
        }

        return Files.IsWritable(nearest);
    }
}
