using System.Text;
using Engine.Shared.Linux;
using Engine.Spec;

namespace Engine.Security;

/// <summary>Five capability sets as the kernel has them: bit n is capability n.</summary>
public readonly record struct CapabilitySets(ulong Bounding, ulong Permitted, ulong Effective, ulong Inheritable, ulong Ambient);

/// <summary>Capabilities by name, and what the kernel will make of a configuration's five lists.</summary>
public static class Capabilities
{
    /// <summary>CAP_KILL to 5. Exactly the names of capabilities(7).</summary>
    public static bool TryNumber(string name, out int number)
    {
        number = CapabilityNames.Number(Encoding.UTF8.GetBytes(name));
        return number >= 0;
    }

    /// <summary>5 to CAP_KILL.</summary>
    public static string Name(int number) => Encoding.ASCII.GetString(CapabilityNames.Name(number));

    /// <summary>Every name, by number.</summary>
    public static IEnumerable<string> All => Enumerable.Range(0, CapabilityNames.Count).Select(Name);

    /// <summary>The names of a mask, by number.</summary>
    public static IEnumerable<string> NamesOf(ulong mask) =>
        Enumerable.Range(0, CapabilityNames.Count).Where(n => (mask & (1UL << n)) != 0).Select(Name);

    /// <summary>A mask of names. Unknown ones are left out: the validator has refused them.</summary>
    public static ulong Mask(ReadOnlySpan<string> names)
    {
        ulong mask = 0;
        foreach (var name in names)
        {
            if (TryNumber(name, out var number))
                mask |= 1UL << number;
        }
        return mask;
    }

    /// <summary>The sets as the configuration lists them; none at all for null.</summary>
    public static CapabilitySets Asked(CapabilitiesSpec? spec) => spec is null
        ? default
        : new(Mask(spec.Bounding), Mask(spec.Permitted), Mask(spec.Effective), Mask(spec.Inheritable), Mask(spec.Ambient));

    /// <summary>
    /// The sets that can be set: the kernel keeps effective within permitted, and ambient within permitted and inheritable
    /// (capabilities(7)). What falls away is a warning, not an error, by the specification; buildah lists ambient ones
    /// without inheritable ones.
    /// </summary>
    public static CapabilitySets Grantable(CapabilitySets asked) => asked with
    {
        Effective = asked.Effective & asked.Permitted,
        Ambient = asked.Ambient & asked.Permitted & asked.Inheritable,
    };
}
