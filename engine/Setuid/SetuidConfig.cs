using System.Globalization;
using Engine.Cgroups;
using Engine.Diagnostics;
using Engine.Lifecycle;
using Engine.Linux;
using Engine.Mounts;
using Engine.Rpc.Linux;
using Engine.Shared.Linux;
using Engine.Shared.Policy;
using Engine.Spec;

namespace Engine.Setuid;

/// <summary>A configuration as the set-uid workflow can carry it out: checked by JSON path, and with what has an allowed equal put into that form.</summary>
public static class SetuidConfig
{
    // ST_RDONLY and ST_NOEXEC, sys/statvfs.h.
    private const ulong ReadOnlyMount = 1, NoExecMount = 8;

    /// <summary>Checks and rewrites <paramref name="spec"/>; the result is the cgroup hierarchies that this user may use.</summary>
    /// <param name="spec">Changed.</param>
    /// <param name="bundle">For relative sources.</param>
    /// <param name="id">Container id, for the default cgroup.</param>
    /// <param name="machine">All hierarchies.</param>
    /// <param name="warnings">Gets what is not as it was asked for.</param>
    /// <param name="root">The cgroup above which none is the user's.</param>
    /// <exception cref="ConfigException">Something that the policy does not allow.</exception>
    public static CgroupLayout Adapt(RuntimeSpec spec, string bundle, string id, CgroupLayout machine, List<string> warnings, out string root)
    {
        var errors = new List<ConfigError>(SetuidRules.Check(spec));
        LinuxSpec linux = spec.Linux ??= new LinuxSpec();
        for (int i = 0; i < spec.Mounts.Length; i++)
        {
            MountSpec mount = spec.Mounts[i];
            spec.Mounts[i] = Adapt(mount, linux, $"mounts[{i}]", warnings);
            CheckFlags(spec.Mounts[i], bundle, $"mounts[{i}]", errors);
        }

        if (errors.Count > 0)
        {
            throw new ConfigException("config.json", errors);
        }

        if (spec.Process is { NoNewPrivileges: false } process)
        {
            process.NoNewPrivileges = true;
            process.Capabilities = null;
        }

        // Rules about nodes that the container cannot make; nodev is on every mount of it.
        if (linux.Resources is { } resources)
        {
            resources.Devices = [];
        }

        return AdaptCgroups(linux, id, machine, warnings, out root);
    }

    /// <summary>The flags to take away, without those that the source does not have: taking those away would change nothing, and is refused.</summary>
    internal static (ulong Clear, ulong RecursiveClear) Clearable(MountOptions options)
    {
        const ulong kept = mount_h.MOUNT_ATTR__ATIME | mount_h.MOUNT_ATTR_NODIRATIME;
        return (options.AttrClear & kept, options.RecursiveClear & kept);
    }

    private static MountSpec Adapt(MountSpec mount, LinuxSpec linux, string jsonPath, List<string> warnings)
    {
        string[] flags = [.. mount.Options.Where(IsFlag)];
        switch (mount.Type)
        {
            case "sysfs":
                return mount with { Type = "bind", Source = "/sys", Options = ["rbind", "ro", "rslave", .. flags.Except(["rw"])] };
            case "proc" when linux.Namespace("pid") is null:
                return mount with { Type = "bind", Source = "/proc", Options = ["rbind", "ro", "rslave", .. flags.Except(["rw"])] };
            case "cgroup" or "cgroup2":
                return mount with { Type = "bind", Source = "/sys/fs/cgroup", Options = ["rbind", "ro", "rslave", .. flags.Except(["rw"])] };
            case "devpts":
                string[] strange = [.. mount.Options.Where(IsStrangersGroup)];
                if (strange.Length > 0)
                {
                    warnings.Add($"config.json: {jsonPath}.options: {strange[0]} is not a group of the caller's and is left out");
                }

                return mount with { Options = [.. mount.Options.Except(strange)] };
            default:
                return mount;
        }
    }

    private static bool IsFlag(string option) => MountOptions.Parse("bind", [option]) is { } parsed && (parsed.AttrSet | parsed.AttrClear) != 0;

    private static bool IsStrangersGroup(string option) =>
        option.StartsWith("gid=", StringComparison.Ordinal) && uint.TryParse(option.AsSpan(4), NumberStyles.None, CultureInfo.InvariantCulture, out uint gid) &&
        gid != Identity.EffectiveGid && !Identity.Groups.Contains(gid);

    // "rw" and "exec" are what a bind mount has anyway, unless the host's mount is read-only or noexec, which stays.
    private static void CheckFlags(MountSpec mount, string bundle, string jsonPath, List<ConfigError> errors)
    {
        MountOptions options = MountOptions.Parse(mount.Type, mount.Options);
        ulong clear = options.AttrClear | options.RecursiveClear;
        if (options.Kind != MountKind.Bind || mount.Source is null || (clear & (mount_h.MOUNT_ATTR_RDONLY | mount_h.MOUNT_ATTR_NOEXEC)) == 0)
        {
            return;
        }

        try
        {
            using SafeFd source = Files.Open(Path.GetFullPath(mount.Source, bundle), fcntl_h.O_PATH);
            ulong present = Files.MountFlags(source);
            bool isReadonly = (present & ReadOnlyMount) != 0 && (clear & mount_h.MOUNT_ATTR_RDONLY) != 0;
            bool isNoexec = (present & NoExecMount) != 0 && (clear & mount_h.MOUNT_ATTR_NOEXEC) != 0;
            if (isReadonly || isNoexec)
            {
                errors.Add(new ConfigError($"{jsonPath}.options", SetuidRules.Words(PolicyRule.MountClear)));
            }
        }
        catch (SyscallException error)
        {
            errors.Add(new ConfigError($"{jsonPath}.source", error.Message));
        }
    }

    private static CgroupLayout AdaptCgroups(LinuxSpec linux, string id, CgroupLayout machine, List<string> warnings, out string root)
    {
        root = string.Create(CultureInfo.InvariantCulture, $"/engine/user-{Identity.EffectiveUid}");
        string asked = string.IsNullOrEmpty(linux.CgroupsPath) ? id : linux.CgroupsPath;
        string path = CgroupPath.Resolve(asked, id, root);
        CgroupLayout layout = machine.Only(hierarchy => InsideUserNamespace.IsWritable(hierarchy, path));
        if (layout.Hierarchies.Count == 0 && DelegatedCgroup.Find(machine) is { } delegated)
        {
            // Not the site's cgroups, but a part of the tree that is the user's all the same.
            root = delegated;
            path = CgroupPath.Resolve(asked, id, delegated);
            layout = machine.Only(hierarchy => InsideUserNamespace.IsWritable(hierarchy, path));
        }

        linux.CgroupsPath = path;
        if (layout.Hierarchies.Count == 0)
        {
            warnings.Add($"no cgroup {path} can be made with this user's rights (cgroups = yes in engine.conf offers one): the container stays in the caller's, and cannot be paused");
        }

        return InsideUserNamespace.PassedOn(layout, root, path);
    }
}
