using Engine.Shared.Protocol;
using Engine.Shared.Wire;
using Engine.Starter.Server;

namespace Engine.Starter.Supervisor.Cgroups;

/// <summary>
/// Which directories this supervisor made, to be removed when the container ends, and the cgroup mounts they are in. A
/// directory is kept as the mount's descriptor and the path below it: cgroup trees have no symlinks, and only root moves in them.
/// </summary>
internal static unsafe class CgroupMade
{
    private const int MostMounts = Limits.CgroupSlots;
    private const int MostRecords = 128;
    private const int PathBytes = 16 * 1024;

    // Removing a directory that the payload filled with directories of its own.
    private const int MostLevels = 32;

    private struct Store
    {
        public fixed int Mounts[MostMounts];
        public fixed ulong Devices[MostMounts];
        public fixed ulong Inodes[MostMounts];
        public fixed int RecordMounts[MostRecords];
        public fixed int RecordPaths[MostRecords];
        public fixed bool RecordOwn[MostRecords];
        public fixed byte Paths[PathBytes];
    }

    private static Store s_store;
    private static int s_mounts, s_records, s_used;

    /// <summary>Takes over the descriptor of a cgroup mount; its index, or negative: see <see cref="Failure"/>.</summary>
    public static int AddMount(int fd)
    {
        stat info = default;
        Sys.fstat(fd, &info);
        for (int i = 0; i < s_mounts; i++)
        {
            if (s_store.Devices[i] == info.st_dev && s_store.Inodes[i] == info.st_ino)
            {
                Sys.close(fd);
                return i;
            }
        }

        if (s_mounts == MostMounts)
        {
            Sys.close(fd);
            Failure.Refuse("OpenCgroup"u8, "too many cgroup mounts"u8);
            return -1;
        }

        s_store.Mounts[s_mounts] = fd;
        s_store.Devices[s_mounts] = info.st_dev;
        s_store.Inodes[s_mounts] = info.st_ino;
        return s_mounts++;
    }

    /// <summary>The mount's descriptor.</summary>
    public static int MountAt(int index) => s_store.Mounts[index];

    /// <summary>
    /// Notes a directory that was just made; <paramref name="own"/>: for this container alone. False: no room, and it was
    /// removed again.
    /// </summary>
    public static bool Record(int mount, Text path, bool own)
    {
        if (s_records < MostRecords && s_used + path.Length + 1 <= PathBytes)
        {
            s_store.RecordMounts[s_records] = mount;
            s_store.RecordPaths[s_records] = s_used;
            s_store.RecordOwn[s_records] = own;
            for (int i = 0; i < path.Length; i++)
                s_store.Paths[s_used++] = path.At[i];
            s_store.Paths[s_used++] = 0;
            s_records++;
            return true;
        }

        byte* copy = stackalloc byte[Limits.Path + 1];
        TextBuilder text = new TextBuilder(copy, Limits.Path + 1);
        text.Append(new ReadOnlySpan<byte>(path.At, path.Length));
        Sys.unlinkat(MountAt(mount), Relative(text.Text), AT_REMOVEDIR);
        return false;
    }

    /// <summary>True for a directory that was made here for this container alone.</summary>
    public static bool IsOwn(int mount, Text path)
    {
        for (int i = 0; i < s_records; i++)
        {
            if (s_store.RecordOwn[i] && s_store.RecordMounts[i] == mount && path.Is(CString.Span(PathOf(i))))
                return true;
        }

        return false;
    }

    /// <summary>
    /// Removes what was made, deepest first. False: a directory of the container's own is still busy, come again. A common
    /// parent in which another container lives stays for that one's end.
    /// </summary>
    public static bool Remove()
    {
        bool idle = true;
        for (int i = s_records - 1; i >= 0; i--)
        {
            int mount = MountAt(s_store.RecordMounts[i]);
            byte* path = Relative(PathOf(i));
            int result = Sys.unlinkat(mount, path, AT_REMOVEDIR);
            if ((result == -EBUSY || result == -ENOTEMPTY) && s_store.RecordOwn[i])
            {
                RemoveBelow(mount, path, 0);
                result = Sys.unlinkat(mount, path, AT_REMOVEDIR);
                idle &= result >= 0 || result == -ENOENT;
            }
        }

        // Nobody's in particular: whoever ends last removes it.
        for (int i = 0; i < s_mounts; i++)
            Sys.unlinkat(MountAt(i), CString.Of(CgroupParent.Default), AT_REMOVEDIR);
        return idle;
    }

    private static void RemoveBelow(int parent, byte* path, int level)
    {
        int directory = ControlFile.Open(parent, path, O_RDONLY | O_DIRECTORY);
        if (directory < 0 || level == MostLevels)
            return;

        CgroupEntries entries = new CgroupEntries(directory);
        while (entries.Next(out byte* name))
        {
            RemoveBelow(directory, name, level + 1);
            Sys.unlinkat(directory, name, AT_REMOVEDIR);
        }

        Sys.close(directory);
    }

    private static byte* PathOf(int record)
    {
        fixed (byte* paths = s_store.Paths)
            return paths + s_store.RecordPaths[record];
    }

    private static byte* Relative(byte* path)
    {
        while (*path == '/')
            path++;
        return path;
    }
}
