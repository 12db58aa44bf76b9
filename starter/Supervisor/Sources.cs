using Engine.Shared.Protocol;
using Engine.Shared.Wire;
using Engine.Starter.Server;

namespace Engine.Starter.Supervisor;

/// <summary>
/// CloneSource: a detached copy of a host mount for the container stage. It goes over the stage link, so that the master,
/// which is not trusted with it, never holds it.
/// </summary>
internal static unsafe class Sources
{
    /// <summary>
    /// Clones and sends. Also a failure is sent, or the stage would wait for that slot for ever.
    /// <paramref name="descriptor"/> (the caller's) names the object with FromDescriptor.
    /// </summary>
    public static bool Clone(ref CloneSource request, int descriptor, out uint mode)
    {
        mode = 0;
        if (request.Slot >= Limits.Sources)
            return Failure.Refuse("CloneSource"u8, request.Path, "no such slot"u8);
        if (StageProcess.Link < 0)
            return Failure.Refuse("CloneSource"u8, request.Path, "the container stage is gone"u8);

        int mount = Open(ref request, descriptor, out mode);
        if (mount < 0)
        {
            // Sending may fail in turn; what is answered is why the source could not be cloned.
            StageLink.SendFailure(StageProcess.Link, StageNoteKind.Source, request.Slot);
            return false;
        }

        bool sent = StageLink.Send(StageProcess.Link, StageNoteKind.Source, request.Slot, mount);
        Sys.close(mount);
        return sent;
    }

    private static int Open(ref CloneSource request, int descriptor, out uint mode)
    {
        mode = 0;
        SourceFlags flags = (SourceFlags)request.Flags;
        uint how = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC;
        if ((flags & SourceFlags.Recursive) != 0)
            how |= AT_RECURSIVE;

        int mount;
        if ((flags & SourceFlags.FromDescriptor) != 0)
            mount = descriptor < 0 ? -EBADF : Sys.open_tree(descriptor, CString.Of("\0"u8), how | AT_EMPTY_PATH);
        else if (request.Path.IsEmpty || request.Path.At[0] != '/')
            mount = -EINVAL;
        else
            mount = Sys.open_tree(AT_FDCWD, request.Path.At, how | ((flags & SourceFlags.NoFollow) != 0 ? (uint)AT_SYMLINK_NOFOLLOW : 0));
        if (mount < 0)
        {
            Failure.Call("open_tree"u8, request.Path, mount);
            return mount;
        }

        stat info = default;
        int result = Sys.fstat(mount, &info);
        mode = info.st_mode & S_IFMT;
        if (result >= 0 && mode != S_IFLNK)
            return mount;

        // A lookup that does not follow a link ends on the link itself (security.md F14).
        Sys.close(mount);
        Failure.Call("open_tree"u8, request.Path, result < 0 ? result : -ELOOP);
        return -1;
    }
}
