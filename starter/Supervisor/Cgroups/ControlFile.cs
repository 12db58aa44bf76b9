using Engine.Shared.Wire;
using Engine.Starter.Server;

namespace Engine.Starter.Supervisor.Cgroups;

/// <summary>Control files of one cgroup directory.</summary>
internal static unsafe class ControlFile
{
    /// <summary>Opens <paramref name="name"/> (one component, terminated), a descriptor of the caller's, or -errno.</summary>
    public static int Open(int directory, byte* name, int flags) => Sys.openat2(
        directory, name, flags | O_CLOEXEC | O_NOFOLLOW, 0, RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV);

    /// <summary>Writes a value in one write, as the kernel wants it. 0 or -errno; no <see cref="Failure"/> is left.</summary>
    public static long Write(int directory, byte* name, Text value)
    {
        int fd = Open(directory, name, O_WRONLY);
        if (fd < 0)
            return fd;
        long result = Sys.WriteWhole(fd, value.At, (ulong)value.Length);
        Sys.close(fd);
        return result;
    }

    /// <summary>Writes a literal to a file named by a literal. 0 or -errno.</summary>
    public static long Write(int directory, ReadOnlySpan<byte> name, ReadOnlySpan<byte> value)
    {
        fixed (byte* at = value)
            return Write(directory, CString.Of(name), new Text(at, value.Length));
    }

    /// <summary>Reads at most <paramref name="capacity"/> bytes of a file named by a literal. Bytes read, or -errno.</summary>
    public static long Read(int directory, ReadOnlySpan<byte> name, byte* to, int capacity)
    {
        int fd = Open(directory, CString.Of(name), O_RDONLY);
        if (fd < 0)
            return fd;
        long result = Sys.ReadAll(fd, to, (ulong)capacity);
        Sys.close(fd);
        return result;
    }

    /// <summary>The number behind "KEY " at the beginning of a line of a flat keyed file; false when there is none.</summary>
    public static bool ReadKey(int directory, ReadOnlySpan<byte> name, ReadOnlySpan<byte> key, out ulong value)
    {
        byte* buffer = stackalloc byte[1024];
        value = 0;
        long length = Read(directory, name, buffer, 1024);
        ReadOnlySpan<byte> text = new ReadOnlySpan<byte>(buffer, length < 0 ? 0 : (int)length);
        while (!text.IsEmpty)
        {
            int end = text.IndexOf((byte)'\n');
            ReadOnlySpan<byte> line = end < 0 ? text : text.Slice(0, end);
            if (line.Length > key.Length + 1 && line.StartsWith(key) && line[key.Length] == ' ')
                return Number.TryParse(line.Slice(key.Length + 1), out value);
            text = end < 0 ? default : text.Slice(end + 1);
        }

        return false;
    }
}
