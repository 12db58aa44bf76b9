using System.Runtime.InteropServices;
using Engine.Rpc.Linux;
using Engine.Shared.Linux;

namespace Engine.Linux;

/// <summary>
/// Cgroup directories by descriptor, so that nothing on the way can be exchanged. Used by the caller's own process
/// (delete --force, and update where the supervisor is gone); no privilege is assumed.
/// </summary>
internal static unsafe class CgroupCalls
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
        if (Libc.fstatfs(fd.Value, &found) == 0 && found.f_type is statfs_h.CGROUP_SUPER_MAGIC or statfs_h.CGROUP2_SUPER_MAGIC)
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
        if (Libc.unlinkat(parent.Value, name, fcntl_h.AT_REMOVEDIR) == 0)
            return true;
        return Marshal.GetLastPInvokeError() switch
        {
            Errno.ENOENT => true,
            Errno.EBUSY or Errno.ENOTEMPTY => false,
            _ => throw SyscallException.Last("rmdir", name),
        };
    }

    /// <summary>One write to a file of an open cgroup; false when there is no such file.</summary>
    /// <exception cref="SyscallException">The kernel refuses the value, or the caller may not write.</exception>
    public static bool TryWrite(SafeFd directory, string file, string value)
    {
        try
        {
            using SafeFd open = Files.OpenIn(directory, file, fcntl_h.O_WRONLY);
            Files.WriteAll(open, System.Text.Encoding.UTF8.GetBytes(value), file);
            return true;
        }
        catch (SyscallException error) when (error.Errno == Errno.ENOENT && error.Operation == "open")
        {
            return false;
        }
    }

    private static SafeFd? Open(int directory, string path, int resolve)
    {
        var how = new open_how { flags = fcntl_h.O_PATH | fcntl_h.O_CLOEXEC, resolve = (ulong)resolve };
        var fd = (int)Libc.syscall_openat2(SYS_openat2, directory, path, &how, (nuint)sizeof(open_how));
        if (fd >= 0)
            return new SafeFd(fd);
        return Marshal.GetLastPInvokeError() is Errno.ENOENT or Errno.ENODEV ? null : throw SyscallException.Last("openat2", path);
    }
}
