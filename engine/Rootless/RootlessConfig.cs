using Engine.Diagnostics;
using Engine.Spec;

namespace Engine.Rootless;

/// <summary>
/// The configuration as it reads in the starter's user namespace: its own user namespace is taken out where it is that one, or is mapped
/// to ids inside it; what the maps cannot give is refused by its JSON path.
/// </summary>
internal static class RootlessConfig
{
    /// <summary>Changes <paramref name="spec"/>.</summary>
    /// <exception cref="EngineException">With the JSON path of what cannot be had.</exception>
    public static void Adapt(RuntimeSpec spec, RootlessOrder order)
    {
        LinuxSpec linux = spec.Linux ??= new LinuxSpec();
        IdMapping[] uids = order.UidMap, gids = order.GidMap;
        if (linux.Namespace("user") is not null)
        {
            if (!order.IsConfigs)
            {
                linux.UidMappings = Translate(linux.UidMappings, uids, "linux.uidMappings");
                linux.GidMappings = Translate(linux.GidMappings, gids, "linux.gidMappings");
            }

            if (order.IsConfigs || (IsWhole(linux.UidMappings, uids) && IsWhole(linux.GidMappings, gids)))
            {
                linux.Namespaces = [.. linux.Namespaces.Where(ns => ns.Type != "user")];
                linux.UidMappings = linux.GidMappings = [];
            }
        }

        bool nested = linux.Namespace("user") is not null;
        if (uids.Length > 0)
        {
            Check(spec, nested ? linux.UidMappings : uids, nested ? linux.GidMappings : gids, order.DeniesGroups);
        }
    }

    /// <summary>Refuses ids that have no meaning where the process will be.</summary>
    /// <exception cref="EngineException">Names the property and the id.</exception>
    public static void CheckUser(UserSpec user, IdMapping[] uids, IdMapping[] gids, string file = "")
    {
        Require(uids, user.Uid, file + "process.user.uid", "user");
        Require(gids, user.Gid, file + "process.user.gid", "group");
        for (int i = 0; i < user.AdditionalGids.Length; i++)
        {
            Require(gids, user.AdditionalGids[i], $"{file}process.user.additionalGids[{i}]", "group");
        }
    }

    private static IdMapping[] Translate(IdMapping[] map, IdMapping[] outer, string jsonPath)
    {
        var inside = new List<IdMapping>();
        for (int i = 0; i < map.Length; i++)
        {
            inside.AddRange(IdMap.Translate(map[i], outer, out ulong missing)
                ?? throw new EngineException($"config.json: {jsonPath}[{i}]: host id {missing} is not yours to map"));
        }

        return [.. inside];
    }

    private static bool IsWhole(IdMapping[] map, IdMapping[] outer) => IdMap.IsIdentity(map) && IdMap.Count(map) == IdMap.Count(outer);

    private static void Check(RuntimeSpec spec, IdMapping[] uids, IdMapping[] gids, bool deniesGroups)
    {
        if (spec.Process is { } process)
        {
            CheckUser(process.User, uids, gids, "config.json: ");
            if (deniesGroups && process.User.AdditionalGids.Length > 0)
            {
                throw new EngineException(
                    $"config.json: process.user.additionalGids: a user without a range in {SubordinateIds.GroupFile} can set no supplementary groups; remove them");
            }
        }

        for (int i = 0; i < spec.Mounts.Length; i++)
        {
            CheckOptions(spec.Mounts[i], $"mounts[{i}].options", uids, gids);
        }
    }

    // A filesystem takes no owner that its mounter cannot name, and says only that an argument is invalid.
    private static void CheckOptions(MountSpec mount, string jsonPath, IdMapping[] uids, IdMapping[] gids)
    {
        foreach (string option in mount.Type is "devpts" or "tmpfs" ? mount.Options : [])
        {
            if (option.StartsWith("uid=", StringComparison.Ordinal) && uint.TryParse(option[4..], out uint uid))
            {
                Require(uids, uid, $"config.json: {jsonPath}: {option}", "user");
            }
            else if (option.StartsWith("gid=", StringComparison.Ordinal) && uint.TryParse(option[4..], out uint gid))
            {
                Require(gids, gid, $"config.json: {jsonPath}: {option}", "group");
            }
        }
    }

    private static void Require(IdMapping[] map, uint id, string jsonPath, string kind)
    {
        if (!IdMap.Contains(map, id))
        {
            throw new EngineException(
                $"{jsonPath}: {kind} {id} has no meaning in the container's user namespace, which maps "
                + string.Join(", ", map.Select(range => range.Size == 1 ? $"{range.ContainerId}" : $"{range.ContainerId} to {(ulong)range.ContainerId + range.Size - 1}"))
                + $"; an ordinary user gets more by a line in {(kind == "user" ? SubordinateIds.UserFile : SubordinateIds.GroupFile)}");
        }
    }
}
