using System.Globalization;
using System.Text;
using Engine.Shared.Policy;
using Engine.Shared.Wire;

namespace Engine.Setuid;

/// <summary>The keys of engine.conf with their values in force, in words.</summary>
internal static class SiteSettings
{
    private static readonly string[] Keys = Encoding.ASCII.GetString(SiteConfig.KeyNames).Split(' ');
    private static readonly string[] Namespaces = Encoding.ASCII.GetString(SiteConfig.NamespaceNames).Split(' ');

    /// <summary>All of them, in the order of <see cref="SiteKey"/>.</summary>
    public static IReadOnlyList<(string Key, string Value, string Meaning)> Of(in SiteConfig config)
    {
        var all = new List<(string, string, string)>();
        for (SiteKey key = 0; key < SiteKey.Count; key++)
        {
            (string value, string meaning) = Explain(key, in config);
            all.Add((Keys[(int)key], value, meaning));
        }

        return all;
    }

    private static (string Value, string Meaning) Explain(SiteKey key, in SiteConfig config) => key switch
    {
        SiteKey.AllowSetuid => (Word(config.AllowSetuid), config.AllowSetuid ? "users may run containers through the set-uid starter" : "the set-uid starter refuses everybody"),
        SiteKey.AllowUsers => List(config.AllowUsers, "(everybody)", "uids that may, beside those of allow_groups"),
        SiteKey.AllowGroups => List(config.AllowGroups, "(every group)", "gids whose members may"),
        SiteKey.DenyUsers => List(config.DenyUsers, "(nobody)", "uids that may not, whatever else allows them"),
        SiteKey.DenyGroups => List(config.DenyGroups, "(no group)", "gids whose members may not, whatever else allows them"),
        SiteKey.AllowNs => (NamespacesOf(config.Namespaces), "new namespaces a container may have beside its mount namespace"),
        SiteKey.LimitRootfsOwners => List(config.RootfsOwners, "(anybody)", "uids, one of whom must own the root directory"),
        SiteKey.LimitRootfsGroups => List(config.RootfsGroups, "(any group)", "gids, one of which the root directory must belong to"),
        SiteKey.LimitRootfsPaths => List(config.RootfsPaths, "(anywhere)", "directories, one of which must hold the root directory"),
        SiteKey.UserBind => (Word(config.UserBind), config.UserBind ? "users may bind-mount what they can open" : "no bind mounts but the kernel's own directories"),
        SiteKey.DenyBindPaths => List(config.DenyBindPaths, "(none)", "directories that no bind mount may show any part of"),
        SiteKey.AllowDevices => List(config.Devices, "(none)", "devices that may be bound beside null, zero, full, random, urandom and tty"),
        SiteKey.TmpfsMaxSize => Number(config.TmpfsMaxSize, "bytes of one tmpfs at most"),
        SiteKey.TmpfsMaxInodes => Number(config.TmpfsMaxInodes, "inodes of one tmpfs at most"),
        SiteKey.MaxMounts => Number(config.MaxMounts, "mounts of one container at most"),
        SiteKey.MaxContainers => Number(config.MaxContainers, "containers of one user at once"),
        SiteKey.Cgroups => (Word(config.Cgroups), config.Cgroups ? "each user gets /engine/user-UID in every cgroup hierarchy" : "containers stay in their caller's cgroup, or use what is delegated to him"),
        SiteKey.CgroupMemoryMax => Limit(config.CgroupMemoryMax, "bytes for all containers of one user together"),
        SiteKey.CgroupPidsMax => Limit(config.CgroupPidsMax, "processes for all containers of one user together"),
        _ => List(config.Libexec, "/usr/local/libexec/engine", "directory of master and pump"),
    };

    private static string Word(bool yes) => yes ? "yes" : "no";

    private static unsafe (string, string) List(Text value, string absent, string meaning) =>
        (value.IsEmpty ? absent : Encoding.ASCII.GetString(value.At, value.Length), meaning);

    private static (string, string) Number(ulong value, string meaning) => (value.ToString(CultureInfo.InvariantCulture), meaning);

    private static (string, string) Limit(ulong value, string meaning) =>
        (value == 0 ? "(no limit)" : value.ToString(CultureInfo.InvariantCulture), meaning);

    private static string NamespacesOf(uint bits)
    {
        string[] names = [.. Namespaces.Where((_, i) => (bits >> i & 1) != 0)];
        return names.Length == 0 ? "none" : string.Join(", ", names);
    }
}
