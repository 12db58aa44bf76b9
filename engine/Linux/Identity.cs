using Engine.Rpc.Linux;
using Engine.Shared.Linux;

namespace Engine.Linux;

/// <summary>Who this process is, and who may look into it.</summary>
public static class Identity
{
    /// <summary>geteuid(2).</summary>
    public static uint EffectiveUid => Libc.geteuid();

    /// <summary>getegid(2).</summary>
    public static uint EffectiveGid => Libc.getegid();

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
