using Engine.Shared.Protocol;
using Engine.Shared.Wire;
using Engine.Starter.Server;

namespace Engine.Starter.Supervisor;

/// <summary>uid_map and gid_map of a new user namespace, written from outside.</summary>
internal static unsafe class IdMaps
{
    // The kernel takes a map in one write of less than a page.
    private const int MapBytes = 4096;

    /// <summary>Writes the maps of <paramref name="pid"/>, a child that waits for us.</summary>
    public static bool Write(int pid, ref Spawn request)
    {
        // Before gid_map: afterwards the kernel takes it from nobody.
        if (((SpawnFlags)request.Flags & SpawnFlags.DenySetgroups) != 0 && !ProcFile.Write(pid, "setgroups"u8, "deny"u8))
            return false;
        return One(pid, "gid_map"u8, ref request.GidMap) && One(pid, "uid_map"u8, ref request.UidMap);
    }

    private static bool One(int pid, ReadOnlySpan<byte> name, ref Words map)
    {
        if (map.Count == 0 || map.Count % 3 != 0)
            return Failure.Refuse("Spawn"u8, "an id map is empty or not made of triples"u8);

        byte* buffer = stackalloc byte[MapBytes];
        TextBuilder text = new TextBuilder(buffer, MapBytes);
        for (int i = 0; i < map.Count; i++)
        {
            text.AppendDecimal(map[i]);
            text.Append(i % 3 == 2 ? (byte)'\n' : (byte)' ');
        }

        if (text.Overflowed)
            return Failure.Refuse("Spawn"u8, "an id map is longer than a page; use fewer ranges"u8);
        return ProcFile.Write(pid, name, text.Span);
    }
}
