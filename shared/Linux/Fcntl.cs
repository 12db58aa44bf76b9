namespace Engine.Shared.Linux;

/// <summary>
/// linux/fcntl.h and asm-generic/fcntl.h. O_DIRECTORY, O_NOFOLLOW, O_DIRECT, O_LARGEFILE and O_TMPFILE differ per machine: Layout.*.cs.
/// </summary>
public static class fcntl_h
{
    public const int
        O_RDONLY = 0, O_WRONLY = 1, O_RDWR = 2, O_ACCMODE = 3, O_CREAT = 0x40, O_EXCL = 0x80, O_NOCTTY = 0x100, O_TRUNC = 0x200,
        O_APPEND = 0x400, O_NONBLOCK = 0x800, O_DSYNC = 0x1000, O_NOATIME = 0x40000, O_CLOEXEC = 0x80000, O_SYNC = 0x101000,
        O_PATH = 0x200000;
    public const int
        F_DUPFD = 0, F_GETFD = 1, F_SETFD = 2, F_GETFL = 3, F_SETFL = 4, F_GETLK = 5, F_SETLK = 6, F_SETLKW = 7, F_OFD_GETLK = 36,
        F_OFD_SETLK = 37, F_OFD_SETLKW = 38, F_DUPFD_CLOEXEC = 1030, F_SETPIPE_SZ = 1031, F_GETPIPE_SZ = 1032, F_ADD_SEALS = 1033,
        F_GET_SEALS = 1034, FD_CLOEXEC = 1, F_RDLCK = 0, F_WRLCK = 1, F_UNLCK = 2;
    public const int F_SEAL_SEAL = 1, F_SEAL_SHRINK = 2, F_SEAL_GROW = 4, F_SEAL_WRITE = 8, F_SEAL_FUTURE_WRITE = 0x10, F_SEAL_EXEC = 0x20;
    public const int
        AT_FDCWD = -100, AT_SYMLINK_NOFOLLOW = 0x100, AT_EACCESS = 0x200, AT_REMOVEDIR = 0x200, AT_SYMLINK_FOLLOW = 0x400,
        AT_NO_AUTOMOUNT = 0x800, AT_EMPTY_PATH = 0x1000, AT_STATX_SYNC_TYPE = 0x6000, AT_STATX_SYNC_AS_STAT = 0,
        AT_STATX_FORCE_SYNC = 0x2000, AT_STATX_DONT_SYNC = 0x4000, AT_RECURSIVE = 0x8000;

    // openat2
    public const int
        RESOLVE_NO_XDEV = 1, RESOLVE_NO_MAGICLINKS = 2, RESOLVE_NO_SYMLINKS = 4, RESOLVE_BENEATH = 8, RESOLVE_IN_ROOT = 0x10,
        RESOLVE_CACHED = 0x20;
    public const int OPEN_HOW_SIZE_VER0 = 24;

    // close_range
    public const int CLOSE_RANGE_UNSHARE = 2, CLOSE_RANGE_CLOEXEC = 4;

    // memfd_create; the exec flags are since 6.3
    public const int MFD_CLOEXEC = 1, MFD_ALLOW_SEALING = 2, MFD_HUGETLB = 4, MFD_NOEXEC_SEAL = 8, MFD_EXEC = 0x10;

    // renameat2, lseek, getrandom, pidfd_open
    public const int
        RENAME_NOREPLACE = 1, RENAME_EXCHANGE = 2, RENAME_WHITEOUT = 4, SEEK_SET = 0, SEEK_CUR = 1, SEEK_END = 2, GRND_NONBLOCK = 1,
        GRND_RANDOM = 2;
    public const int PIDFD_NONBLOCK = 0x800;

    // flock
    public const int LOCK_SH = 1, LOCK_EX = 2, LOCK_NB = 4, LOCK_UN = 8;
}

/// <summary>linux/limits.h and linux/uio.h: sizes that the kernel enforces.</summary>
public static class limits_h
{
    public const int PATH_MAX = 4096, NAME_MAX = 255, NGROUPS_MAX = 65536, UIO_MAXIOV = 1024, PIPE_BUF = 4096;
}

/// <summary>dirent.h: file types in directory entries.</summary>
public static class dirent_h
{
    public const int DT_UNKNOWN = 0, DT_FIFO = 1, DT_CHR = 2, DT_DIR = 4, DT_BLK = 6, DT_REG = 8, DT_LNK = 10, DT_SOCK = 12;
}

/// <summary>Argument of openat2.</summary>
public struct open_how
{
    public ulong flags, mode, resolve;
}

/// <summary>One buffer of readv, writev, sendmsg, recvmsg.</summary>
public unsafe struct iovec
{
    public void* iov_base;
    public ulong iov_len;
}

/// <summary>An entry of getdents64; the name, zero-terminated, begins at d_name and d_reclen leads to the next entry.</summary>
public unsafe struct linux_dirent64
{
    public ulong d_ino;
    public long d_off;
    public ushort d_reclen;
    public byte d_type;
    public fixed byte d_name[1];
}
