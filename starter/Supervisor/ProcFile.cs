using Engine.Shared.Wire;
using Engine.Starter.Policy;
using Engine.Starter.Server;

namespace Engine.Starter.Supervisor;

/// <summary>Files of one process in the host's /proc. The process is a child that was not reaped, or ourselves: its number is its own.</summary>
internal static unsafe class ProcFile
{
    private const int PathBytes = 64;

    /// <summary>Writes <paramref name="value"/> to /proc/PID/NAME in one write. A missing file is an error.</summary>
    public static bool Write(int pid, ReadOnlySpan<byte> name, ReadOnlySpan<byte> value)
    {
        byte* buffer = stackalloc byte[PathBytes];
        TextBuilder path = Path(buffer, pid, name);
        // The files of a process that is not dumpable are root's, whoever called us.
        Caller.FilesAsRoot();
        int fd = Sys.openat(AT_FDCWD, path.Text, O_WRONLY | O_CLOEXEC, 0);
        Caller.EndFilesAsRoot();
        if (fd < 0)
            return Failure.Call("openat"u8, path.Span, fd);

        long result;
        fixed (byte* at = value)
            result = Sys.WriteWhole(fd, at, (ulong)value.Length);
        Sys.close(fd);
        return result >= 0 || Failure.Call("write"u8, path.Span, result);
    }

    /// <summary>Reads at most <paramref name="capacity"/> bytes of /proc/PID/NAME; -errno on failure. No <see cref="Failure"/> is left.</summary>
    public static long Read(int pid, ReadOnlySpan<byte> name, byte* to, int capacity)
    {
        int fd = Open(pid, name, O_RDONLY);
        if (fd < 0)
            return fd;
        long result = Sys.ReadAll(fd, to, (ulong)capacity);
        Sys.close(fd);
        return result;
    }

    /// <summary>Opens /proc/PID/NAME; -errno on failure. No <see cref="Failure"/> is left.</summary>
    public static int Open(int pid, ReadOnlySpan<byte> name, int flags)
    {
        byte* buffer = stackalloc byte[PathBytes];
        TextBuilder path = Path(buffer, pid, name);
        return Sys.openat(AT_FDCWD, path.Text, flags | O_CLOEXEC, 0);
    }

    /// <summary>Start time in clock ticks since boot: field 22 of stat. 0 when it cannot be read.</summary>
    public static ulong StartTime(int pid)
    {
        byte* buffer = stackalloc byte[1024];
        long length = Read(pid, "stat"u8, buffer, 1024);
        if (length <= 0)
            return 0;

        // The second field is the name in parentheses and may hold anything: the fields are counted from its last one.
        ReadOnlySpan<byte> text = new ReadOnlySpan<byte>(buffer, (int)length);
        int at = text.LastIndexOf((byte)')') + 2;
        for (int field = 3; field < 22 && at > 1; field++)
        {
            int blank = at < text.Length ? text.Slice(at).IndexOf((byte)' ') : -1;
            at = blank < 0 ? 0 : at + blank + 1;
        }

        if (at <= 1)
            return 0;
        int end = text.Slice(at).IndexOf((byte)' ');
        return end > 0 && Number.TryParse(text.Slice(at, end), out ulong ticks) ? ticks : 0;
    }

    /// <summary>"/proc/PID/NAME".</summary>
    private static TextBuilder Path(byte* buffer, int pid, ReadOnlySpan<byte> name)
    {
        TextBuilder path = new TextBuilder(buffer, PathBytes);
        path.Append("/proc/"u8);
        path.AppendDecimal(pid);
        path.AppendPath(name);
        return path;
    }
}
