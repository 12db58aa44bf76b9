using Engine.Shared.Wire;
using Engine.Starter.Server;

namespace Engine.Starter.Policy;

/// <summary>
/// Files that decide about privilege: absolute, reached without a link through directories that are root's and nobody else's to write (security.md
/// H56). The file is looked at by the descriptor that is used afterwards.
/// </summary>
internal static unsafe class TrustedPath
{
    private const uint OthersWrite = 0x12; // 0022

    /// <summary>
    /// Opens it; the descriptor is the caller's, negative leaves a failure. <paramref name="place"/>: only the directories above must be trusted, for a
    /// device, which others may write to.
    /// </summary>
    public static int Open(ReadOnlySpan<byte> path, int flags, bool place = false)
    {
        byte* name = stackalloc byte[NAME_MAX + 1];
        int at = Sys.openat(AT_FDCWD, CString.Of("/"u8), O_PATH | O_DIRECTORY | O_CLOEXEC, 0);
        int start = 1;
        while (at >= 0 && IsRoots(at, path))
        {
            int end = start;
            while (end < path.Length && path[end] != '/')
                end++;
            bool last = end == path.Length;
            TextBuilder component = new TextBuilder(name, NAME_MAX + 1);
            component.Append(path.Slice(start, end - start));
            int how = last ? flags : O_PATH | O_DIRECTORY;
            int next = Sys.openat2(at, component.Text, how | O_NOFOLLOW | O_CLOEXEC, 0, RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS);
            Sys.close(at);
            at = next;
            start = end + 1;
            if (last)
                return at >= 0 && place ? at : Opened(at, path);
        }

        if (at < 0)
        {
            Failure.Call("openat2"u8, path, at);
            return at;
        }

        Sys.close(at);
        return -1;
    }

    private static int Opened(int fd, ReadOnlySpan<byte> path)
    {
        if (fd < 0)
        {
            Failure.Call("openat2"u8, path, fd);
            return fd;
        }

        if (IsRoots(fd, path))
            return fd;
        Sys.close(fd);
        return -1;
    }

    private static bool IsRoots(int fd, ReadOnlySpan<byte> path)
    {
        stat info;
        int result = Sys.fstat(fd, &info);
        if (result < 0)
            return Failure.Call("fstat"u8, path, result);
        bool sound = info.st_uid == 0 && (info.st_mode & OthersWrite) == 0 && (info.st_mode & S_IFMT) != S_IFLNK;
        fixed (byte* at = path)
            return sound || Failure.Refuse("trust"u8, new Text(at, path.Length), "it, or a directory above it, is not root's alone to write (chown root, chmod go-w)"u8);
    }
}
