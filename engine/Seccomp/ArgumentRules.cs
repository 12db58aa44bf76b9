using Engine.Linux;
using Engine.Shared.Linux;
using static Engine.Seccomp.FilterAssembler;
using static Engine.Shared.Linux.filter_h;

namespace Engine.Seccomp;

/// <summary>One way in which a call comes to an action: all comparisons hold.</summary>
/// <param name="Action">SECCOMP_RET_* with its data.</param>
/// <param name="Comparisons">Each of another argument; none for every call.</param>
internal sealed record Alternative(uint Action, scmp_arg_cmp[] Comparisons);

/// <summary>
/// The code that decides about one system call for which a profile has several rules with comparisons. libseccomp (2.5.4
/// for one) merges such rules into a tree and gets it wrong for other comparisons than equality: a filter that is weaker or
/// stronger than written. Here they are tried one after the other, and the first that holds decides.
/// </summary>
internal static class ArgumentRules
{
    // struct seccomp_data
    private const uint OffsetArguments = 16;

    /// <summary>Emits the code; it falls through for a call of no alternative.</summary>
    /// <param name="code">Where to.</param>
    /// <param name="alternatives">In the profile's order.</param>
    /// <param name="wide">Arguments have 64 bits; of a 32-bit architecture's the low words are compared, as libseccomp does.</param>
    public static void Emit(FilterAssembler code, IEnumerable<Alternative> alternatives, bool wide)
    {
        foreach (var alternative in alternatives)
        {
            var fails = code.NewLabel();
            foreach (var comparison in alternative.Comparisons)
                Emit(code, comparison, wide, fails);
            code.Return(alternative.Action);
            code.Place(fails);
        }
    }

    /// <summary>Falls through when the comparison holds.</summary>
    private static void Emit(FilterAssembler code, scmp_arg_cmp c, bool wide, int fails)
    {
        var holds = code.NewLabel();
        switch (c.op)
        {
            case Libseccomp.SCMP_CMP_MASKED_EQ:
                EmitMasked(code, c, wide, fails);
                break;
            case Libseccomp.SCMP_CMP_EQ:
                EmitEqual(code, c, wide, fails, Next, fails);
                break;
            case Libseccomp.SCMP_CMP_NE:
                EmitEqual(code, c, wide, holds, fails, Next);
                break;
            case Libseccomp.SCMP_CMP_GT:
                EmitOrder(code, c, wide, BPF_JGT, holds, fails, Next, fails);
                break;
            case Libseccomp.SCMP_CMP_GE:
                EmitOrder(code, c, wide, BPF_JGE, holds, fails, Next, fails);
                break;
            case Libseccomp.SCMP_CMP_LE:
                EmitOrder(code, c, wide, BPF_JGT, fails, holds, fails, Next);
                break;
            default:
                EmitOrder(code, c, wide, BPF_JGE, fails, holds, fails, Next);
                break;
        }
        code.Place(holds);
    }

    /// <summary>Where to when the high words differ, when all is equal, when the low words differ.</summary>
    private static void EmitEqual(FilterAssembler code, scmp_arg_cmp c, bool wide, int highDiffers, int equal, int lowDiffers)
    {
        if (wide)
        {
            code.Load(High(c.arg));
            code.Branch(BPF_JEQ, (uint)(c.datum_a >> 32), Next, highDiffers);
        }
        code.Load(Low(c.arg));
        code.Branch(BPF_JEQ, (uint)c.datum_a, equal, lowDiffers);
    }

    /// <summary>Where to when the high word is larger or smaller, and, with equal high words, when the low word passes BPF_JGT or BPF_JGE or not.</summary>
    private static void EmitOrder(FilterAssembler code, scmp_arg_cmp c, bool wide, int lowTest, int larger, int smaller, int passes, int fails)
    {
        if (wide)
        {
            code.Load(High(c.arg));
            code.Branch(BPF_JGT, (uint)(c.datum_a >> 32), larger, Next);
            code.Branch(BPF_JEQ, (uint)(c.datum_a >> 32), Next, smaller);
        }
        code.Load(Low(c.arg));
        code.Branch(lowTest, (uint)c.datum_a, passes, fails);
    }

    /// <summary>(argument &amp; a) == (b &amp; a): bits of b outside the mask do not count, as in libseccomp.</summary>
    private static void EmitMasked(FilterAssembler code, scmp_arg_cmp c, bool wide, int fails)
    {
        var value = c.datum_b & c.datum_a;
        if (wide)
        {
            code.Load(High(c.arg));
            code.And((uint)(c.datum_a >> 32));
            code.Branch(BPF_JEQ, (uint)(value >> 32), Next, fails);
        }
        code.Load(Low(c.arg));
        code.And((uint)c.datum_a);
        code.Branch(BPF_JEQ, (uint)value, Next, fails);
    }

    private static uint Low(uint argument) => OffsetArguments + (argument * 8) + (BitConverter.IsLittleEndian ? 0u : 4u);

    private static uint High(uint argument) => OffsetArguments + (argument * 8) + (BitConverter.IsLittleEndian ? 4u : 0u);
}
