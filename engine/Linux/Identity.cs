using Engine.Rpc.Linux;
using Engine.Shared.Linux;

namespace Engine.Linux;

/// <summary>Who this process is, and who may look into it.</summary>
public static class Identity
{
    /// <summary>geteuid(2).</summary>
    public static uint EffectiveUid => Libc.geteuid();

    // PROC_USER_INIT_INO, fixed in the kernel.
    private const ulong InitialUserNamespace = 0xeffffffd;

    /// <summary>True in a user namespace that somebody made: uid 0 is an ordinary user outside. Read once.</summary>
    public static bool IsInUserNamespace { get; } = Files.Inode("/proc/self/ns/user").Inode != InitialUserNamespace;

    /// <summary>Whether no execve gives this process a privilege any more (prctl(2), PR_GET_NO_NEW_PRIVS).</summary>
    public static bool HasNoNewPrivileges => Libc.prctl(prctl_h.PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1;

    /// <summary>getegid(2).</summary>
    public static uint EffectiveGid => Libc.getegid();

    /// <summary>getgroups(2): the supplementary groups. Read once.</summary>
    public static uint[] Groups { get; } = ReadGroups();

    private static unsafe uint[] ReadGroups()
    {
        int count = Libc.getgroups(0, null);
        if (count <= 0)
        {
            return [];
        }

        var groups = new uint[count];
        fixed (uint* at = groups)
        {
            return Libc.getgroups(count, at) == count ? groups : [];
        }
    }

    /// <summary>Whether processes below this one that lose their parent become its children (PR_SET_CHILD_SUBREAPER).</summary>
    /// <exception cref="SyscallException">The kernel refused.</exception>
    public static void Adopt(bool orphans)
    {
        if (Libc.prctl(prctl_h.PR_SET_CHILD_SUBREAPER, orphans ? 1u : 0u, 0, 0, 0) != 0)
        {
            throw SyscallException.Last("prctl(PR_SET_CHILD_SUBREAPER)", "");
        }
    }

    /// <summary>From now on the process cannot be traced, dumps no core, and its files in /proc are root's.</summary>
    /// <exception cref="SyscallException">The kernel refused.</exception>
    public static void MakeUndumpable()
    {
        if (Libc.prctl(prctl_h.PR_SET_DUMPABLE, 0, 0, 0, 0) != 0)
        {
            throw SyscallException.Last("prctl(PR_SET_DUMPABLE)", "0");
        }
    }
}
