namespace Engine.Starter;

// unistd.h, fcntl.h, sys/uio.h: open descriptors.
internal static unsafe partial class Sys
{
    /// <summary>Never retried: the descriptor is gone whatever the answer.</summary>
    public static int close(int fd) => (int)Call(SYS_close, fd);

    /// <summary>Closes (or marks, CLOSE_RANGE_CLOEXEC) every descriptor from first to last.</summary>
    public static int close_range(uint first, uint last, uint flags) => (int)Call(SYS_close_range, first, last, flags);

    /// <summary>Retried.</summary>
    public static long read(int fd, void* buffer, ulong count) => Retry(SYS_read, fd, (long)buffer, (long)count);

    /// <summary>Retried. May write less than asked; see WriteAll.</summary>
    public static long write(int fd, void* buffer, ulong count) => Retry(SYS_write, fd, (long)buffer, (long)count);

    /// <summary>Retried.</summary>
    public static long pread(int fd, void* buffer, ulong count, long offset) => Retry(SYS_pread64, fd, (long)buffer, (long)count, offset);

    /// <summary>Retried.</summary>
    public static long pwrite(int fd, void* buffer, ulong count, long offset) => Retry(SYS_pwrite64, fd, (long)buffer, (long)count, offset);

    /// <summary>Retried.</summary>
    public static long readv(int fd, iovec* vectors, int count) => Retry(SYS_readv, fd, (long)vectors, count);

    /// <summary>Retried.</summary>
    public static long writev(int fd, iovec* vectors, int count) => Retry(SYS_writev, fd, (long)vectors, count);

    /// <summary>Retried.</summary>
    public static long sendfile(int to, int from, long* offset, ulong count) => Retry(SYS_sendfile, to, from, (long)offset, (long)count);

    public static long splice(int from, long* fromOffset, int to, long* toOffset, ulong count, uint flags) =>
        Call(SYS_splice, from, (long)fromOffset, to, (long)toOffset, (long)count, flags);

    public static long lseek(int fd, long offset, int whence) => Call(SYS_lseek, fd, offset, whence);

    /// <summary>A new descriptor without FD_CLOEXEC, the lowest free one.</summary>
    public static int dup(int fd) => (int)Call(SYS_dup, fd);

    /// <summary>Retried: EINTR means that the old descriptor at <paramref name="newfd"/> was slow to close.</summary>
    public static int dup3(int oldfd, int newfd, int flags) => (int)Retry(SYS_dup3, oldfd, newfd, flags);

    public static int fcntl(int fd, int command, long argument) => (int)Call(SYS_fcntl, fd, command, argument);

    /// <summary>Retried.</summary>
    public static int flock(int fd, int operation) => (int)Retry(SYS_flock, fd, operation);

    public static int pipe2(int* fds, int flags) => (int)Call(SYS_pipe2, (long)fds, flags);

    /// <summary>Retried.</summary>
    public static int fsync(int fd) => (int)Retry(SYS_fsync, fd);

    /// <summary>Retried.</summary>
    public static int ftruncate(int fd, long length) => (int)Retry(SYS_ftruncate, fd, length);

    public static int fstat(int fd, stat* result) => (int)Call(SYS_fstat, fd, (long)result);

    /// <summary>Retried.</summary>
    public static int fstatfs(int fd, statfs* result) => (int)Retry(SYS_fstatfs, fd, (long)result);

    public static int fchmod(int fd, uint mode) => (int)Call(SYS_fchmod, fd, mode);

    public static int fchown(int fd, uint uid, uint gid) => (int)Call(SYS_fchown, fd, uid, gid);

    /// <summary>Bytes of linux_dirent64 entries read; 0 at the end.</summary>
    public static long getdents64(int fd, void* buffer, ulong count) => Call(SYS_getdents64, fd, (long)buffer, (long)count);

    /// <summary>A file that lives in memory only; name is what /proc shows.</summary>
    public static int memfd_create(byte* name, uint flags) => (int)Call(SYS_memfd_create, (long)name, flags);

    public static int ioctl(int fd, uint request, long argument) => (int)Call(SYS_ioctl, fd, request, argument);

    public static int ioctl(int fd, uint request, void* argument) => (int)Call(SYS_ioctl, fd, request, (long)argument);

    /// <summary>Writes all of it to a blocking descriptor. 0 or -errno.</summary>
    public static int WriteAll(int fd, ReadOnlySpan<byte> data)
    {
        fixed (byte* p = data)
        {
            long done = 0;
            while (done < data.Length)
            {
                long n = write(fd, p + done, (ulong)(data.Length - done));
                if (n < 0)
                    return (int)n;
                done += n;
            }
        }
        return 0;
    }

    /// <summary>Writes to a file of the kernel's, which takes all of it or nothing, in one write. 0 or -errno; what took a part is broken: -EIO.</summary>
    public static long WriteWhole(int fd, byte* buffer, ulong length)
    {
        long n = write(fd, buffer, length);
        return n < 0 ? n : n == (long)length ? 0 : -EIO;
    }

    /// <summary>Reads until the buffer is full or the file ends. Bytes read, or -errno.</summary>
    public static long ReadAll(int fd, byte* buffer, ulong capacity)
    {
        ulong done = 0;
        while (done < capacity)
        {
            long n = read(fd, buffer + done, capacity - done);
            if (n < 0)
                return n;
            if (n == 0)
                break;
            done += (ulong)n;
        }
        return (long)done;
    }
}
