using Engine.Cgroups;
using Engine.Mounts;
using Engine.Rpc.Client;
using Engine.Shared.Linux;
using Engine.Shared.Protocol;
using Engine.Spec;

namespace Engine.Lifecycle;

/// <summary>
/// A mount of type <c>cgroup</c>, whatever the machine has: cgroup2 alone becomes one mount; v1 and hybrid become a tmpfs
/// with one directory per hierarchy, as on the host. With a cgroup namespace the kernel shows only the container's part of
/// a fresh mount; without one the container's own directories are bound.
/// </summary>
public static class CgroupMountSteps
{
    internal static void Add(
        CreationPlan plan, PlanInput input, CgroupPlan cgroups, SourceSlots sources, MountSpec mount, MountOptions options, string jsonPath)
    {
        bool isOwn = input.Linux.Namespace("cgroup") is { IsJoined: false };
        if (input.Machine.Mode is CgroupMode.V2 or CgroupMode.None || mount.Type == "cgroup2")
        {
            CgroupSlot? unified = cgroups.Slots.FirstOrDefault(slot => slot.Version == CgroupVersion.V2);
            AddOne(plan, input, sources, isOwn, "cgroup2", [], Shown(unified, input.Machine.Unified), mount.Destination, options, jsonPath);
            return;
        }

        AddTmpfs(plan, mount, options, jsonPath);
        foreach (CgroupHierarchy hierarchy in input.Machine.Hierarchies)
        {
            string name = Path.GetFileName(hierarchy.Mountpoint.TrimEnd('/'));
            string destination = $"{mount.Destination.TrimEnd('/')}/{name}";
            CgroupSlot? slot = cgroups.Slots.FirstOrDefault(slot => slot.Mountpoint == hierarchy.Mountpoint);
            bool isUnified = hierarchy.Version == CgroupVersion.V2;
            string[] controllers = isUnified ? [] : hierarchy.Name is null ? [.. hierarchy.Controllers] : ["none", $"name={hierarchy.Name}"];
            AddOne(plan, input, sources, isOwn, isUnified ? "cgroup2" : "cgroup", controllers, Shown(slot, hierarchy), destination, options, jsonPath);
            AddAliases(plan, mount, name, controllers, jsonPath);
        }

        if ((options.AttrSet & mount_h.MOUNT_ATTR_RDONLY) != 0)
        {
            var isReadonly = new MountAttributes { Set = mount_h.MOUNT_ATTR_RDONLY };
            plan.Container("ChangeMount", $"{mount.Destination} (read-only)", jsonPath, stage => stage.ChangeMount(mount.Destination, isReadonly, [], jsonPath));
        }
    }

    // The container's own directory; without one (none could be made) that of this process, which the container then shares.
    private static string? Shown(CgroupSlot? slot, CgroupHierarchy? hierarchy) =>
        slot?.Directory ?? (hierarchy?.OwnPathInMount is { } own ? CgroupFiles.Join(hierarchy.Mountpoint, own) : null);

    private static void AddTmpfs(CreationPlan plan, MountSpec mount, MountOptions options, string jsonPath)
    {
        // Read-only only once the directories are in it.
        var attributes = new MountAttributes { Set = options.AttrSet & ~(ulong)mount_h.MOUNT_ATTR_RDONLY, Propagation = options.Propagation };
        plan.Container(
            "MountFilesystem", $"tmpfs on {mount.Destination}", jsonPath,
            stage => stage.MountFilesystem("tmpfs", "tmpfs", mount.Destination, MountFlags.NoSymlink, attributes, ["mode=755"], jsonPath));
    }

    // cpu and cpuacct share one hierarchy on most machines; programs look for each by its own name.
    private static void AddAliases(CreationPlan plan, MountSpec mount, string name, string[] controllers, string jsonPath)
    {
        if (controllers.Length < 2 || controllers[0] == "none")
        {
            return;
        }

        foreach (string controller in controllers.Where(controller => controller != name))
        {
            string link = $"{mount.Destination.TrimEnd('/')}/{controller}";
            plan.Container("CreateSymlink", $"{link} -> {name}", jsonPath, stage => stage.CreateSymlink(name, link, false, jsonPath));
        }
    }

    private static void AddOne(
        CreationPlan plan, PlanInput input, SourceSlots sources, bool isOwn, string type, string[] controllers, string? directory, string destination,
        MountOptions options, string jsonPath)
    {
        if (isOwn || directory is null)
        {
            var attributes = new MountAttributes { Set = options.AttrSet, Clear = options.AttrClear, Propagation = options.Propagation };
            plan.Container(
                "MountFilesystem", $"{type} on {destination}", jsonPath,
                stage => stage.MountFilesystem(type, "cgroup", destination, MountFlags.NoSymlink, attributes, controllers, jsonPath));
            return;
        }

        MountSteps.AddBindOf(
            plan, input, directory, recursive: false, sources.Next(jsonPath), destination, options, jsonPath, RootSteps.HostPropagation(input));
    }
}
