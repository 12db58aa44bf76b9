using Engine.Rpc;
using Engine.Shared.Linux;

namespace Engine.Diagnostics;

/// <summary>What to look at when an operation fails with an errno that says little by itself.</summary>
public static class Advice
{
    // An operation, or an operation on one path.
    private static readonly (string Operation, int Errno, string Text)[] Table =
    [
        ("clone3", Errno.ENOSPC, "the limit of namespaces is reached: see /proc/sys/user/max_*_namespaces"),
        ("clone3", Errno.EPERM, "creating namespaces is not allowed here; user namespaces may be switched off"),
        ("clone3", Errno.EAGAIN, "the limit of processes is reached: see 'ulimit -u', pids.max and kernel.pid_max"),
        ("clone3", Errno.EBUSY, "the cgroup holds controllers that forbid processes in it"),
        ("fsopen", Errno.ENODEV, "the kernel does not have this file system"),
        ("fsmount", Errno.EPERM, "proc and sysfs can only be mounted where the host's are not covered"),
        ("fsconfig", Errno.EINVAL, "the file system does not know this option, or the kernel refuses its value"),
        ("mount_setattr /", Errno.EINVAL, "the root is not a mount: the engine cannot run in a chroot"),
        ("move_mount", Errno.EINVAL, "source and destination must be in the container's mount namespace and not below a shared parent"),
        ("move_mount", Errno.ENOSPC, "the limit of mounts is reached: see fs.mount-max"),
        ("mkdirat", Errno.EROFS, "the mount point does not exist and the file system is read-only: make it in the image"),
        ("mknodat", Errno.EPERM, "device nodes cannot be made on this file system or in a user namespace"),
        ("prlimit64", Errno.EPERM, "raising a hard limit needs CAP_SYS_RESOURCE"),
        ("capset", Errno.EPERM, "a capability was asked for that the caller does not have itself"),
        ("uid_map", Errno.EPERM, "the mapped ids must belong to the caller"),
    ];

    /// <summary>The text of <paramref name="error"/>, with advice behind it where there is any.</summary>
    public static string Add(RpcException error)
    {
        foreach ((string operation, int errno, string text) in Table)
        {
            if (error.Errno == errno && (error.Operation == operation || $"{error.Operation} {error.Path}" == operation))
            {
                return $"{error.Message}; {text}";
            }
        }

        return error.Message;
    }
}
