namespace Engine.Starter;

// sys/mount.h: the descriptor-based mount API. The old mount(2) is left out on purpose: it takes its target as a path.
internal static unsafe partial class Sys
{
    public static int fsopen(byte* filesystem, uint flags) => (int)Call(SYS_fsopen, (long)filesystem, flags);

    /// <summary>
    /// The kernel's own words on a failure can be read from <paramref name="fd"/> afterwards. Not retried: a creation that failed once,
    /// for whatever reason, answers EBUSY from then on.
    /// </summary>
    public static int fsconfig(int fd, uint command, byte* key, void* value, int auxiliary) =>
        (int)Call(SYS_fsconfig, fd, command, (long)key, (long)value, auxiliary);

    /// <summary>A detached mount of a configured file system.</summary>
    public static int fsmount(int fd, uint flags, uint attributes) => (int)Call(SYS_fsmount, fd, flags, attributes);

    public static int fspick(int dirfd, byte* path, uint flags) => (int)Call(SYS_fspick, dirfd, (long)path, flags);

    /// <summary>With OPEN_TREE_CLONE a detached copy of the mount (AT_RECURSIVE: and of those below it).</summary>
    public static int open_tree(int dirfd, byte* path, uint flags) => (int)Call(SYS_open_tree, dirfd, (long)path, flags);

    public static int move_mount(int fromDirfd, byte* from, int toDirfd, byte* to, uint flags) =>
        (int)Call(SYS_move_mount, fromDirfd, (long)from, toDirfd, (long)to, flags);

    public static int mount_setattr(int dirfd, byte* path, uint flags, mount_attr* attributes) =>
        (int)Call(SYS_mount_setattr, dirfd, (long)path, flags, (long)attributes, sizeof(mount_attr));

    public static int umount2(byte* target, int flags) => (int)Call(SYS_umount2, (long)target, flags);

    public static int pivot_root(byte* newRoot, byte* putOld) => (int)Call(SYS_pivot_root, (long)newRoot, (long)putOld);
}
