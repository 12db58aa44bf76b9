using Engine.Linux;
using Engine.Shared.Linux;
using static Engine.Seccomp.FilterAssembler;
using static Engine.Shared.Linux.filter_h;

namespace Engine.Seccomp;

/// <summary>What a prologue does for one architecture.</summary>
internal sealed class ArchitecturePart
{
    /// <summary>Calls above this number do not exist; null for no such rule.</summary>
    public uint? LargestKnown { get; set; }

    /// <summary>Calls that are decided here, by number; without Otherwise, calls of no alternative go on to libseccomp's part.</summary>
    public List<(uint Number, List<Alternative> Alternatives, uint? Otherwise)> Calls { get; } = [];

    /// <summary>There is nothing to do.</summary>
    public bool IsEmpty => LargestKnown is null && Calls.Count == 0;
}

/// <summary>
/// The part of a filter that stands before libseccomp's. It answers ENOSYS to system calls newer than every one the profile
/// names: a profile that answers EPERM by default was written before them, and a C library that tries a new call and falls
/// back to an old one on ENOSYS would take EPERM for the last word. And it decides what libseccomp decides wrongly
/// (<see cref="ArgumentRules"/>). All other calls go on to libseccomp's part.
/// </summary>
internal static class FilterPrologue
{
    // struct seccomp_data
    private const uint OffsetNumber = 0, OffsetArch = 4;

    private const uint ReturnEnosys = seccomp_h.SECCOMP_RET_ERRNO | (uint)Errno.ENOSYS;

    /// <summary>Instructions to stand before the filter; none when there is nothing to do.</summary>
    /// <param name="parts">By libseccomp's token of the architecture.</param>
    public static byte[] Build(IReadOnlyDictionary<uint, ArchitecturePart> parts)
    {
        if (parts.Values.All(p => p.IsEmpty))
            return [];
        var code = new FilterAssembler();
        var filter = code.NewLabel();
        code.Load(OffsetArch);
        foreach (var (arch, part) in parts.Where(p => p.Key != Libseccomp.SCMP_ARCH_X32).OrderBy(p => p.Key))
        {
            var next = code.NewLabel();
            var inside = code.NewLabel();
            code.Branch(BPF_JEQ, arch, inside, Next);
            code.Jump(next);
            code.Place(inside);
            code.Load(OffsetNumber);
            if (arch == AUDIT_ARCH_X86_64)
                EmitX32(code, parts.GetValueOrDefault(Libseccomp.SCMP_ARCH_X32), filter);
            Emit(code, part, (arch & 0x80000000) != 0, filter);
            code.Place(next);
        }
        code.Place(filter);
        return code.ToBytes();
    }

    /// <summary>x32 calls arrive as x86-64 with a bit set in the number. Where x32 is not listed they are libseccomp's to refuse as foreign.</summary>
    private static void EmitX32(FilterAssembler code, ArchitecturePart? x32, int filter)
    {
        var x64 = code.NewLabel();
        var inside = code.NewLabel();
        code.Branch(BPF_JGE, __X32_SYSCALL_BIT, inside, Next);
        code.Jump(x64);
        code.Place(inside);
        // Registers have 64 bits under x32 as well.
        Emit(code, x32 ?? new ArchitecturePart(), wide: true, filter);
        code.Place(x64);
    }

    /// <summary>With the number loaded; ends in a return or at libseccomp's part.</summary>
    private static void Emit(FilterAssembler code, ArchitecturePart part, bool wide, int filter)
    {
        if (part.LargestKnown is { } largest)
        {
            var known = code.NewLabel();
            code.Branch(BPF_JGT, largest, Next, known);
            code.Return(ReturnEnosys);
            code.Place(known);
        }
        foreach (var (number, alternatives, otherwise) in part.Calls)
        {
            var inside = code.NewLabel();
            var next = code.NewLabel();
            code.Branch(BPF_JEQ, number, inside, Next);
            code.Jump(next);
            code.Place(inside);
            ArgumentRules.Emit(code, alternatives, wide);
            if (otherwise is { } action)
                code.Return(action);
            else
                code.Jump(filter);
            code.Place(next);
        }
        code.Jump(filter);
    }
}
