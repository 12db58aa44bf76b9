using Engine.Shared.Wire;
using Engine.Starter.Server;

namespace Engine.Starter.Container;

/// <summary>
/// Whoever joins this mount namespace (setns(2): exec, nsenter, a payload with CAP_SYS_ADMIN its own) begins at the namespace's root. When
/// the caller sits in a chroot that is not the caller's root, hence not the container's, but the host's whole tree.
/// </summary>
internal static unsafe class NamespaceRoot
{
    /// <summary>Joins the namespace that this process is in, and finds itself where <see cref="RootPath.Root"/> is, or refuses.</summary>
    public static bool IsOurs()
    {
        int self = Sys.pidfd_open(Sys.getpid(), 0);
        if (self < 0)
            return Failure.Call("pidfd_open"u8, self);
        int result = Sys.setns(self, (int)CLONE_NEWNS);
        Sys.close(self);
        if (result < 0)
            return Failure.Call("setns"u8, result);

        Text slash = new Text(CString.Of("/"u8), 1);
        int top = Sys.openat(AT_FDCWD, slash.At, O_PATH | O_DIRECTORY | O_CLOEXEC, 0);
        if (top < 0)
            return Failure.Call("openat"u8, slash, top);
        bool same = RootMount.MountId(top, out ulong there) && RootMount.MountId(RootPath.Root, out ulong here) && there == here;
        Sys.close(top);
        return same || Failure.Refuse("setns"u8, slash, "the engine runs in a chroot, out of which its containers would lead: give it a mount namespace and pivot_root"u8);
    }
}
