namespace Engine.Shared.Linux.Arm64;

/// <summary>asm/fcntl.h of arm64: the open flags whose value is the machine's own.</summary>
public static class arch_fcntl_h
{
    public const int O_DIRECTORY = 0x4000, O_NOFOLLOW = 0x8000, O_DIRECT = 0x10000, O_LARGEFILE = 0x20000;
    public const int O_TMPFILE = O_DIRECTORY | 0x400000;
}

/// <summary>This machine as seccomp and ELF name it.</summary>
public static class machine_h
{
    public const uint AUDIT_ARCH_NATIVE = filter_h.AUDIT_ARCH_AARCH64;
    public const int EM_NATIVE = 183;
}

/// <summary>Result of fstat and newfstatat.</summary>
public unsafe struct stat
{
    public ulong st_dev, st_ino;
    public uint st_mode, st_nlink, st_uid, st_gid;
    public ulong st_rdev, __pad1;
    public long st_size;
    public int st_blksize, __pad2;
    public long st_blocks;
    public ulong st_atime, st_atime_nsec, st_mtime, st_mtime_nsec, st_ctime, st_ctime_nsec;
    public fixed uint __unused[2];
}

public struct epoll_event
{
    public uint events;
    public ulong data;
}
