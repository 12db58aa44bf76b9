using System.Runtime.InteropServices;
using Engine.Shared.Linux;

namespace Engine.Linux;

// Calls on cgroup directories, under their C names; -1 and errno as in C.
internal static unsafe partial class Libc
{
    // No C library has a wrapper. syscall(2) is variadic in C; on x86-64 and arm64 Linux its arguments travel as to a fixed function.
    [LibraryImport("libc", SetLastError = true, EntryPoint = "syscall", StringMarshalling = StringMarshalling.Utf8)]
    internal static partial nint syscall_openat2(nint number, int directory, string path, open_how* how, nuint size);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int fstatfs(int fd, statfs* buffer);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int unlinkat(int directory, string path, int flags);
}
