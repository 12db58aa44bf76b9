using System.Runtime.InteropServices;
using Engine.Shared.Linux;

namespace Engine.Linux;

// Calls on processes, under their C names; -1 and errno as in C, but posix_spawn and its helpers return the errno.
internal static unsafe partial class Libc
{
    /// <summary>Room for glibc's posix_spawn_file_actions_t (80 bytes), posix_spawnattr_t (336) and sigset_t (128).</summary>
    internal const int OpaqueBytes = 512;

    internal const short POSIX_SPAWN_SETSIGDEF = 4;
    internal const short POSIX_SPAWN_SETSIGMASK = 8;
    internal const short POSIX_SPAWN_SETSID = 0x80;

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int prctl(int option, nuint argument2, nuint argument3, nuint argument4, nuint argument5);

    [LibraryImport("libc")]
    internal static partial nint signal(int number, nint handler);

    [LibraryImport("libc")]
    internal static partial int posix_spawn(int* pid, byte* path, void* fileActions, void* attributes, byte** argv, byte** envp);

    [LibraryImport("libc")]
    internal static partial int posix_spawn_file_actions_init(void* fileActions);

    [LibraryImport("libc")]
    internal static partial int posix_spawn_file_actions_destroy(void* fileActions);

    [LibraryImport("libc")]
    internal static partial int posix_spawn_file_actions_adddup2(void* fileActions, int fd, int newFd);

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int posix_spawn_file_actions_addopen(void* fileActions, int fd, string path, int flags, uint mode);

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int posix_spawn_file_actions_addchdir_np(void* fileActions, string path);

    // Since glibc 2.34.
    [LibraryImport("libc")]
    internal static partial int posix_spawn_file_actions_addclosefrom_np(void* fileActions, int from);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int getpgid(int pid);

    [LibraryImport("libc")]
    internal static partial int kill(int pid, int signal);

    [LibraryImport("libc")]
    internal static partial int posix_spawnattr_init(void* attributes);

    [LibraryImport("libc")]
    internal static partial int posix_spawnattr_destroy(void* attributes);

    [LibraryImport("libc")]
    internal static partial int posix_spawnattr_setflags(void* attributes, short flags);

    [LibraryImport("libc")]
    internal static partial int posix_spawnattr_setsigmask(void* attributes, void* signals);

    [LibraryImport("libc")]
    internal static partial int posix_spawnattr_setsigdefault(void* attributes, void* signals);

    [LibraryImport("libc")]
    internal static partial int sigemptyset(void* signals);

    [LibraryImport("libc")]
    internal static partial int sigfillset(void* signals);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int waitid(int idType, uint id, siginfo_t* info, int options);

    // pidfd_open and pidfd_send_signal came to glibc with 2.36 only.
    [LibraryImport("libc", SetLastError = true, EntryPoint = "syscall")]
    internal static partial nint syscall_pidfd_open(nint number, int pid, uint flags);

    [LibraryImport("libc", SetLastError = true, EntryPoint = "syscall")]
    internal static partial nint syscall_pidfd_send_signal(nint number, int pidfd, int signal, void* info, uint flags);
}
