using Engine.Diagnostics;

namespace Engine.Cgroups;

/// <summary>linux.resources.unified: cgroup2 files by name, written as given after everything else.</summary>
internal static class UnifiedResources
{
    /// <summary>Core files that are the engine's: writing them would move, kill or stop the container or unmake its cgroup.</summary>
    private static readonly string[] Kept =
        ["cgroup.procs", "cgroup.threads", "cgroup.kill", "cgroup.freeze", "cgroup.type", "cgroup.subtree_control"];

    /// <summary>Adds the writes: one for each line of a value, since most files take one line at a time.</summary>
    public static void Plan(ResourceContext c, IReadOnlyDictionary<string, string> unified)
    {
        foreach (var (file, value) in unified.OrderBy(e => e.Key, StringComparer.Ordinal))
        {
            var member = $"unified[{Quote.Text(file)}]";
            var slot = Target(c, file, member);
            if (value.Contains('\0'))
                throw c.Refuse(member, "the value holds a NUL");
            foreach (var line in value.Split('\n', StringSplitOptions.RemoveEmptyEntries))
                c.Write(slot, file, line, member);
        }
    }

    private static CgroupSlot Target(ResourceContext c, string file, string member)
    {
        var dot = file.IndexOf('.');
        if (dot <= 0 || file.Length > 255 || file.Any(ch => ch is '/' || char.IsControl(ch) || char.IsWhiteSpace(ch)))
            throw c.Refuse(member, "is no name of a cgroup file", "write it as in memory.high");
        if (c.Unified is null)
            throw c.Refuse(member, "there is no cgroup v2 here", "use the other members of resources, or a host with cgroup v2");
        if (Kept.Contains(file))
            throw c.Refuse(member, "the engine itself manages this file", "remove it");
        var controller = file[..dot];
        if (controller == "cgroup")
            return c.Unified;
        if (c.OnV1(controller == "io" ? "blkio" : controller) is not null)
            throw c.Refuse(member, $"on this host '{controller}' is a cgroup v1 controller", "use the other members of resources");
        return c.Require(controller, member);
    }
}
