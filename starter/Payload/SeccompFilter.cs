using Engine.Shared.Wire;
using Engine.Starter.Server;

namespace Engine.Starter.Payload;

/// <summary>The payload's seccomp filter, compiled by the unprivileged engine, loaded here.</summary>
internal static unsafe class SeccompFilter
{
    private const int InstructionBytes = 8;
    private const uint KnownFlags = SECCOMP_FILTER_FLAG_TSYNC | SECCOMP_FILTER_FLAG_LOG | SECCOMP_FILTER_FLAG_SPEC_ALLOW |
        SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV;
    private const int ClassMask = 7;

    /// <summary>The plan has a filter.</summary>
    public static bool Wanted => !PayloadPlan.Plan.Seccomp.IsEmpty;

    /// <summary>Loads it. Needs no_new_privs or CAP_SYS_ADMIN. What follows must be allowed by the filter.</summary>
    public static bool Load()
    {
        Text code = PayloadPlan.Plan.Seccomp;
        if (!WellFormed(code))
            return Failure.Refuse("seccomp"u8, "the filter is not a program of forward jumps that ends in a return"u8);
        if ((PayloadPlan.Plan.SeccompFlags & ~KnownFlags) != 0)
            return Failure.Refuse("seccomp"u8, "a flag that is not supported"u8);

        sock_fprog program;
        program.len = (ushort)(code.Length / InstructionBytes);
        program.filter = (sock_filter*)code.At;
        uint flags = PayloadPlan.Plan.SeccompFlags;
        // The other thread there is then must not have the filter: it is the one that sends the listener.
        if (SeccompListener.Wanted)
            flags = (flags & ~(uint)SECCOMP_FILTER_FLAG_TSYNC) | SECCOMP_FILTER_FLAG_NEW_LISTENER;
        int result = Sys.seccomp(SECCOMP_SET_MODE_FILTER, flags, &program);
        if (result >= 0)
        {
            SeccompListener.HandOver(result);
            return true;
        }

        Failure.Call("seccomp"u8, result);
        if (result == -EBUSY)
            return Failure.Explain("a filter that notifies is there already, of the container that this runs in"u8);
        return result == -EACCES && Failure.Explain("without noNewPrivileges a filter needs CAP_SYS_ADMIN"u8);
    }

    // The kernel checks more; this is what must hold even if it did not.
    private static bool WellFormed(Text code)
    {
        int count = code.Length / InstructionBytes;
        if (count == 0 || count > BPF_MAXINSNS || code.Length % InstructionBytes != 0)
            return false;
        for (int i = 0; i < count; i++)
        {
            sock_filter instruction = Unaligned(code.At + (i * InstructionBytes));
            if ((instruction.code & ClassMask) != BPF_JMP)
                continue;
            bool always = (instruction.code & 0xf0) == BPF_JA;
            long furthest = always ? instruction.k : instruction.jt > instruction.jf ? instruction.jt : instruction.jf;
            if (i + 1 + furthest >= count)
                return false;
        }

        return (Unaligned(code.At + ((count - 1) * InstructionBytes)).code & ClassMask) == BPF_RET;
    }

    // The plan is packed: a filter begins where it begins.
    private static sock_filter Unaligned(byte* at)
    {
        sock_filter instruction;
        instruction.code = (ushort)(at[0] | (at[1] << 8));
        instruction.jt = at[2];
        instruction.jf = at[3];
        instruction.k = (uint)(at[4] | (at[5] << 8) | (at[6] << 16) | (at[7] << 24));
        return instruction;
    }
}
