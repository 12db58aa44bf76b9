using Engine.Shared.Policy;
using Engine.Shared.Protocol;
using Engine.Shared.Wire;
using Engine.Starter.Server;

namespace Engine.Starter.Policy;

/// <summary>
/// What may be cloned for an ordinary user, decided on the descriptor that is cloned: the caller has opened it, so he may see it; whether he may mount it
/// is asked here. And what every clone gets before anybody holds it.
/// </summary>
internal static unsafe class SourceRules
{
    /// <summary>Whether <paramref name="source"/> may be the root (<paramref name="root"/>) or a bind mount of the container.</summary>
    public static bool Permit(int source, bool root, Text path)
    {
        if (!Rules.Apply)
            return true;
        stat info;
        statfs system;
        if (Sys.fstat(source, &info) < 0 || Sys.fstatfs(source, &system) < 0)
            return Rules.Deny(PolicyRule.SourcePath, path);
        uint type = info.st_mode & S_IFMT;
        if (system.f_type == NSFS_MAGIC)
            return Rules.Deny(PolicyRule.SourceNamespace, path);
        if (type == S_IFCHR || type == S_IFBLK)
            return Rules.Deny(PolicyRule.DeviceBind, path);
        return root ? PermitRoot(source, ref info, ref system, path) : PermitBind(source, type, path);
    }

    /// <summary>
    /// Takes from a detached tree what no user of the set-uid workflow gets: set-uid files, devices, and writing on kernel filesystems.
    /// </summary>
    public static bool Harden(int mount, Text path)
    {
        if (!Rules.Apply)
            return true;
        statfs system;
        int result = Sys.fstatfs(mount, &system);
        if (result < 0)
            return Failure.Call("fstatfs"u8, path, result);
        mount_attr attributes = default;
        attributes.attr_set = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV;
        if (IsKernels(ref system))
            attributes.attr_set |= MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOEXEC;
        result = Sys.mount_setattr(mount, CString.Empty, AT_EMPTY_PATH | AT_RECURSIVE, &attributes);
        return result >= 0 || Failure.Call("mount_setattr"u8, path, result);
    }

    private static bool PermitRoot(int source, ref stat info, ref statfs system, Text path)
    {
        if ((info.st_mode & S_IFMT) != S_IFDIR)
            return Rules.Deny(PolicyRule.RootfsSource, path);
        if (IsKernels(ref system) || system.f_type == DEVPTS_SUPER_MAGIC || IsHostRoot(source))
            return Rules.Deny(PolicyRule.RootfsHost, path);
        ref SiteConfig site = ref Site.Config;
        bool owner = site.RootfsOwners.IsEmpty || SiteConfig.Lists(site.RootfsOwners, info.st_uid);
        bool group = site.RootfsGroups.IsEmpty || SiteConfig.Lists(site.RootfsGroups, info.st_gid);
        bool place = site.RootfsPaths.IsEmpty || IsIn(source, site.RootfsPaths, false);
        return (owner && group && place) || Rules.Deny(PolicyRule.RootfsSite, path);
    }

    private static bool PermitBind(int source, uint type, Text path)
    {
        ref SiteConfig site = ref Site.Config;
        if (!site.UserBind)
            return Rules.Deny(PolicyRule.BindSite, path);
        if (site.DenyBindPaths.IsEmpty)
            return true;
        int from = type == S_IFDIR ? source : Ancestry.Parent(source);
        bool denied = from < 0 || IsIn(from, site.DenyBindPaths, true);
        if (from != source && from >= 0)
            Sys.close(from);
        return !denied || Rules.Deny(PolicyRule.BindDenied, path);
    }

    // holding: it also counts when the source is above the listed directory.
    private static bool IsIn(int source, Text list, bool holding)
    {
        byte* buffer = stackalloc byte[PATH_MAX];
        int cursor = 0;
        while (SiteConfig.Next(list, ref cursor, out Text item))
        {
            TextBuilder path = new TextBuilder(buffer, PATH_MAX);
            path.Append(new ReadOnlySpan<byte>(item.At, item.Length));
            Caller.FilesAsRoot();
            int limit = Sys.openat(AT_FDCWD, path.Text, O_PATH | O_DIRECTORY | O_CLOEXEC, 0);
            Caller.EndFilesAsRoot();
            // What is not there holds nothing. What cannot be looked at counts as denied, and as not allowed.
            if (limit == -ENOENT || limit == -ENOTDIR)
                continue;
            if (limit < 0)
                return holding;
            bool inside = Ancestry.Contains(limit, source) || (holding && Ancestry.Contains(source, limit));
            Sys.close(limit);
            if (inside)
                return true;
        }

        return false;
    }

    private static bool IsHostRoot(int source)
    {
        stat ours, theirs;
        return Sys.newfstatat(AT_FDCWD, CString.Of("/"u8), &ours, 0) < 0 || Sys.fstat(source, &theirs) < 0 ||
            (ours.st_ino == theirs.st_ino && ours.st_dev == theirs.st_dev);
    }

    private static bool IsKernels(ref statfs system) =>
        system.f_type == PROC_SUPER_MAGIC || system.f_type == SYSFS_MAGIC || system.f_type == CGROUP_SUPER_MAGIC ||
        system.f_type == CGROUP2_SUPER_MAGIC;
}
