using Engine.Shared.Wire;
using Engine.Starter.Server;

namespace Engine.Starter.Container;

/// <summary>
/// tmpcopyup: fills a detached tmpfs with what the directory held that it will cover. The source may change meanwhile, so every name is
/// opened below the directory that was opened before, never followed, never across a mount; and the work is bounded.
/// Extended attributes and sockets are not copied.
/// </summary>
internal static unsafe class CopyUp
{
    // Arbitrary, against trees that were built to keep us busy: levels (each costs a frame of this stack), objects, bytes.
    private const int MostLevels = 64;
    private const int MostObjects = 256 * 1024;
    private const long MostBytes = 4L << 30;

    private const int DirectoryChunk = 4096;
    private const int NameOffset = 19;
    private const ulong Strict = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_XDEV;

    private static int s_objects;
    private static long s_bytes;

    /// <summary>
    /// Copies the directory <paramref name="source"/> into the root of <paramref name="mount"/>; both are O_PATH and stay the caller's.
    /// <paramref name="path"/> is for errors.
    /// </summary>
    public static bool Run(int source, int mount, Text path)
    {
        s_objects = 0;
        s_bytes = 0;
        byte* here = CString.Of("."u8);
        int from = Sys.openat(source, here, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
        if (from < 0)
            return Failure.Call("openat"u8, path, from);
        int to = Sys.openat(mount, here, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
        stat status;
        int result = to < 0 ? to : Sys.fstat(from, &status);
        bool done = result < 0 ? Failure.Call("openat"u8, path, result) : Directory(from, to, 0, path) && Settle(to, &status, path);
        Sys.close(from);
        if (to >= 0)
            Sys.close(to);
        return done;
    }

    private static bool Directory(int from, int to, int level, Text path)
    {
        if (level == MostLevels)
            return Failure.Refuse("tmpcopyup"u8, path, "too many levels of directories"u8);

        byte* entries = stackalloc byte[DirectoryChunk];
        while (true)
        {
            long got = Sys.getdents64(from, entries, DirectoryChunk);
            if (got <= 0)
                return got == 0 || Failure.Call("getdents64"u8, path, got);
            for (long at = 0; at < got;)
            {
                linux_dirent64* entry = (linux_dirent64*)(entries + at);
                byte* name = entries + at + NameOffset;
                at += entry->d_reclen;
                if (!CString.Equals(name, "."u8) && !CString.Equals(name, ".."u8) && !Object(from, to, name, level, path))
                    return false;
            }
        }
    }

    private static bool Object(int from, int to, byte* name, int level, Text path)
    {
        if (++s_objects > MostObjects)
            return Failure.Refuse("tmpcopyup"u8, path, "too many files"u8);

        int node = Sys.openat2(from, name, O_PATH | O_NOFOLLOW | O_CLOEXEC, 0, Strict);
        // Gone meanwhile, or another mount.
        if (node == -ENOENT || node == -EXDEV)
            return true;
        if (node < 0)
            return Failure.Call("openat2"u8, path, node);

        stat status;
        int result = Sys.fstat(node, &status);
        bool done = result >= 0 || Failure.Call("fstat"u8, path, result);
        if (done)
        {
            switch ((int)(status.st_mode & S_IFMT))
            {
                case S_IFDIR:
                    done = Subdirectory(from, to, name, &status, level, path);
                    break;
                case S_IFREG:
                    done = File(from, to, name, &status, path);
                    break;
                case S_IFLNK:
                    done = Link(node, to, name, &status, path);
                    break;
                case S_IFSOCK:
                    break;
                default:
                    done = Node(to, name, &status, path);
                    break;
            }
        }

        Sys.close(node);
        return done;
    }

    private static bool Subdirectory(int from, int to, byte* name, stat* status, int level, Text path)
    {
        int result = Sys.mkdirat(to, name, S_IRWXU);
        if (result < 0)
            return Failure.Call("mkdirat"u8, path, result);
        int below = Sys.openat2(from, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC, 0, Strict);
        int made = below < 0 ? below : Sys.openat2(to, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC, 0, Strict);
        bool done = made < 0
            ? Failure.Call("openat2"u8, path, made)
            : Directory(below, made, level + 1, path) && Settle(made, status, path);
        if (below >= 0)
            Sys.close(below);
        if (made >= 0)
            Sys.close(made);
        return done;
    }

    private static bool File(int from, int to, byte* name, stat* status, Text path)
    {
        // O_NONBLOCK: should a FIFO have taken the file's place, it is not waited for.
        int source = Sys.openat2(from, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0, Strict);
        if (source == -ENOENT)
            return true;
        if (source < 0)
            return Failure.Call("openat2"u8, path, source);

        stat now;
        int copy = -1;
        bool done;
        if (Sys.fstat(source, &now) < 0 || now.st_ino != status->st_ino || now.st_dev != status->st_dev)
        {
            done = Failure.Refuse("tmpcopyup"u8, path, "a file changed while it was copied"u8);
        }
        else
        {
            copy = Sys.openat2(to, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, S_IRUSR | S_IWUSR, Strict);
            done = copy < 0 ? Failure.Call("openat2"u8, path, copy) : Content(source, copy, path) && Settle(copy, status, path);
        }

        if (copy >= 0)
            Sys.close(copy);
        Sys.close(source);
        return done;
    }

    private static bool Content(int source, int copy, Text path)
    {
        while (true)
        {
            long moved = Sys.sendfile(copy, source, null, 1 << 20);
            if (moved <= 0)
                return moved == 0 || Failure.Call("sendfile"u8, path, moved);
            s_bytes += moved;
            if (s_bytes > MostBytes)
                return Failure.Refuse("tmpcopyup"u8, path, "more than 4 GiB"u8);
        }
    }

    private static bool Link(int node, int to, byte* name, stat* status, Text path)
    {
        byte* target = stackalloc byte[PATH_MAX + 1];
        long length = Sys.readlinkat(node, CString.Empty, target, PATH_MAX);
        if (length < 0)
            return Failure.Call("readlinkat"u8, path, length);
        target[length] = 0;
        int result = Sys.symlinkat(target, to, name);
        if (result >= 0)
            result = Sys.fchownat(to, name, status->st_uid, status->st_gid, AT_SYMLINK_NOFOLLOW);
        return result >= 0 || Failure.Call("symlinkat"u8, path, result);
    }

    private static bool Node(int to, byte* name, stat* status, Text path)
    {
        int result = Sys.mknodat(to, name, status->st_mode, status->st_rdev);
        if (result >= 0)
            result = Sys.fchownat(to, name, status->st_uid, status->st_gid, AT_SYMLINK_NOFOLLOW);
        return result >= 0 || Failure.Call("mknodat"u8, path, result);
    }

    // Owner before mode: a change of owner takes the set-id bits away.
    private static bool Settle(int fd, stat* status, Text path)
    {
        int result = Sys.fchown(fd, status->st_uid, status->st_gid);
        if (result < 0)
            return Failure.Call("fchown"u8, path, result);
        result = Sys.fchmod(fd, status->st_mode & 0xfff);
        if (result < 0)
            return Failure.Call("fchmod"u8, path, result);

        timespec* times = stackalloc timespec[2];
        times[0].tv_sec = (long)status->st_atime;
        times[0].tv_nsec = (long)status->st_atime_nsec;
        times[1].tv_sec = (long)status->st_mtime;
        times[1].tv_nsec = (long)status->st_mtime_nsec;
        result = Sys.utimensat(fd, null, times, 0);
        return result >= 0 || Failure.Call("utimensat"u8, path, result);
    }
}
