using Engine.Diagnostics;
using Engine.Spec;

namespace Engine.Rootless;

/// <summary>
/// Which ids the starter's user namespace maps. Root in it is the caller, so that everything the starter makes is the caller's. Where the
/// configuration's own user namespace begins with that line, it is this one; otherwise it is made inside it.
/// </summary>
/// <param name="Uids">User ids.</param>
/// <param name="Gids">Group ids.</param>
/// <param name="AreConfigs">They are the configuration's own.</param>
internal sealed record StarterMaps(IdMapping[] Uids, IdMapping[] Gids, bool AreConfigs)
{
    /// <summary>Chooses the maps for a container.</summary>
    /// <param name="linux">Of its configuration.</param>
    /// <param name="account">The caller.</param>
    /// <param name="uids">The caller's ranges of user ids; none as well when nothing can map them.</param>
    /// <param name="gids">The same of group ids.</param>
    /// <exception cref="EngineException">The configuration maps ids that are not the caller's.</exception>
    public static StarterMaps Choose(LinuxSpec? linux, Account account, IReadOnlyList<IdRange> uids, IReadOnlyList<IdRange> gids)
    {
        if (linux?.Namespace("user") is { IsJoined: false })
        {
            Require(linux.UidMappings, account.Uid, uids, "linux.uidMappings", SubordinateIds.UserFile);
            Require(linux.GidMappings, account.Gid, gids, "linux.gidMappings", SubordinateIds.GroupFile);
            if (IdMap.RootIs(linux.UidMappings, account.Uid) && IdMap.RootIs(linux.GidMappings, account.Gid))
            {
                return new StarterMaps(linux.UidMappings, linux.GidMappings, true);
            }
        }

        return new StarterMaps(IdMap.WithRanges(account.Uid, uids), IdMap.WithRanges(account.Gid, gids), false);
    }

    private static void Require(IdMapping[] map, uint own, IReadOnlyList<IdRange> ranges, string jsonPath, string file)
    {
        for (int i = 0; i < map.Length; i++)
        {
            IdMapping range = map[i];
            bool mine = (range.HostId == own && range.Size == 1) || ranges.Any(given => given.Contains(range.HostId, range.Size));
            if (!mine)
            {
                throw new EngineException(
                    $"config.json: {jsonPath}[{i}]: host ids {range.HostId} to {(ulong)range.HostId + range.Size - 1} are not yours to map: "
                    + $"you have {own}{string.Concat(ranges.Select(given => $", {given.Start} to {(ulong)given.Start + given.Count - 1}"))}"
                    + (ranges.Count == 0 ? $"; more takes a line in {file} and /usr/bin/newuidmap (package uidmap)" : ""));
            }
        }
    }
}
