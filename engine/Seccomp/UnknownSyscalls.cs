using System.Runtime.InteropServices;
using Engine.Linux;
using Engine.Shared.Linux;

namespace Engine.Seccomp;

/// <summary>
/// The beginning of a program that answers ENOSYS to system calls newer than every one the profile names. A profile that
/// answers EPERM by default was written before them: a C library that tries a new call and falls back to an old one on
/// ENOSYS would take EPERM for the last word. (runc does this as well, also where the default is to kill; here a default
/// other than SCMP_ACT_ERRNO is left as it is.)
/// </summary>
internal static class UnknownSyscalls
{
    // struct seccomp_data
    private const uint OffsetNumber = 0, OffsetArch = 4;

    private const ushort Load = filter_h.BPF_LD | filter_h.BPF_W | filter_h.BPF_ABS;
    private const ushort IfEqual = filter_h.BPF_JMP | filter_h.BPF_JEQ | filter_h.BPF_K;
    private const ushort IfGreater = filter_h.BPF_JMP | filter_h.BPF_JGT | filter_h.BPF_K;
    private const ushort IfAtLeast = filter_h.BPF_JMP | filter_h.BPF_JGE | filter_h.BPF_K;
    private const ushort Jump = filter_h.BPF_JMP | filter_h.BPF_JA;
    private const ushort Return = filter_h.BPF_RET | filter_h.BPF_K;

    private const uint ReturnEnosys = seccomp_h.SECCOMP_RET_ERRNO | (uint)Errno.ENOSYS;

    private const uint X32Bit = filter_h.__X32_SYSCALL_BIT;

    /// <summary>Instructions to stand before the filter.</summary>
    /// <param name="largest">For each architecture (libseccomp's token) the largest number that the profile names there.</param>
    public static byte[] Prologue(IReadOnlyDictionary<uint, uint> largest)
    {
        var sections = new List<(uint Arch, List<sock_filter> Code)>();
        foreach (var (arch, last) in largest.Where(e => e.Key != Libseccomp.SCMP_ARCH_X32).OrderBy(e => e.Key))
        {
            uint? x32 = arch == filter_h.AUDIT_ARCH_X86_64 && largest.TryGetValue(Libseccomp.SCMP_ARCH_X32, out var l) ? l : null;
            sections.Add((arch, Section(last, arch == filter_h.AUDIT_ARCH_X86_64, x32)));
        }
        var length = sections.Sum(s => s.Code.Count + 1) + 1;
        var code = new List<sock_filter> { Plain(Load, OffsetArch) };
        foreach (var (arch, section) in sections)
        {
            code.Add(Branch(IfEqual, arch, 0, section.Count));
            foreach (var instruction in section)
            {
                var placed = instruction;
                if (placed.code == Jump)
                    placed.k = (uint)(length - code.Count - 1);
                code.Add(placed);
            }
        }
        return MemoryMarshal.AsBytes(CollectionsMarshal.AsSpan(code)).ToArray();
    }

    /// <summary>x32 calls arrive as x86-64 with a bit set. Without an x32 part they are the filter's to refuse as a foreign architecture.</summary>
    private static List<sock_filter> Section(uint last, bool x64, uint? x32)
    {
        var code = new List<sock_filter> { Plain(Load, OffsetNumber) };
        if (x64 && x32 is null)
            code.Add(Branch(IfAtLeast, X32Bit, 2, 0));
        if (x32 is { } lastX32)
        {
            code.Add(Branch(IfAtLeast, X32Bit, 0, 1));
            code.Add(Branch(IfGreater, lastX32, 1, 2));
        }
        code.Add(Branch(IfGreater, last, 0, 1));
        code.Add(Plain(Return, ReturnEnosys));
        code.Add(Plain(Jump, 0));
        return code;
    }

    private static sock_filter Plain(ushort code, uint k) => new() { code = code, k = k };

    private static sock_filter Branch(ushort code, uint k, int whenTrue, int whenFalse) =>
        new() { code = code, k = k, jt = (byte)whenTrue, jf = (byte)whenFalse };
}
