using System.Runtime.InteropServices;
using Engine.Shared.Linux;

namespace Engine.Rpc.Linux;

/// <summary>System calls that the channel needs, under their C names; -1 and errno as in C. Policy belongs to the callers.</summary>
internal static unsafe partial class Libc
{
    [LibraryImport("libc", SetLastError = true)]
    internal static partial int socketpair(int domain, int type, int protocol, int* sv);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial nint sendmsg(int fd, msghdr* message, int flags);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial nint recvmsg(int fd, msghdr* message, int flags);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int poll(pollfd* fds, ulong count, int timeout);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int close(int fd);

    // Variadic in C. On x86-64 and arm64 Linux an int argument travels as it would to a fixed function.
    [LibraryImport("libc", SetLastError = true)]
    internal static partial int fcntl(int fd, int command, int argument);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int memfd_create(byte* name, uint flags);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial nint write(int fd, byte* bytes, nuint count);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial nint sendfile(int outFd, int inFd, long* offset, nuint count);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial long lseek(int fd, long offset, int whence);
}
