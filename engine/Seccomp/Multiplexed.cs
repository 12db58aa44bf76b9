using Engine.Linux;
using Engine.Shared.Linux;

namespace Engine.Seccomp;

/// <summary>
/// Socket and System V calls of 32-bit x86 (and of its like): they have numbers of their own since kernel 4.3, and are also
/// made through socketcall and ipc, whose first argument says which, and whose other arguments are in memory that no filter
/// can see.
/// </summary>
internal static class Multiplexed
{
    // asm/unistd_32.h of x86, in the order of the numbers; libseccomp does not tell them.
    private const uint FirstSocketCall = 359, FirstIpcCall = 393;

    private static readonly string[] SocketCalls =
    [
        "socket", "socketpair", "bind", "connect", "listen", "accept4", "getsockopt", "setsockopt", "getsockname", "getpeername", "sendto",
        "sendmsg", "recvfrom", "recvmsg", "shutdown",
    ];

    private static readonly string[] IpcCalls =
        ["semget", "semctl", "shmget", "shmctl", "shmat", "shmdt", "msgget", "msgsnd", "msgrcv", "msgctl"];

    /// <summary>The number under which an architecture has the call beside the multiplexer; null for none.</summary>
    public static uint? Direct(uint arch, string name)
    {
        if (arch != filter_h.AUDIT_ARCH_I386)
            return null;
        if (Array.IndexOf(SocketCalls, name) is >= 0 and var socket)
            return FirstSocketCall + (uint)socket;
        return Array.IndexOf(IpcCalls, name) is >= 0 and var ipc ? FirstIpcCall + (uint)ipc : null;
    }

    /// <summary>
    /// A rule for calls through the multiplexer: since their arguments cannot be compared, the strictest that the profile may
    /// mean for the call; null where that is the default anyway.
    /// </summary>
    /// <param name="pseudo">libseccomp's negative number of the call: -101 is socketcall's 1, -221 ipc's 21.</param>
    /// <param name="call">With its alternatives.</param>
    /// <param name="defaultAction">The profile's.</param>
    public static Alternative? Through(int pseudo, KnownCall call, uint defaultAction)
    {
        var strictest = call.Alternatives.Select(a => a.Alternative.Action).Append(defaultAction).MinBy(Rank);
        return strictest == defaultAction
            ? null
            : new Alternative(strictest, [new scmp_arg_cmp { arg = 0, op = Libseccomp.SCMP_CMP_EQ, datum_a = (ulong)(-pseudo % 100) }]);
    }

    /// <summary>The kernel's precedence of actions: as signed numbers, smallest first (kernel/seccomp.c).</summary>
    private static int Rank(uint action) => unchecked((int)(action & seccomp_h.SECCOMP_RET_ACTION_FULL));
}
