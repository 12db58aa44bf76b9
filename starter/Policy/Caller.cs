using Engine.Starter.Server;

namespace Engine.Starter.Policy;

/// <summary>
/// Who called, in the set-uid workflow: ids and groups as the kernel had them at the exec. Nothing that is received later changes them. While privilege is
/// held, files are opened with the caller's rights (fsuid, fsgid and groups are his, and the file capabilities are not effective: security.md F12);
/// what needs root's stands between <see cref="FilesAsRoot"/> and <see cref="FilesAsCaller"/>.
/// </summary>
internal static unsafe class Caller
{
    // Mounting, switching roots and joining; the final change of ids and groups; a new network namespace's loopback; handing a cgroup over.
    // All of them end with the drop, and the last two, which are about files, are effective only while files are root's.
    private const ulong Kept = 1UL << CAP_SYS_ADMIN | 1UL << CAP_SYS_CHROOT | 1UL << CAP_SETUID | 1UL << CAP_SETGID | 1UL << CAP_NET_ADMIN |
        1UL << CAP_CHOWN | 1UL << CAP_DAC_OVERRIDE;

    private struct GroupList
    {
        public fixed uint Ids[NGROUPS_MAX];
    }

    private static GroupList s_groups;
    private static bool s_dropped;

    public static uint Uid { get; private set; }

    public static uint Gid { get; private set; }

    public static int GroupCount { get; private set; }

    /// <summary>His supplementary groups, <see cref="GroupCount"/> of them.</summary>
    public static uint* Groups
    {
        get
        {
            fixed (uint* groups = s_groups.Ids)
                return groups;
        }
    }

    /// <summary>Keeps who he is. A set-gid bit beside the set-uid one is refused: his group would not be known.</summary>
    public static bool Capture()
    {
        // No id: where it is still there, nothing was answered.
        uint real = uint.MaxValue, effective, saved;
        int result = Sys.getresuid(&real, &effective, &saved);
        if (result < 0 || real == uint.MaxValue)
            return Failure.Call("getresuid"u8, result);
        Uid = real;
        real = uint.MaxValue;
        result = Sys.getresgid(&real, &effective, &saved);
        if (result < 0 || real == uint.MaxValue)
            return Failure.Call("getresgid"u8, result);
        if (real != effective || real != saved)
            return Failure.Refuse("getresgid"u8, "the starter is set-gid, too; its mode must be 4755 or 4750"u8);
        Gid = real;
        GroupCount = Sys.getgroups(NGROUPS_MAX, Groups);
        if (GroupCount < 0)
            return Failure.Call("getgroups"u8, GroupCount);
        // A group too few can be a right too many.
        return Sys.getgroups(0, null) == GroupCount || Failure.Refuse("getgroups"u8, "two answers of the kernel differ"u8);
    }

    /// <summary>Whether a file of that group would be his group's.</summary>
    public static bool HasGroup(uint gid)
    {
        for (int i = 0; i < GroupCount; i++)
        {
            if (s_groups.Ids[i] == gid)
                return true;
        }

        return gid == Gid;
    }

    /// <summary>Gives up every capability but the few that a creation needs, and the way to any other; then files are his.</summary>
    public static bool Restrict()
    {
        CapabilitySets sets = default;
        sets.Permitted = sets.Effective = Kept;
        return Privileges.LimitBounding(0) && Privileges.SetCapabilities(sets, 0) && FilesAsCaller();
    }

    /// <summary>Files are the caller's from here on.</summary>
    public static bool FilesAsCaller()
    {
        Sys.setfsgid(Gid);
        Sys.setfsuid(Uid);
        // An id that does not exist changes nothing and is answered with the present one.
        return (Sys.setfsuid(uint.MaxValue) == Uid && Sys.setfsgid(uint.MaxValue) == Gid) ||
            Failure.Refuse("setfsuid"u8, "the kernel shows another file system id than was set"u8);
    }

    /// <summary>Files are root's until <see cref="FilesAsCaller"/>. Only for paths that no user can change.</summary>
    public static void FilesAsRoot()
    {
        if (Held)
            Sys.setfsuid(0);
    }

    /// <summary><see cref="FilesAsCaller"/> where it must not fail: a process that stays root for files must not go on.</summary>
    public static void EndFilesAsRoot()
    {
        if (Held && !FilesAsCaller())
            Sys.exit_group(255);
    }

    /// <summary>
    /// The effective id is his, too, for what shows it to others (a connection's peer credentials). Ends with <see cref="Return"/>. Nothing
    /// happens once privilege was dropped, or in another workflow.
    /// </summary>
    public static void Appear()
    {
        if (Held)
            Sys.setresuid(uint.MaxValue, Uid, uint.MaxValue);
    }

    /// <summary>The end of <see cref="Appear"/>. A process that cannot go on as it was must not go on.</summary>
    public static void Return()
    {
        if (!Held)
            return;
        if (Sys.setresuid(uint.MaxValue, 0, uint.MaxValue) < 0 || !FilesAsCaller())
            Sys.exit_group(255);
    }

    /// <summary>Becomes the caller for good, with his groups and without any capability. Needed once; later calls do nothing.</summary>
    public static bool Drop()
    {
        if (s_dropped)
            return true;
        if (!Privileges.LimitBounding(0) || !Privileges.Become(Uid, Gid, Groups, GroupCount, false) || !Privileges.SetCapabilities(default, 0) ||
            !Privileges.SetNoNewPrivileges())
            return false;
        s_dropped = true;
        // The change of ids has set it to what a sysctl says.
        int result = Sys.prctl(PR_SET_DUMPABLE, 0);
        return result >= 0 || Failure.Call("prctl(PR_SET_DUMPABLE)"u8, result);
    }

    private static bool Held => Uid != 0 && !s_dropped;
}
