using System.Globalization;
using Engine.Spec;

namespace Engine.Rootless;

/// <summary>Arithmetic on id maps: container ids, host ids, ranges.</summary>
internal static class IdMap
{
    /// <summary>The one map that a user may always write: 0 is the user.</summary>
    public static IdMapping[] Single(uint id) => [new IdMapping { ContainerId = 0, HostId = id, Size = 1 }];

    /// <summary>0 is the user, and from 1 on come the ranges, one behind the other, as far as ids and the kernel's number of lines go.</summary>
    public static IdMapping[] WithRanges(uint id, IReadOnlyList<IdRange> ranges)
    {
        var map = new List<IdMapping>(Single(id));
        ulong next = 1;
        foreach (IdRange range in ranges.Take(MostRanges - 1))
        {
            uint size = (uint)Math.Min(range.Count, uint.MaxValue - next);
            if (size > 0 && !range.Contains(id, 1))
            {
                map.Add(new IdMapping { ContainerId = (uint)next, HostId = range.Start, Size = size });
                next += size;
            }
        }

        return [.. map];
    }

    /// <summary>uid_map or gid_map of a process; one line of everything when it cannot be read.</summary>
    public static IdMapping[] OfProcess(int pid, string file)
    {
        try
        {
            var map = new List<IdMapping>();
            foreach (string line in File.ReadLines(string.Create(CultureInfo.InvariantCulture, $"/proc/{pid}/{file}")))
            {
                uint[] numbers = [.. line.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(text => uint.Parse(text, CultureInfo.InvariantCulture))];
                map.Add(new IdMapping { ContainerId = numbers[0], HostId = numbers[1], Size = numbers[2] });
            }

            return [.. map];
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return [new IdMapping { ContainerId = 0, HostId = 0, Size = uint.MaxValue }];
        }
    }

    /// <summary>True for the map of <see cref="Single"/>.</summary>
    public static bool IsSingle(IdMapping[] map, uint id) => map is [{ ContainerId: 0, Size: 1 } one] && one.HostId == id;

    /// <summary>True when container id 0 is the host's <paramref name="id"/>.</summary>
    public static bool RootIs(IdMapping[] map, uint id) => map.Any(range => range.ContainerId == 0 && range.HostId == id);

    /// <summary>True when <paramref name="id"/> has a meaning inside.</summary>
    public static bool Contains(IdMapping[] map, uint id) => map.Any(range => id >= range.ContainerId && id - range.ContainerId < range.Size);

    /// <summary>How many ids are mapped.</summary>
    public static ulong Count(IdMapping[] map) => map.Aggregate(0ul, (sum, range) => sum + range.Size);

    /// <summary>True when every id is itself.</summary>
    public static bool IsIdentity(IdMapping[] map) => map.All(range => range.ContainerId == range.HostId);

    /// <summary>
    /// A map to host ids as it reads in a namespace that <paramref name="outer"/> maps; null with the first host id that has no meaning there.
    /// </summary>
    public static IdMapping[]? Translate(IdMapping range, IdMapping[] outer, out ulong missing)
    {
        var pieces = new List<IdMapping>();
        ulong done = 0;
        while (done < range.Size)
        {
            ulong host = range.HostId + done;
            IdMapping? over = Array.Find(outer, candidate => host >= candidate.HostId && host - candidate.HostId < candidate.Size);
            if (over is null)
            {
                missing = host;
                return null;
            }

            ulong offset = host - over.HostId;
            ulong size = Math.Min(range.Size - done, over.Size - offset);
            pieces.Add(new IdMapping { ContainerId = (uint)(range.ContainerId + done), HostId = (uint)(over.ContainerId + offset), Size = (uint)size });
            done += size;
        }

        missing = 0;
        return [.. pieces];
    }

    // user_namespaces(7): 340 lines since Linux 4.15. What a user has is far below.
    private const int MostRanges = 340;
}
