namespace Engine.Starter.Stages;

/// <summary>What the user namespace allows that this process and everything that comes from it is in. Looked at once, in stage 0.</summary>
internal static unsafe class UserNamespace
{
    // /proc/self/ns/user of the first user namespace: PROC_USER_INIT_INO, fixed in the kernel.
    private const ulong Initial = 0xeffffffd;

    private static bool s_made;

    /// <summary>setgroups is denied: the single map of a user without ranges (user_namespaces(7)).</summary>
    public static bool DeniesGroups { get; private set; }

    /// <summary>Keeps the answers. What cannot be read counts as the machine's own user namespace, in which nothing is forgiven.</summary>
    public static void Look()
    {
        ulong inode = Inode();
        s_made = inode != 0 && inode != Initial;
        byte* text = stackalloc byte[8];
        int file = Sys.openat(AT_FDCWD, CString.Of("/proc/self/setgroups"u8), O_RDONLY | O_CLOEXEC, 0);
        if (file < 0)
            return;
        DeniesGroups = Sys.ReadAll(file, text, 8) >= 4 && text[0] == 'd';
        Sys.close(file);
    }

    /// <summary>This is the machine's first user namespace. False as well when that cannot be told.</summary>
    public static bool IsInitial() => Inode() == Initial;

    /// <summary>
    /// uid and gid of an unprivileged process of ours: <paramref name="first"/> plus the supervisor's pid, so that no two share one. A user
    /// namespace has no such ids; there it is the namespace's root, who is the caller outside and has no capability.
    /// </summary>
    public static uint OwnId(uint first) => s_made ? 0 : first + (uint)Sys.getpid();

    // 0 when it cannot be told.
    private static ulong Inode()
    {
        stat info = default;
        statfs system = default;
        int ns = Sys.openat(AT_FDCWD, CString.Of("/proc/self/ns/user"u8), O_RDONLY | O_CLOEXEC, 0);
        if (ns < 0)
            return 0;
        bool known = Sys.fstat(ns, &info) >= 0 && Sys.fstatfs(ns, &system) >= 0 && system.f_type == NSFS_MAGIC;
        Sys.close(ns);
        return known ? info.st_ino : 0;
    }
}
