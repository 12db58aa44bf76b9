using Engine.Shared.Protocol;
using Engine.Shared.Wire;
using Engine.Starter.Policy;
using Engine.Starter.Server;

namespace Engine.Starter.Container;

/// <summary>
/// The container's root: attached in this mount namespace where the host has the directory (OCI runtime.md, Lifecycle: hooks before
/// the root switch find the container's mounts there), and entered once everything below it is mounted. Until then this process's own
/// root stays the host's tree, which createContainer hooks are looked up in. That place is for hooks only: everything here goes through
/// the descriptor of the mount.
/// </summary>
internal static unsafe class RootMount
{
    // One for the host's root and one for each mount on "/" that a config could have; arbitrary.
    private const int MostLayers = 64;

    /// <summary>What AttachRoot made of the inherited mounts; sources that want nothing else get the same.</summary>
    public static ulong HostPropagation { get; private set; }

    /// <summary>See <see cref="AttachRoot"/>.</summary>
    public static bool Attach(ref AttachRoot request)
    {
        Text slash = new Text(CString.Of("/"u8), 1);
        if (!MountRules.Permit(ref request))
            return false;
        int old = Sys.openat(AT_FDCWD, slash.At, O_PATH | O_DIRECTORY | O_CLOEXEC, 0);
        if (old < 0)
            return Failure.Call("openat"u8, slash, old);

        HostPropagation = request.HostPropagation | MS_REC;
        int mount = -1, place = -1;
        bool done = Masks.Prepare(old) && SourceTable.TakeRoot(request.Slot, out mount) &&
            (request.PlaceSlotPlusOne == 0 || SourceTable.Take(request.PlaceSlotPlusOne - 1, false, out place)) &&
            (place < 0 || IsSame(place, mount)) && Detach(old, place, request.HostPropagation, slash) &&
            Take(mount, place < 0 ? old : place, slash);
        Sys.close(old);
        if (place >= 0)
            Sys.close(place);
        if (!done && mount >= 0)
            Sys.close(mount);
        return done;
    }

    // The path was looked up twice, and is the caller's: what lies there now must be what was cloned.
    private static bool IsSame(int place, int mount)
    {
        stat first, second;
        return (Sys.fstat(place, &first) >= 0 && Sys.fstat(mount, &second) >= 0 && first.st_dev == second.st_dev && first.st_ino == second.st_ino) ||
            Failure.Refuse("root"u8, "the root's path led to another directory a moment later"u8);
    }

    /// <summary>
    /// Something was mounted at <paramref name="path"/>: if that is the root itself, the new mount is the root from now on. The descriptor
    /// stays the caller's.
    /// </summary>
    public static bool Covered(int mount, Text path)
    {
        for (int i = 0; i < path.Length; i++)
            if (path.At[i] != '/' && path.At[i] != '.')
                return true;

        int root = Sys.fcntl(mount, F_DUPFD_CLOEXEC, 0);
        if (root < 0)
            return Failure.Call("fcntl"u8, path, root);
        RootPath.SetRoot(root);
        return true;
    }

    /// <summary>See <see cref="EnterRoot"/>. Afterwards "/" is the container's root and nothing of the host is mounted any more.</summary>
    public static bool Enter(ref EnterRoot request)
    {
        Text slash = new Text(CString.Of("/"u8), 1);
        byte* here = CString.Of("."u8);
        if (!MountRules.Permit(ref request))
            return false;
        int old = Sys.openat(AT_FDCWD, slash.At, O_PATH | O_DIRECTORY | O_CLOEXEC, 0);
        if (old < 0)
            return Failure.Call("openat"u8, slash, old);

        int result = Sys.fchdir(RootPath.Root);
        if (result < 0)
            return Failure.Call("fchdir"u8, slash, result);
        // Both arguments the same directory: the old root ends up on top of the new one, where "." finds it (pivot_root(2)).
        result = Sys.pivot_root(here, here);
        if (result < 0)
            return Failure.Call("pivot_root"u8, slash, result);
        // What is still shared with the host must not hear of the unmounting.
        bool alone = (HostPropagation & MS_SHARED) == 0 || MountAttributes.Propagate(old, MS_SLAVE | MS_REC, slash);
        Sys.close(old);
        if (!alone || !Uncover(here, slash))
            return false;
        result = Sys.chdir(slash.At);
        if (result < 0)
            return Failure.Call("chdir"u8, slash, result);

        return MountAttributes.Set(RootPath.Root, request.Readonly ? (ulong)MOUNT_ATTR_RDONLY : 0, 0, false, slash) &&
            MountAttributes.Propagate(RootPath.Root, request.Propagation, slash);
    }

    // Takes away what lies on the new root: the host's tree, and with a config that mounts on "/" also the root that was below that. Ends
    // when the root is seen to be on top, not after a number of steps: a host mount that stays would be the container's.
    private static bool Uncover(byte* here, Text slash)
    {
        for (int i = 0; i < MostLayers; i++)
        {
            // ".." of the root is the root, and unlike "." it is whatever is mounted there.
            int top = Sys.openat(AT_FDCWD, CString.Of(".."u8), O_PATH | O_DIRECTORY | O_CLOEXEC, 0);
            if (top < 0)
                return Failure.Call("openat"u8, slash, top);
            bool same = MountId(top, out ulong above) && MountId(RootPath.Root, out ulong root) && above == root;
            Sys.close(top);
            if (same)
                return i > 0 || Failure.Refuse("pivot_root"u8, slash, "the old root is not where it should be"u8);
            int result = Sys.umount2(here, MNT_DETACH);
            if (result < 0)
                return Failure.Call("umount2"u8, slash, result);
        }

        return Failure.Refuse("umount2"u8, slash, "too many mounts on the root"u8);
    }

    /// <summary>Number of the mount that <paramref name="fd"/> is on; false when the kernel does not tell.</summary>
    public static bool MountId(int fd, out ulong id)
    {
        statx status;
        int result = Sys.statx(fd, CString.Empty, AT_EMPTY_PATH, STATX_MNT_ID, &status);
        id = status.stx_mnt_id;
        return result >= 0 && (status.stx_mask & STATX_MNT_ID) != 0;
    }

    // Nothing that is mounted from here on may show on the host. The mounts that "/" and the place of the root are in are private in any
    // case: pivot_root demands it, and the root itself is not for the host to see.
    private static bool Detach(int old, int place, ulong propagation, Text slash)
    {
        if ((propagation & MS_SHARED) == 0)
            return MountAttributes.Propagate(old, propagation | MS_REC, slash);
        return MountAttributes.Propagate(old, MS_PRIVATE, slash) && (place < 0 || DetachHolder(place, slash));
    }

    // Only the root of a mount can be changed: upwards to it.
    private static bool DetachHolder(int place, Text slash)
    {
        int at = Sys.fcntl(place, F_DUPFD_CLOEXEC, 0);
        while (at >= 0)
        {
            statx status;
            int result = Sys.statx(at, CString.Empty, AT_EMPTY_PATH, STATX_MNT_ID, &status);
            bool isRoot = result < 0 || (status.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0;
            int next = isRoot ? -1 : Sys.openat(at, CString.Of(".."u8), O_PATH | O_DIRECTORY | O_CLOEXEC, 0);
            bool done = isRoot && result >= 0 && MountAttributes.Propagate(at, MS_PRIVATE, slash);
            Sys.close(at);
            if (isRoot)
                return done || (result < 0 && Failure.Call("statx"u8, slash, result));
            at = next;
        }

        return Failure.Call("openat"u8, slash, at);
    }

    private static bool Take(int mount, int old, Text slash)
    {
        // The clone may still be in the host's peer group; as a parent of mounts and as the new root it must not be.
        ulong propagation = (HostPropagation & MS_SHARED) != 0 ? MS_PRIVATE : HostPropagation;
        bool done = MountAttributes.Propagate(mount, propagation, slash) && MountAttributes.Attach(mount, old, slash);
        if (done)
            RootPath.SetRoot(mount);
        return done;
    }
}
