namespace Engine.Starter;

// fcntl.h, sys/stat.h, unistd.h: names below a directory descriptor. No call here takes a path without one, except those of the
// process's own root and working directory.
internal static unsafe partial class Sys
{
    /// <summary>Retried. For a path that others can change use openat2 with RESOLVE_IN_ROOT or RESOLVE_BENEATH.</summary>
    public static int openat(int dirfd, byte* path, int flags, uint mode) => (int)Retry(SYS_openat, dirfd, (long)path, flags, mode);

    /// <summary>Retried; EAGAIN (a rename raced with the lookup) is retried a bounded number of times as openat2(2) asks.</summary>
    public static int openat2(int dirfd, byte* path, open_how* how)
    {
        long result = 0;
        for (int attempt = 0; attempt < 128; attempt++)
        {
            result = Retry(SYS_openat2, dirfd, (long)path, (long)how, sizeof(open_how));
            // With RESOLVE_CACHED the same number means "not in the cache", which does not get better.
            if (result != -EAGAIN || (how->resolve & RESOLVE_CACHED) != 0)
                break;
        }
        return (int)result;
    }

    /// <inheritdoc cref="openat2(int, byte*, open_how*)"/>
    public static int openat2(int dirfd, byte* path, int flags, uint mode, ulong resolve)
    {
        open_how how = default;
        how.flags = (uint)flags;
        how.mode = mode;
        how.resolve = resolve;
        return openat2(dirfd, path, &how);
    }

    public static int mkdirat(int dirfd, byte* path, uint mode) => (int)Call(SYS_mkdirat, dirfd, (long)path, mode);

    public static int mknodat(int dirfd, byte* path, uint mode, ulong dev) => (int)Call(SYS_mknodat, dirfd, (long)path, mode, (long)dev);

    public static int symlinkat(byte* target, int dirfd, byte* path) => (int)Call(SYS_symlinkat, (long)target, dirfd, (long)path);

    public static int linkat(int olddirfd, byte* oldpath, int newdirfd, byte* newpath, int flags) =>
        (int)Call(SYS_linkat, olddirfd, (long)oldpath, newdirfd, (long)newpath, flags);

    public static int unlinkat(int dirfd, byte* path, int flags) => (int)Call(SYS_unlinkat, dirfd, (long)path, flags);

    public static int renameat2(int olddirfd, byte* oldpath, int newdirfd, byte* newpath, uint flags) =>
        (int)Call(SYS_renameat2, olddirfd, (long)oldpath, newdirfd, (long)newpath, flags);

    /// <summary>Length of the target, which is not terminated; equal to size if it was cut off.</summary>
    public static long readlinkat(int dirfd, byte* path, byte* buffer, ulong size) =>
        Call(SYS_readlinkat, dirfd, (long)path, (long)buffer, (long)size);

    /// <summary>Follows a last symlink: the system call has no flags.</summary>
    public static int fchmodat(int dirfd, byte* path, uint mode) => (int)Call(SYS_fchmodat, dirfd, (long)path, mode);

    public static int fchownat(int dirfd, byte* path, uint uid, uint gid, int flags) =>
        (int)Call(SYS_fchownat, dirfd, (long)path, uid, gid, flags);

    public static int utimensat(int dirfd, byte* path, timespec* times, int flags) =>
        (int)Call(SYS_utimensat, dirfd, (long)path, (long)times, flags);

    public static int statx(int dirfd, byte* path, int flags, uint mask, statx* result) =>
        (int)Call(SYS_statx, dirfd, (long)path, flags, mask, (long)result);

    public static int newfstatat(int dirfd, byte* path, stat* result, int flags) =>
        (int)Call(SYS_newfstatat, dirfd, (long)path, (long)result, flags);

    /// <summary>Judges by the real ids unless AT_EACCESS is given.</summary>
    public static int faccessat2(int dirfd, byte* path, int mode, int flags) => (int)Call(SYS_faccessat2, dirfd, (long)path, mode, flags);

    public static int chdir(byte* path) => (int)Call(SYS_chdir, (long)path);

    public static int fchdir(int fd) => (int)Call(SYS_fchdir, fd);

    /// <summary>Bytes written, the zero included. "(unreachable)" begins a path outside the root.</summary>
    public static long getcwd(byte* buffer, ulong size) => Call(SYS_getcwd, (long)buffer, (long)size);

    public static int chroot(byte* path) => (int)Call(SYS_chroot, (long)path);

    /// <summary>The old mask; cannot fail.</summary>
    public static uint umask(uint mask) => (uint)Call(SYS_umask, mask);
}
