using Engine.Shared.Linux;
using static Engine.Shared.Linux.filter_h;

namespace Engine.Seccomp;

/// <summary>Runs a seccomp filter on one call, as the kernel would; knows the instructions that libseccomp makes.</summary>
internal static class FilterMachine
{
    /// <summary>SECCOMP_RET_* with its data; null where the program leaves what this machine knows.</summary>
    /// <param name="program">Checked by nobody yet: it may hold anything.</param>
    /// <param name="arch">AUDIT_ARCH_*.</param>
    /// <param name="number">System call.</param>
    /// <param name="arguments">Six.</param>
    public static uint? Run(ReadOnlySpan<sock_filter> program, uint arch, uint number, ReadOnlySpan<ulong> arguments)
    {
        uint a = 0;
        // Jumps go forward only, so the program ends.
        for (long at = 0; at >= 0 && at < program.Length; at++)
        {
            var one = program[(int)at];
            switch ((int)one.code)
            {
                case BPF_LD | BPF_W | BPF_ABS:
                    a = Word(one.k, arch, number, arguments);
                    break;
                case BPF_ALU | BPF_AND | BPF_K:
                    a &= one.k;
                    break;
                case BPF_JMP | BPF_JA:
                    at += one.k;
                    break;
                case BPF_JMP | BPF_JEQ | BPF_K:
                    at += a == one.k ? one.jt : one.jf;
                    break;
                case BPF_JMP | BPF_JGT | BPF_K:
                    at += a > one.k ? one.jt : one.jf;
                    break;
                case BPF_JMP | BPF_JGE | BPF_K:
                    at += a >= one.k ? one.jt : one.jf;
                    break;
                case BPF_JMP | BPF_JSET | BPF_K:
                    at += (a & one.k) != 0 ? one.jt : one.jf;
                    break;
                case BPF_RET | BPF_K:
                    return one.k;
                default:
                    return null;
            }
        }
        return null;
    }

    /// <summary>The word at an offset of struct seccomp_data; the instruction pointer reads as 0.</summary>
    private static uint Word(uint offset, uint arch, uint number, ReadOnlySpan<ulong> arguments)
    {
        if (offset == 0)
            return number;
        if (offset == 4)
            return arch;
        if (offset is < 16 or >= 64)
            return 0;
        var argument = arguments[(int)(offset - 16) / 8];
        var high = offset % 8 != 0 == BitConverter.IsLittleEndian;
        return high ? (uint)(argument >> 32) : (uint)argument;
    }
}
