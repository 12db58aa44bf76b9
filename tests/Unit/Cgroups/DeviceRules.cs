using Engine.Cgroups;
using FsCheck;
using FsCheck.Fluent;

namespace Engine.Tests.Unit.Cgroups;

/// <summary>Random device rules over few numbers, so that they meet often, and what they mean, said in the plainest way.</summary>
internal static class DeviceRules
{
    private static readonly uint?[] Numbers = [null, 0, 1, 5, uint.MaxValue];

    private static readonly Gen<DeviceRule> One =
        from allow in Gen.Elements(true, false)
        from kind in Gen.Elements(DeviceKind.All, DeviceKind.Block, DeviceKind.Char)
        from major in Gen.Elements(Numbers)
        from minor in Gen.Elements(Numbers)
        from access in Gen.Choose(1, 7)
        select new DeviceRule(allow, kind, major, minor, (DeviceAccess)access, "rule");

    public static Arbitrary<DeviceRule[]> Lists { get; } =
        Arb.From(from length in Gen.Choose(0, 8) from rules in One.ArrayOf(length) select rules);

    /// <summary>Every request that can tell two of these rules apart.</summary>
    public static IReadOnlyList<(DeviceAccess Access, DeviceKind Kind, uint Major, uint Minor)> Requests { get; } =
    [
        .. from access in Enumerable.Range(1, 7)
           from kind in new[] { DeviceKind.Block, DeviceKind.Char }
           from major in new uint[] { 0, 1, 2, 5, uint.MaxValue }
           from minor in new uint[] { 0, 1, 2, 5, uint.MaxValue }
           select ((DeviceAccess)access, kind, major, minor),
    ];

    /// <summary>Reference: each kind of access asks the last rule that speaks of it and of the device.</summary>
    public static bool Allows(IReadOnlyList<DeviceRule> rules, DeviceAccess access, DeviceKind kind, uint major, uint minor)
    {
        foreach (var one in new[] { DeviceAccess.Mknod, DeviceAccess.Read, DeviceAccess.Write })
        {
            if (access.HasFlag(one) && rules.LastOrDefault(r => r.Access.HasFlag(one) && r.Covers(kind, major, minor)) is not { Allow: true })
                return false;
        }
        return true;
    }
}
