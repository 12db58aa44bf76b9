using System.Text;
using Engine.Linux;
using Engine.Mounts;
using Engine.Shared.Linux;
using Engine.Shared.Policy;
using Engine.Spec;

namespace Engine.Setuid;

/// <summary>
/// The rules that a configuration can be checked against before anything is started, as one table: each yields the JSON paths where the
/// configuration breaks it. The words are the policy's own.
/// </summary>
internal static class SetuidRules
{
    private static readonly (PolicyRule Rule, Func<RuntimeSpec, IEnumerable<string>> Breaks)[] Rows =
    [
        (PolicyRule.UserIds, static spec => When(spec.Process is { } p && p.User.Uid != Identity.EffectiveUid, "process.user.uid")),
        (PolicyRule.UserIds, static spec => When(spec.Process is { } p && p.User.Gid != Identity.EffectiveGid, "process.user.gid")),
        (PolicyRule.UserGroups, static spec => Each(spec.Process?.User.AdditionalGids, "process.user.additionalGids", static gid => gid != Identity.EffectiveGid && !Identity.Groups.Contains(gid))),
        (PolicyRule.Capabilities, static spec => Capabilities(spec.Process?.Capabilities)),
        (PolicyRule.Labels, static spec => When(!string.IsNullOrEmpty(spec.Process?.ApparmorProfile), "process.apparmorProfile")),
        (PolicyRule.Labels, static spec => When(!string.IsNullOrEmpty(spec.Process?.SelinuxLabel), "process.selinuxLabel")),
        (PolicyRule.MountLabel, static spec => When(!string.IsNullOrEmpty(spec.Linux?.MountLabel), "linux.mountLabel")),
        (PolicyRule.SeccompListener, static spec => When(!string.IsNullOrEmpty(spec.Linux?.Seccomp?.ListenerPath), "linux.seccomp.listenerPath")),
        (PolicyRule.IoPriority, static spec => When(spec.Process?.IoPriority?.Class == "IOPRIO_CLASS_RT", "process.ioPriority.class")),
        (PolicyRule.UserNamespace, static spec => When(spec.Linux?.Namespace("user") is not null, "linux.namespaces")),
        (PolicyRule.TimeNamespace, static spec => When(spec.Linux?.Namespace("time") is not null, "linux.namespaces")),
        (PolicyRule.JoinNamespace, static spec => Each(spec.Linux?.Namespaces, "linux.namespaces", static ns => ns.IsJoined)),
        (PolicyRule.NetDevices, static spec => When(spec.Linux?.NetDevices.Count > 0, "linux.netDevices")),
        (PolicyRule.IntelRdt, static spec => When(spec.Linux?.IntelRdt is not null, "linux.intelRdt")),
        (PolicyRule.Sysctl, static spec => spec.Linux?.Sysctl.Keys.Select(static key => $"linux.sysctl[\"{key}\"]") ?? []),
        (PolicyRule.MountShared, static spec => When(Propagation.Parse(spec.Linux?.RootfsPropagation) is { } asked && (asked & mount_h.MS_SHARED) != 0, "linux.rootfsPropagation")),
        (PolicyRule.MountShared, static spec => Mounts(spec, static (_, options) => (options.Propagation & mount_h.MS_SHARED) != 0)),
        (PolicyRule.SourceIdMap, static spec => Mounts(spec, static (mount, options) => options.IdMap != IdMapKind.None || mount.UidMappings.Length + mount.GidMappings.Length > 0)),
        (PolicyRule.MountReconfigure, static spec => Mounts(spec, static (_, options) => options.Kind == MountKind.Change && options.FilesystemOptions.Any(static option => option != "ro"))),
        (PolicyRule.MountFlags, static spec => Mounts(spec, static (_, options) => ((options.AttrClear | options.RecursiveClear) & (mount_h.MOUNT_ATTR_NOSUID | mount_h.MOUNT_ATTR_NODEV)) != 0)),
        (PolicyRule.OtherFilesystem, static spec => Mounts(spec, static (mount, options) => options.Kind == MountKind.Filesystem && mount.Type is not ("tmpfs" or "proc" or "sysfs" or "devpts" or "mqueue" or "cgroup" or "cgroup2"))),
        (PolicyRule.DeviceNode, static spec => Each(spec.Linux?.Devices, "linux.devices", static device => device.Type is "b")),
    ];

    /// <summary>Every rule that the configuration breaks, with the rule's words.</summary>
    public static IEnumerable<Diagnostics.ConfigError> Check(RuntimeSpec spec) =>
        Rows.SelectMany(row => row.Breaks(spec).Select(path => new Diagnostics.ConfigError(path, Words(row.Rule))));

    /// <summary>What a rule says, with its name.</summary>
    public static string Words(PolicyRule rule) =>
        $"{Encoding.ASCII.GetString(PolicyTable.Reason(rule))} [set-uid policy: {Encoding.ASCII.GetString(PolicyTable.Name(rule))}]";

    private static IEnumerable<string> When(bool broken, string path) => broken ? [path] : [];

    private static IEnumerable<string> Each<T>(T[]? items, string path, Func<T, bool> breaks) =>
        (items ?? []).Index().Where(item => breaks(item.Item)).Select(item => $"{path}[{item.Index}]");

    private static IEnumerable<string> Mounts(RuntimeSpec spec, Func<MountSpec, MountOptions, bool> breaks) =>
        Each(spec.Mounts, "mounts", mount => breaks(mount, MountOptions.Parse(mount.Type, mount.Options)));

    private static IEnumerable<string> Capabilities(CapabilitiesSpec? sets)
    {
        if (sets is null)
        {
            yield break;
        }

        foreach ((string name, string[] set) in new[]
                 {
                     ("bounding", sets.Bounding), ("effective", sets.Effective), ("inheritable", sets.Inheritable), ("permitted", sets.Permitted), ("ambient", sets.Ambient),
                 })
        {
            if (set.Length > 0)
            {
                yield return $"process.capabilities.{name}";
            }
        }
    }
}
