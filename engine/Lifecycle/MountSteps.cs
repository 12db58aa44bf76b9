using Engine.Cgroups;
using Engine.Diagnostics;
using Engine.Mounts;
using Engine.Rpc.Client;
using Engine.Rpc.Linux;
using Engine.Setuid;
using Engine.Shared.Linux;
using Engine.Shared.Protocol;
using Engine.Spec;

namespace Engine.Lifecycle;

/// <summary>
/// The config's mounts, in the config's order (OCI config.md: the runtime MUST mount entries in the listed order).
/// A bind's source is cloned by the supervisor right before the stage attaches it.
/// </summary>
public static class MountSteps
{
    /// <param name="list">How messages name the list of mounts.</param>
    internal static void Add(CreationPlan plan, PlanInput input, CgroupPlan cgroups, SourceSlots sources, string list = "mounts")
    {
        for (int i = 0; i < input.Config.Mounts.Length; i++)
        {
            MountSpec mount = input.Config.Mounts[i];
            string jsonPath = $"{list}[{i}]";
            MountOptions options = MountOptions.Parse(mount.Type, mount.Options);
            switch (options.Kind)
            {
                case MountKind.Bind:
                    AddBind(plan, input, sources, mount, options, jsonPath);
                    break;
                case MountKind.Change:
                    AddChange(plan, mount, options, jsonPath);
                    break;
                default:
                    if (mount.Type is "cgroup" or "cgroup2")
                    {
                        CgroupMountSteps.Add(plan, input, cgroups, sources, mount, options, jsonPath);
                    }
                    else if (!TryHosts(plan, input, sources, mount, options, jsonPath))
                    {
                        AddFilesystem(plan, input, mount, options, jsonPath);
                    }

                    break;
            }
        }
    }

    /// <summary>True when /dev is to be sealed read-only only after the devices are in it.</summary>
    internal static bool IsDeferredReadonly(string destination, MountOptions options) =>
        options.Kind == MountKind.Filesystem && Normal(destination) == "/dev" && (options.AttrSet & mount_h.MOUNT_ATTR_RDONLY) != 0;

    /// <summary>A destination without doubled or trailing slashes.</summary>
    internal static string Normal(string destination) => Path.GetFullPath("/" + destination);

    internal static void AddBindOf(
        CreationPlan plan, PlanInput input, string source, bool recursive, uint slot, string destination, MountOptions options, string jsonPath, ulong rootPropagation,
        MountIdMap? map = null)
    {
        SourceFlags flags = recursive ? SourceFlags.Recursive : SourceFlags.None;
        if (options.IdMap != IdMapKind.None || map is not null)
        {
            flags |= SourceFlags.IdMap | (options.IdMap == IdMapKind.Recursive ? SourceFlags.RecursiveIdMap : SourceFlags.None);
        }

        plan.Host("CloneSource", source, jsonPath, host =>
        {
            using SafeFd? opened = input.OpenSource(source);
            host.CloneSource(slot, flags, source, opened, jsonPath, map);
        });

        // The clone is a peer of the host's mount. It becomes a slave first; sharing it with the host itself needs a shared root as well.
        ulong asked = options.Propagation;
        bool shared = (asked & mount_h.MS_SHARED) != 0 && (rootPropagation & mount_h.MS_SHARED) == 0;
        ulong first = asked == 0 || shared ? mount_h.MS_SLAVE | mount_h.MS_REC : asked;
        var attributes = new MountAttributes
        {
            Set = options.AttrSet,
            Clear = input.IsSetuid ? SetuidConfig.Clearable(options).Clear : options.AttrClear,
            RecursiveSet = options.RecursiveSet,
            RecursiveClear = input.IsSetuid ? SetuidConfig.Clearable(options).RecursiveClear : options.RecursiveClear,
            Propagation = first,
        };
        plan.Container("MountBind", $"{source} on {destination}", jsonPath, stage => stage.MountBind(slot, destination, MountFlags.None, attributes, jsonPath));
        if (shared)
        {
            plan.Container(
                "ChangeMount", $"{destination} ({Propagation.NameOf(asked)})", jsonPath,
                stage => stage.ChangeMount(destination, new MountAttributes { Propagation = asked }, [], jsonPath));
        }
    }

    private static void AddBind(CreationPlan plan, PlanInput input, SourceSlots sources, MountSpec mount, MountOptions options, string jsonPath)
    {
        if (string.IsNullOrEmpty(mount.Source))
        {
            throw new EngineException($"config.json: {jsonPath}.source: a bind mount needs a source");
        }

        // "ro" of a bind is the topmost mount's. Of the host's /sys that would leave the cgroup trees below it writable, and in a user namespace
        // the payload may be the user whom a part of them was delegated to (CVE-2023-25809).
        string source = input.InBundle(mount.Source);
        if (options.Recursive && input.HasUserNamespace && (source == "/sys" || source.StartsWith("/sys/", StringComparison.Ordinal)))
        {
            options = options.WithReadonlyTree();
        }

        AddBindOf(
            plan, input, source, options.Recursive, sources.Next(jsonPath), mount.Destination, options, jsonPath,
            RootSteps.HostPropagation(input), MapOf(mount));
    }

    // Mappings without the option are one as well; the option without mappings means the container's own.
    private static MountIdMap? MapOf(MountSpec mount) => mount.UidMappings.Length == 0 && mount.GidMappings.Length == 0
        ? null
        : new MountIdMap(NamespaceSteps.Pack(mount.UidMappings), NamespaceSteps.Pack(mount.GidMappings));

    private static void AddChange(CreationPlan plan, MountSpec mount, MountOptions options, string jsonPath)
    {
        var attributes = new MountAttributes
        {
            Set = options.AttrSet,
            Clear = options.AttrClear,
            RecursiveSet = options.RecursiveSet,
            RecursiveClear = options.RecursiveClear,
            Propagation = options.Propagation,
        };
        // "ro" and "rw" change this mount; the filesystem may be the host's as well.
        string[] filesystem = [.. options.FilesystemOptions.Where(option => option != "ro")];
        plan.Container("ChangeMount", mount.Destination, jsonPath, stage => stage.ChangeMount(mount.Destination, attributes, filesystem, jsonPath));
    }

    // A filesystem that shows a namespace can be mounted by who owns that namespace. With a user namespace and the host's namespace that is
    // nobody in the container, which then gets what the host has mounted.
    private static bool TryHosts(CreationPlan plan, PlanInput input, SourceSlots sources, MountSpec mount, MountOptions options, string jsonPath)
    {
        (string Namespace, string Path) hosts = mount.Type switch
        {
            "sysfs" => ("network", "/sys"),
            "proc" => ("pid", "/proc"),
            "mqueue" => ("ipc", "/dev/mqueue"),
            _ => default,
        };
        if (hosts.Path is null || !input.HasUserNamespace || input.Linux.Namespace(hosts.Namespace) is not null)
        {
            return false;
        }

        AddBindOf(
            plan, input, hosts.Path, recursive: true, sources.Next(jsonPath), mount.Destination, options.WithReadonlyTree(), jsonPath, RootSteps.HostPropagation(input));
        return true;
    }

    private static void AddFilesystem(CreationPlan plan, PlanInput input, MountSpec mount, MountOptions options, string jsonPath)
    {
        string[] label = MountLabels.Options(input.Linux.MountLabel, mount);
        bool isDeferred = !input.IsRunning && IsDeferredReadonly(mount.Destination, options);
        string type = mount.Type!;
        MountFlags flags = MountFlags.None;
        if (type is "proc" or "sysfs")
        {
            flags |= MountFlags.NoSymlink;
        }

        if (options.CopyUp)
        {
            flags |= MountFlags.CopyUp;
        }

        if (type == "devpts")
        {
            flags |= MountFlags.Devpts;
        }

        string[] superblock = [.. options.FilesystemOptions.Where(option => option != "ro" || !isDeferred), .. label];
        ulong set = isDeferred ? options.AttrSet & ~(ulong)mount_h.MOUNT_ATTR_RDONLY : options.AttrSet;
        var attributes = new MountAttributes { Set = set, Clear = options.AttrClear, Propagation = options.Propagation };
        plan.Container(
            "MountFilesystem", $"{type} on {mount.Destination}", jsonPath,
            stage => stage.MountFilesystem(type, mount.Source ?? type, mount.Destination, flags, attributes, superblock, jsonPath));
    }
}
