using Engine.Shared.Policy;

namespace Engine.Starter;

/// <summary>What was understood of a site configuration, in numbers: the same from both worlds.</summary>
internal static class SiteSummary
{
    public static void Write(ref TextBuilder text, SiteConfigError error, int line, ref SiteConfig config)
    {
        text.AppendDecimal((int)error);
        Next(ref text, (ulong)(uint)line);
        Next(ref text, config.AllowSetuid ? 1u : 0);
        Next(ref text, config.Namespaces);
        Next(ref text, config.UserBind ? 1u : 0);
        Next(ref text, config.TmpfsMaxSize);
        Next(ref text, config.TmpfsMaxInodes);
        Next(ref text, config.MaxMounts);
        Next(ref text, config.Cgroups ? 1u : 0);
        for (uint id = 998; id < 1004; id++)
            Next(ref text, SiteConfig.Lists(config.AllowUsers, id) ? 1u : 0);
    }

    private static void Next(ref TextBuilder text, ulong value)
    {
        text.Append((byte)' ');
        text.AppendDecimal(value);
    }
}
