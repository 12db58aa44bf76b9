using Engine.Diagnostics;
using Engine.Spec;

namespace Engine.Cgroups;

/// <summary>linux.resources.devices to devices.allow and devices.deny (v1) or to a BPF program (v2).</summary>
internal static class DeviceResources
{
    /// <summary>
    /// Adds the steps: the config's rules, then <see cref="DeviceRule.Defaults"/>. No rule at all leaves devices alone, on
    /// update as on create.
    /// </summary>
    public static void Plan(ResourceContext c, DeviceRuleSpec[] devices)
    {
        if (devices.Length == 0)
            return;
        var rules = devices.Select((d, i) => Parse(c, d, $"devices[{i}]")).Concat(DeviceRule.Defaults).ToList();
        if (c.OnV1("devices") is { } slot)
        {
            var current = c.Current(slot, "devices.list") is { } text ? DeviceList.ParseCurrent(text) : null;
            foreach (var (file, value) in DeviceList.FromRules(rules).WritesFrom(current))
                c.Write(slot, file, value, "devices", advice: "the cgroups above must allow these devices, and cgroups below must be gone");
        }
        else if (c.Unified is { } unified)
        {
            c.Add(new DeviceProgramStep(unified.Slot, DeviceProgram.Compile(rules)));
        }
        else
        {
            throw c.Missing("devices", "devices");
        }
    }

    /// <summary>Checks one entry. Absent members stand for "all"; so does -1 for a number, as runc has it.</summary>
    public static DeviceRule Parse(ResourceContext c, DeviceRuleSpec rule, string member)
    {
        var kind = rule.Type switch
        {
            null or "" or "a" => DeviceKind.All,
            "b" => DeviceKind.Block,
            "c" or "u" => DeviceKind.Char,
            _ => throw c.Refuse(member + ".type", $"{Quote.Text(rule.Type)} is none of a, b, c"),
        };
        var access = DeviceAccess.None;
        foreach (var letter in rule.Access ?? "rwm")
        {
            access |= letter switch
            {
                'r' => DeviceAccess.Read,
                'w' => DeviceAccess.Write,
                'm' => DeviceAccess.Mknod,
                _ => throw c.Refuse(member + ".access", $"{Quote.Text(rule.Access)} holds other letters than r, w and m"),
            };
        }
        if (access == DeviceAccess.None)
            throw c.Refuse(member + ".access", "is empty", "write it with the letters r, w and m, or leave it out for all three");
        return new DeviceRule(
            rule.Allow, kind, Number(c, rule.Major, member + ".major"), Number(c, rule.Minor, member + ".minor"), access, c.Json(member));
    }

    private static uint? Number(ResourceContext c, long? number, string member) => number switch
    {
        null or -1 => null,
        >= 0 and <= uint.MaxValue => (uint)number,
        _ => throw c.Refuse(member, $"{number} is no device number"),
    };
}
