using Engine.Spec;

namespace Engine.Mounts;

/// <summary>linux.mountLabel: which mounts carry it, as runc has it.</summary>
internal static class MountLabels
{
    /// <summary>
    /// A filesystem that is mounted anew takes <c>context=LABEL</c>. Binds keep the labels of their files; proc, sysfs, mqueue and cgroup
    /// filesystems have one superblock for many containers, or labels of their own.
    /// </summary>
    public static bool IsCarriedBy(MountSpec mount) =>
        mount.Type is not (null or "" or "none" or "bind" or "proc" or "sysfs" or "mqueue" or "cgroup" or "cgroup2") &&
        MountOptions.Parse(mount.Type, mount.Options).Kind == MountKind.Filesystem;

    /// <summary>The option for a mount; none where it carries no label.</summary>
    public static string[] Options(string? label, MountSpec mount) =>
        string.IsNullOrEmpty(label) || !IsCarriedBy(mount) ? [] : ["context=" + label];
}
