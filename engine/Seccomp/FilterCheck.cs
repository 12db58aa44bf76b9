using System.Runtime.InteropServices;
using Engine.Linux;
using Engine.Shared.Linux;

namespace Engine.Seccomp;

/// <summary>One way in which a call comes to an action: all comparisons hold.</summary>
/// <param name="Action">With its data.</param>
/// <param name="Comparisons">Of at most six arguments; none for every call.</param>
internal sealed record Alternative(uint Action, scmp_arg_cmp[] Comparisons);

/// <summary>
/// Tries a compiled filter on the calls at the borders of its comparisons. libseccomp (2.5.4 for one) goes wrong where
/// several rules for one system call compare the same arguments by anything but equality: a filter that is weaker or
/// stronger than written. Such a profile is refused rather than loaded.
/// </summary>
internal static class FilterCheck
{
    /// <summary>Calls tried for one system call on one architecture; a rule set for which this is not all of them has some left out.</summary>
    private const int MaxTries = 20000;

    /// <summary>A call that the filter decides otherwise than the alternatives do, in words; null when there is none.</summary>
    /// <param name="program">struct sock_filter[].</param>
    /// <param name="arch">libseccomp's token.</param>
    /// <param name="number">The system call there.</param>
    /// <param name="alternatives">Of that call.</param>
    /// <param name="defaultAction">For calls of no alternative.</param>
    public static string? FindWrong(byte[] program, uint arch, uint number, IReadOnlyList<Alternative> alternatives, uint defaultAction)
    {
        var code = MemoryMarshal.Cast<byte, sock_filter>(program);
        var auditArch = arch == Libseccomp.SCMP_ARCH_X32 ? filter_h.AUDIT_ARCH_X86_64 : arch;
        var wide = (arch & 0x80000000) != 0;
        var border = Borders(alternatives, wide);
        // A 32-bit machine has no such arguments, so it is nobody's matter what the comparison does there.
        if (border is null)
            return null;
        var total = border.Aggregate(1L, (product, values) => product * values.Length);
        var step = Math.Max(1, total / MaxTries);
        var arguments = new ulong[6];
        for (long at = 0; at < total; at += step)
        {
            var rest = at;
            for (var i = 0; i < 6; i++)
            {
                arguments[i] = border[i][rest % border[i].Length];
                rest /= border[i].Length;
            }
            var result = FilterMachine.Run(code, auditArch, number, arguments);
            var meant = alternatives.Where(a => a.Comparisons.All(c => Holds(c, arguments))).ToList();
            if (meant.Count == 0 ? result != defaultAction : !meant.Exists(a => a.Action == result))
                return "arguments " + string.Join(", ", arguments.Select(a => "0x" + a.ToString("x")));
        }
        return null;
    }

    /// <summary>For each argument the values at which some comparison changes its answer; null when a 32-bit architecture cannot have them.</summary>
    private static ulong[][]? Borders(IReadOnlyList<Alternative> alternatives, bool wide)
    {
        var border = new ulong[6][];
        for (var i = 0; i < 6; i++)
        {
            var values = new SortedSet<ulong> { 0 };
            foreach (var c in alternatives.SelectMany(a => a.Comparisons).Where(c => c.arg == i))
            {
                if (!wide && (c.datum_a > uint.MaxValue || c.datum_b > uint.MaxValue))
                    return null;
                var v = c.op == Libseccomp.SCMP_CMP_MASKED_EQ ? c.datum_b : c.datum_a;
                ulong[] near = c.op == Libseccomp.SCMP_CMP_MASKED_EQ
                    ? [v, v ^ c.datum_a, v | ~c.datum_a, v ^ (c.datum_a & (~c.datum_a + 1)), v ^ (1UL << 32)]
                    : [v, unchecked(v - 1), unchecked(v + 1), v ^ (1UL << 32), v ^ (1UL << 63), (uint)v, v | (0xffffffffUL << 32)];
                values.UnionWith(near.Where(n => wide || n <= uint.MaxValue));
            }
            border[i] = [.. values];
        }
        return border;
    }

    private static bool Holds(scmp_arg_cmp c, ulong[] arguments)
    {
        var value = arguments[c.arg];
        return c.op switch
        {
            Libseccomp.SCMP_CMP_NE => value != c.datum_a,
            Libseccomp.SCMP_CMP_LT => value < c.datum_a,
            Libseccomp.SCMP_CMP_LE => value <= c.datum_a,
            Libseccomp.SCMP_CMP_EQ => value == c.datum_a,
            Libseccomp.SCMP_CMP_GE => value >= c.datum_a,
            Libseccomp.SCMP_CMP_GT => value > c.datum_a,
            _ => (value & c.datum_a) == c.datum_b,
        };
    }
}
