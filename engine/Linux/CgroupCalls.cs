using System.Runtime.InteropServices;
using Engine.Rpc.Linux;
using Engine.Shared.Linux;
using Numbers = Engine.Shared.Linux.X64.SyscallNumbers;

namespace Engine.Linux;

/// <summary>
/// Calls that work on cgroup directories and on the processes in them, by descriptor, so that nothing on the way can be
/// exchanged. Used by the caller's own process (delete --force); no privilege is assumed.
/// </summary>
internal static unsafe partial class CgroupCalls
{
    /// <summary>
    /// O_PATH descriptor of a mount of a cgroup filesystem (v1 or v2); null when there is nothing at the path any more.
    /// </summary>
    /// <exception cref="SyscallException">A component is a symlink (ELOOP), or the filesystem is another one (EINVAL).</exception>
    public static SafeFd? OpenMount(string mountpoint)
    {
        var fd = Open(fcntl_h.AT_FDCWD, mountpoint, fcntl_h.RESOLVE_NO_SYMLINKS | fcntl_h.RESOLVE_NO_MAGICLINKS);
        if (fd is null)
            return null;
        statfs found;
        if (fstatfs(fd.Value, &found) == 0 && found.f_type is statfs_h.CGROUP_SUPER_MAGIC or statfs_h.CGROUP2_SUPER_MAGIC)
            return fd;
        fd.Dispose();
        throw new SyscallException("fstatfs", mountpoint, Errno.EINVAL);
    }

    /// <summary>O_PATH descriptor of a cgroup below an open one, on the same mount; null when it does not exist.</summary>
    /// <exception cref="SyscallException"/>
    public static SafeFd? OpenBelow(SafeFd directory, string path) => Open(
        directory.Value, path,
        fcntl_h.RESOLVE_BENEATH | fcntl_h.RESOLVE_NO_SYMLINKS | fcntl_h.RESOLVE_NO_MAGICLINKS | fcntl_h.RESOLVE_NO_XDEV);

    /// <summary>rmdir of a child; true when it is gone, false while it is in use (EBUSY) or has children.</summary>
    /// <exception cref="SyscallException">Any other failure.</exception>
    public static bool TryRemove(SafeFd parent, string name)
    {
        if (unlinkat(parent.Value, name, fcntl_h.AT_REMOVEDIR) == 0)
            return true;
        return Marshal.GetLastPInvokeError() switch
        {
            Errno.ENOENT => true,
            Errno.EBUSY or Errno.ENOTEMPTY => false,
            _ => throw SyscallException.Last("rmdir", name),
        };
    }

    /// <summary>pidfd of a process; null when there is none of that id.</summary>
    public static SafeFd? OpenProcess(int pid)
    {
        var fd = (int)syscall(Numbers.SYS_pidfd_open, pid, 0u);
        if (fd >= 0)
            return new SafeFd(fd);
        return Marshal.GetLastPInvokeError() == Errno.ESRCH ? null : throw SyscallException.Last("pidfd_open", pid.ToString());
    }

    /// <summary>Sends SIGKILL. A process that has ended already is no error.</summary>
    public static void Kill(SafeFd process)
    {
        if (syscall(Numbers.SYS_pidfd_send_signal, process.Value, signal_h.SIGKILL, 0, 0u) != 0 && Marshal.GetLastPInvokeError() != Errno.ESRCH)
            throw SyscallException.Last("pidfd_send_signal");
    }

    private static SafeFd? Open(int directory, string path, int resolve)
    {
        var how = new open_how { flags = fcntl_h.O_PATH | fcntl_h.O_CLOEXEC, resolve = (ulong)resolve };
        var fd = (int)syscall(Numbers.SYS_openat2, directory, path, &how, (nuint)sizeof(open_how));
        if (fd >= 0)
            return new SafeFd(fd);
        return Marshal.GetLastPInvokeError() is Errno.ENOENT or Errno.ENODEV ? null : throw SyscallException.Last("openat2", path);
    }

    // syscall(2) is variadic in C; on x86-64 and arm64 Linux its arguments travel as to a fixed function. The numbers from
    // 424 on are the same on every machine.
    [LibraryImport("libc", SetLastError = true)]
    private static partial long syscall(long number, int pid, uint flags);

    [LibraryImport("libc", SetLastError = true)]
    private static partial long syscall(long number, int process, int signal, nint info, uint flags);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial long syscall(long number, int directory, string path, open_how* how, nuint size);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int fstatfs(int fd, statfs* buffer);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int unlinkat(int directory, string path, int flags);
}
