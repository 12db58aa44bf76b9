using Engine.Rpc.Linux;
using Engine.Shared.Linux;

namespace Engine.Linux;

/// <summary>Which file an open descriptor is of, whatever its names are.</summary>
public readonly unsafe record struct FileIdentity(ulong Device, ulong Inode)
{
    private const uint STATX_INO = 0x100;

    /// <summary>Of the open file <paramref name="fd"/>.</summary>
    public static FileIdentity Of(int fd)
    {
        // struct statx, linux/stat.h: stx_ino at 32, stx_dev_major and stx_dev_minor at 136; the same on every machine.
        byte* buffer = stackalloc byte[256];
        return Libc.statx(fd, "", fcntl_h.AT_EMPTY_PATH, STATX_INO, buffer) < 0
            ? throw SyscallException.Last("statx")
            : new FileIdentity(*(ulong*)(buffer + 136), *(ulong*)(buffer + 32));
    }
}
