using Engine.Rpc.Linux;
using Engine.Shared.Linux;

namespace Engine.Linux;

/// <summary>Owner, type and size of an open file.</summary>
public readonly record struct FileStat(uint Uid, uint Mode, ulong Size)
{
    /// <summary>True for a directory.</summary>
    public bool IsDirectory => (Mode & stat_h.S_IFMT) == stat_h.S_IFDIR;

    /// <summary>True for a regular file.</summary>
    public bool IsRegular => (Mode & stat_h.S_IFMT) == stat_h.S_IFREG;
}

/// <summary>Files by descriptor, with the errno of whatever fails. Everything is opened close-on-exec.</summary>
public static unsafe class Files
{
    private const uint StatxBasic = 0x7ff;
    private const int W_OK = 2;

    /// <summary>Opens <paramref name="path"/>.</summary>
    /// <exception cref="SyscallException"/>
    public static SafeFd Open(string path, int flags, uint mode = 0) => OpenAt(fcntl_h.AT_FDCWD, path, flags, mode);

    /// <summary>Opens <paramref name="leaf"/> in an open directory; a link at its end is refused.</summary>
    public static SafeFd OpenIn(SafeFd directory, string leaf, int flags, uint mode = 0) =>
        OpenAt(directory.Value, leaf, flags | O_NOFOLLOW, mode);

    /// <summary>Opens <paramref name="path"/> as a process whose root is <paramref name="root"/> would; no link leads out of it.</summary>
    public static SafeFd OpenInRoot(SafeFd root, string path, int flags)
    {
        var how = new open_how
        {
            flags = (ulong)(flags | fcntl_h.O_CLOEXEC),
            resolve = fcntl_h.RESOLVE_IN_ROOT | fcntl_h.RESOLVE_NO_MAGICLINKS,
        };

        // EAGAIN: a rename somewhere on the machine raced with the walk; bounded, for the renames may be an attacker's.
        for (int attempt = 0; ; attempt++)
        {
            nint fd = Libc.syscall_openat2(SYS_openat2, root.Value, path, &how, sizeof(open_how));
            if (fd >= 0)
            {
                return new SafeFd((int)fd);
            }

            var error = SyscallException.Last("openat2", path);
            if (error.Errno != Errno.EAGAIN || attempt == 128)
            {
                throw error;
            }
        }
    }

    /// <summary>Target of a symbolic link; empty when it cannot be read.</summary>
    public static string ReadLink(string path)
    {
        byte* buffer = stackalloc byte[4096];
        nint length = Libc.readlink(path, buffer, 4096);
        return length <= 0 ? "" : System.Text.Encoding.UTF8.GetString(buffer, (int)length);
    }

    /// <summary>One read; 0 at the end, -1 for any error (EIO of a terminal whose other side is gone among them).</summary>
    public static int Read(int fd, Span<byte> buffer)
    {
        fixed (byte* at = buffer)
        {
            while (true)
            {
                nint n = Libc.read(fd, at, (nuint)buffer.Length);
                if (n >= 0 || SyscallException.Last("read").Errno != Errno.EINTR)
                {
                    return (int)n;
                }
            }
        }
    }

    /// <summary>Opens a directory for reading; a link at the end is refused.</summary>
    public static SafeFd OpenDirectory(string path) => Open(path, fcntl_h.O_RDONLY | O_DIRECTORY | O_NOFOLLOW);

    /// <summary>mkdir with exactly <paramref name="mode"/>, whatever the umask.</summary>
    public static void MakeDirectory(string path, uint mode)
    {
        uint mask = Libc.umask(0);
        int result = Libc.mkdirat(fcntl_h.AT_FDCWD, path, mode);
        SyscallException? error = result < 0 ? SyscallException.Last("mkdir", path) : null;
        Libc.umask(mask);
        if (error is not null)
        {
            throw error;
        }
    }

    /// <summary>True when there is something of that name, a link that leads nowhere included; not when nobody can say.</summary>
    /// <exception cref="SyscallException">Whether there is cannot be told.</exception>
    public static bool Exists(string path)
    {
        byte* buffer = stackalloc byte[256];
        if (Libc.statx(fcntl_h.AT_FDCWD, path, fcntl_h.AT_SYMLINK_NOFOLLOW, StatxBasic, buffer) == 0)
        {
            return true;
        }

        SyscallException error = SyscallException.Last("statx", path);
        return error.Errno is Errno.ENOENT or Errno.ENOTDIR ? false : throw error;
    }

    /// <summary>rename(2).</summary>
    public static void Rename(string from, string to)
    {
        if (Libc.rename(from, to) < 0)
        {
            throw SyscallException.Last("rename", from);
        }
    }

    /// <summary>Owner, type, size.</summary>
    public static FileStat Stat(SafeFd file)
    {
        // struct statx, linux/stat.h: stx_uid at 20, stx_mode at 28, stx_size at 40; the same on every machine.
        byte* buffer = stackalloc byte[256];
        if (Libc.statx(file.Value, "", fcntl_h.AT_EMPTY_PATH, StatxBasic, buffer) < 0)
        {
            throw SyscallException.Last("statx");
        }

        return new FileStat(*(uint*)(buffer + 20), *(ushort*)(buffer + 28), *(ulong*)(buffer + 40));
    }

    /// <summary>Device and inode of the object that <paramref name="path"/> leads to.</summary>
    public static (uint Major, uint Minor, ulong Inode) Inode(string path)
    {
        // stx_ino at 32, stx_dev_major at 136.
        byte* buffer = stackalloc byte[256];
        if (Libc.statx(fcntl_h.AT_FDCWD, path, 0, StatxBasic, buffer) < 0)
        {
            throw SyscallException.Last("statx", path);
        }

        return (*(uint*)(buffer + 136), *(uint*)(buffer + 140), *(ulong*)(buffer + 32));
    }

    /// <summary>ST_* of the mount that the file is on.</summary>
    public static ulong MountFlags(SafeFd file)
    {
        ulong* buffer = stackalloc ulong[Libc.StatvfsWords];
        return Libc.fstatvfs(file.Value, buffer) == 0 ? buffer[9] : throw SyscallException.Last("fstatvfs");
    }

    /// <summary>True when this process may write to <paramref name="path"/>, by its effective ids and capabilities.</summary>
    public static bool IsWritable(string path) => Libc.faccessat(fcntl_h.AT_FDCWD, path, W_OK, fcntl_h.AT_EACCESS) == 0;

    /// <summary>flock(LOCK_EX | LOCK_NB); false when another open file description has it.</summary>
    public static bool TryLockExclusive(SafeFd file)
    {
        const int lockEx = 2, lockNb = 4;
        if (Libc.flock(file.Value, lockEx | lockNb) == 0)
        {
            return true;
        }

        var error = SyscallException.Last("flock");
        return error.Errno == Errno.EWOULDBLOCK ? false : throw error;
    }

    /// <summary>flock(LOCK_EX): waits for it.</summary>
    public static void LockExclusive(SafeFd file)
    {
        const int lockEx = 2;
        while (Libc.flock(file.Value, lockEx) != 0)
        {
            var error = SyscallException.Last("flock");
            if (error.Errno != Errno.EINTR)
            {
                throw error;
            }
        }
    }

    /// <summary>flock(LOCK_UN).</summary>
    public static void Unlock(SafeFd file) => _ = Libc.flock(file.Value, 8);

    /// <summary>Reads a regular file whole; null when it does not exist.</summary>
    /// <exception cref="SyscallException">It is no regular file (ELOOP for a link), or larger than <paramref name="max"/> (EFBIG).</exception>
    public static byte[]? ReadIfExists(SafeFd directory, string leaf, int max)
    {
        try
        {
            // O_NONBLOCK: a FIFO in its place must not hold us.
            using SafeFd file = OpenIn(directory, leaf, fcntl_h.O_RDONLY | fcntl_h.O_NONBLOCK);
            return ReadAll(file, leaf, max);
        }
        catch (SyscallException error) when (error.Errno == Errno.ENOENT)
        {
            return null;
        }
    }

    /// <summary>Reads a regular file whole, from its beginning.</summary>
    public static byte[] ReadAll(SafeFd file, string name, int max)
    {
        FileStat stat = Stat(file);
        if (!stat.IsRegular)
        {
            throw new SyscallException("read", name, stat.IsDirectory ? Errno.EISDIR : Errno.EINVAL);
        }

        if (stat.Size > (ulong)max)
        {
            throw new SyscallException("read", name, Errno.EFBIG);
        }

        // Read until the end rather than by size: the file may grow meanwhile, and files of procfs have no size. A large file that is as
        // long as it said is not copied once more.
        byte[] bytes = new byte[Math.Max((int)stat.Size, 512)];
        byte[] more = new byte[512];
        int length = 0;
        while (true)
        {
            bool isFull = length == bytes.Length;
            int n = ReadAt(file, isFull ? more : bytes.AsSpan(length), length, name);
            if (n == 0)
            {
                return isFull ? bytes : bytes[..length];
            }

            if (isFull)
            {
                Array.Resize(ref bytes, bytes.Length * 2);
                more.AsSpan(0, n).CopyTo(bytes.AsSpan(length));
            }

            length += n;
            if (length > max)
            {
                throw new SyscallException("read", name, Errno.EFBIG);
            }
        }
    }

    private static int ReadAt(SafeFd file, Span<byte> to, int offset, string name)
    {
        fixed (byte* at = to)
        {
            nint n = Libc.pread(file.Value, at, (nuint)to.Length, offset);
            return n >= 0 ? (int)n : throw SyscallException.Last("read", name);
        }
    }

    /// <summary>Writes all of <paramref name="bytes"/>.</summary>
    public static void WriteAll(SafeFd file, ReadOnlySpan<byte> bytes, string name)
    {
        fixed (byte* at = bytes)
        {
            for (int done = 0; done < bytes.Length;)
            {
                nint n = Libc.write(file.Value, at + done, (nuint)(bytes.Length - done));
                if (n < 0)
                {
                    var error = SyscallException.Last("write", name);
                    if (error.Errno == Errno.EINTR)
                    {
                        continue;
                    }

                    throw error;
                }

                done += (int)n;
            }
        }
    }

    /// <inheritdoc cref="WriteAll(SafeFd, ReadOnlySpan{byte}, string)"/>
    public static void WriteAll(int fd, ReadOnlySpan<byte> bytes, string name)
    {
        using var borrowed = new SafeFd(fd, owns: false);
        WriteAll(borrowed, bytes, name);
    }

    private static SafeFd OpenAt(int directory, string path, int flags, uint mode)
    {
        int fd = Libc.openat(directory, path, flags | fcntl_h.O_CLOEXEC, mode);
        return fd >= 0 ? new SafeFd(fd) : throw SyscallException.Last("open", path);
    }
}
