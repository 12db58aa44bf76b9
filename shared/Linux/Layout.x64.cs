using System.Runtime.InteropServices;

namespace Engine.Shared.Linux.X64;

/// <summary>asm/fcntl.h of x86-64: the open flags whose value is the machine's own.</summary>
public static class arch_fcntl_h
{
    public const int O_DIRECTORY = 0x10000, O_NOFOLLOW = 0x20000, O_DIRECT = 0x4000, O_LARGEFILE = 0x8000;
    public const int O_TMPFILE = O_DIRECTORY | 0x400000;
}

/// <summary>This machine as seccomp and ELF name it.</summary>
public static class machine_h
{
    public const uint AUDIT_ARCH_NATIVE = filter_h.AUDIT_ARCH_X86_64;
    public const int EM_NATIVE = 62;
}

/// <summary>Result of fstat and newfstatat.</summary>
public unsafe struct stat
{
    public ulong st_dev, st_ino, st_nlink;
    public uint st_mode, st_uid, st_gid, __pad0;
    public ulong st_rdev;
    public long st_size, st_blksize, st_blocks;
    public ulong st_atime, st_atime_nsec, st_mtime, st_mtime_nsec, st_ctime, st_ctime_nsec;
    public fixed long __unused[3];
}

/// <summary>Packed on this machine only.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
public struct epoll_event
{
    public uint events;
    public ulong data;
}
