using Engine.Shared.Protocol;
using Engine.Shared.Wire;
using Engine.Starter.Server;

namespace Engine.Starter.Container;

/// <summary>
/// MaskPath and ReadonlyPath. What covers a file is the host's /dev/null, cloned before anything of the container was mounted and
/// checked to be device 1:3: the container's own could be a link to anything (CVE-2025-31133).
/// </summary>
internal static unsafe class Masks
{
    private const uint NullMajor = 1, NullMinor = 3;

    // Detached at first. The first mask attaches it, the later ones are copies of that mount: a copy of a detached mount is EINVAL before
    // 6.15.
    private static int s_null = -1, s_directory = -1;
    private static bool s_nullUsed, s_directoryUsed;

    /// <summary>
    /// Clones the host's /dev/null, found below <paramref name="host"/> (the old root). Without one only directories can be masked.
    /// </summary>
    public static bool Prepare(int host)
    {
        Text path = new Text(CString.Of("/dev/null"u8), 9);
        int fd = Sys.openat2(host, CString.Of("dev/null"u8), O_PATH | O_CLOEXEC, 0, RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS);
        if (fd < 0)
            return true;

        stat status;
        int result = Sys.fstat(fd, &status);
        bool genuine = result >= 0 && (status.st_mode & S_IFMT) == S_IFCHR && status.st_rdev == makedev(NullMajor, NullMinor);
        bool done = true;
        if (genuine)
        {
            s_null = MountAttributes.Clone(fd, false, path);
            // Read-only does not keep a device from being written to, but its mode and owner from being changed.
            done = s_null >= 0 && MountAttributes.Propagate(s_null, MS_PRIVATE, path) &&
                MountAttributes.Set(s_null, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC, 0, false, path);
        }

        Sys.close(fd);
        return done;
    }

    /// <summary>Covers a path; only a path that does not exist is none to cover.</summary>
    public static bool Mask(ref PathRequest request)
    {
        int target = RootPath.TryFind(request.Path);
        if (target == -ENOENT || target == -ENOTDIR)
            return true;
        if (target < 0)
            return Failure.Call("openat2"u8, request.Path, target);

        int mount = RootPath.TypeOf(target) == S_IFDIR ? Directory(request.Path) : Null(request.Path);
        bool done = mount >= 0 && MountAttributes.Attach(mount, target, request.Path);
        Sys.close(target);
        if (mount >= 0 && mount != s_null && mount != s_directory)
            Sys.close(mount);
        return done;
    }

    /// <summary>
    /// Binds a path on itself, read-only with everything below it: the mounts under /proc/sys are as writable as /proc/sys itself.
    /// </summary>
    public static bool Readonly(ref PathRequest request)
    {
        int target = RootPath.TryFind(request.Path);
        if (target == -ENOENT || target == -ENOTDIR)
            return true;
        if (target < 0)
            return Failure.Call("openat2"u8, request.Path, target);

        int mount = MountAttributes.Clone(target, true, request.Path);
        bool done = mount >= 0 && MountAttributes.Set(mount, MOUNT_ATTR_RDONLY, 0, true, request.Path) &&
            MountAttributes.Attach(mount, target, request.Path);
        Sys.close(target);
        if (mount >= 0)
            Sys.close(mount);
        return done;
    }

    private static int Null(Text path)
    {
        if (s_null < 0)
        {
            Failure.Refuse("mask"u8, path, "the host's /dev/null is missing or is not device 1:3"u8);
            return -1;
        }

        if (s_nullUsed)
            return MountAttributes.Clone(s_null, false, path);
        s_nullUsed = true;
        return s_null;
    }

    private static int Directory(Text path)
    {
        if (s_directoryUsed)
            return MountAttributes.Clone(s_directory, false, path);
        s_directory = EmptyDirectory(path);
        s_directoryUsed = s_directory >= 0;
        return s_directory;
    }

    // One superblock for all masks: read-only itself, and with room for nothing, should the payload be able to remount it.
    private static int EmptyDirectory(Text path)
    {
        int context = Sys.fsopen(CString.Of("tmpfs"u8), FSOPEN_CLOEXEC);
        if (context < 0)
        {
            Failure.Call("fsopen"u8, path, context);
            return -1;
        }

        byte* one = CString.Of("1"u8);
        int result = Sys.fsconfig(context, FSCONFIG_SET_STRING, CString.Of("nr_blocks"u8), one, 0);
        if (result >= 0)
            result = Sys.fsconfig(context, FSCONFIG_SET_STRING, CString.Of("nr_inodes"u8), one, 0);
        if (result >= 0)
            result = Sys.fsconfig(context, FSCONFIG_SET_STRING, CString.Of("mode"u8), CString.Of("0755"u8), 0);
        if (result >= 0)
            result = Sys.fsconfig(context, FSCONFIG_SET_FLAG, CString.Of("ro"u8), null, 0);
        if (result >= 0)
            result = Sys.fsconfig(context, FSCONFIG_CMD_CREATE, null, null, 0);
        if (result >= 0)
            result = Sys.fsmount(context, FSMOUNT_CLOEXEC, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
        Sys.close(context);
        if (result >= 0)
            return result;
        Failure.Call("fsmount(tmpfs)"u8, path, result);
        return -1;
    }
}
