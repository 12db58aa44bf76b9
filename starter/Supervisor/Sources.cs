using Engine.Shared.Protocol;
using Engine.Shared.Wire;
using Engine.Starter.Policy;
using Engine.Starter.Server;

namespace Engine.Starter.Supervisor;

/// <summary>
/// CloneSource: a detached copy of a host mount for the container stage. It goes over the stage link, so that the master,
/// which is not trusted with it, never holds it.
/// </summary>
internal static unsafe class Sources
{
    // For a listener with a full backlog; a stage that waits for its source waits that long, too.
    private const long ConnectSeconds = 5;

    /// <summary>
    /// Clones and sends. Also a failure is sent, or the stage would wait for that slot for ever.
    /// <paramref name="descriptor"/> (the caller's) names the object with FromDescriptor.
    /// </summary>
    public static bool Clone(ref CloneSource request, int descriptor, out uint mode)
    {
        mode = 0;
        if (!Sendable("CloneSource"u8, request.Slot, request.Path))
            return false;
        if (!HostRules.Permit(ref request, descriptor))
            return Deliver(request.Slot, -1);
        if ((request.Flags & (uint)SourceFlags.InStage) != 0)
            return Deliver(request.Slot, Place(request.Path));

        int mount = Open(ref request, descriptor, out mode);
        if (mount >= 0 && (request.Flags & (uint)SourceFlags.IdMap) != 0 && !IdMaps.Apply(mount, ref request))
        {
            Sys.close(mount);
            mount = -1;
        }

        return Deliver(request.Slot, mount, (request.Flags & (uint)SourceFlags.Root) != 0 ? StageNoteKind.RootSource : StageNoteKind.Source);
    }

    /// <summary>Connects to a listening socket and sends the connection; a failure is sent, too.</summary>
    public static bool Connect(ref ConnectSocket request) =>
        Sendable("ConnectSocket"u8, request.Slot, request.Path) && Deliver(request.Slot, Connected(request.Path));

    private static bool Sendable(ReadOnlySpan<byte> method, uint slot, Text path)
    {
        if (slot >= Limits.Sources)
            return Failure.Refuse(method, path, "no such slot"u8);
        return StageProcess.Link >= 0 || Failure.Refuse(method, path, "the container stage is gone"u8);
    }

    private static bool Deliver(uint slot, int source, StageNoteKind kind = StageNoteKind.Source)
    {
        if (source < 0)
        {
            // Sending may fail in turn; what is answered is why there is no source.
            StageLink.SendFailure(StageProcess.Link, StageNoteKind.Source, slot);
            return false;
        }

        bool sent = StageLink.Send(StageProcess.Link, kind, slot, source);
        Sys.close(source);
        return sent;
    }

    // The stage could not look it up itself: in a user namespace it may not even search the directories above.
    private static int Place(Text path)
    {
        int root = ProcFile.Open(Facts.Pid, "root"u8, O_PATH | O_DIRECTORY);
        if (root < 0)
            return Fail("openat(/proc/PID/root)"u8, path, root);
        int place = Sys.openat2(root, path.At, O_PATH | O_DIRECTORY | O_CLOEXEC, 0, RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS);
        Sys.close(root);
        return place >= 0 ? place : Fail("openat2"u8, path, place);
    }

    private static int Connected(Text path)
    {
        if (path.IsEmpty || path.At[0] != '/')
            return Fail("connect"u8, path, -EINVAL);
        int target = Sys.openat(AT_FDCWD, path.At, O_PATH | O_CLOEXEC, 0);
        if (target < 0)
            return Fail("connect"u8, path, target);
        int socket = Sys.socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        int result = socket;
        if (socket >= 0)
        {
            timeval wait;
            wait.tv_sec = ConnectSeconds;
            wait.tv_usec = 0;
            Sys.setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof(timeval));
            result = SyncSocket.Connect(socket, target);
        }

        Sys.close(target);
        if (result >= 0)
            return socket;
        if (socket >= 0)
            Sys.close(socket);
        return Fail("connect"u8, path, result);
    }

    private static int Fail(ReadOnlySpan<byte> call, Text path, int result)
    {
        Failure.Call(call, path, result);
        return -1;
    }

    private static int Open(ref CloneSource request, int descriptor, out uint mode)
    {
        mode = 0;
        SourceFlags flags = (SourceFlags)request.Flags;
        if (Rules.Apply && (flags & SourceFlags.Device) != 0)
            return OpenDevice(request.Path, out mode);
        bool root = (flags & SourceFlags.Root) != 0;
        if ((flags & SourceFlags.FromDescriptor) != 0 && !SourceRules.Permit(descriptor, root, request.Path))
            return -1;

        // For an ordinary user always with what is mounted below: one mount alone would show what the administrator has covered (H10).
        uint how = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC;
        if ((flags & SourceFlags.Recursive) != 0 || Rules.Apply)
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
        if (result >= 0 && mode != S_IFLNK && SourceRules.Harden(mount, request.Path))
            return mount;

        // A lookup that does not follow a link ends on the link itself (security.md F14).
        Sys.close(mount);
        if (result < 0 || mode == S_IFLNK)
            Failure.Call("open_tree"u8, request.Path, result < 0 ? result : -ELOOP);
        return -1;
    }

    private static int OpenDevice(Text path, out uint mode)
    {
        mode = S_IFCHR;
        int device = DeviceRules.Open(path);
        if (device < 0)
            return device;
        int mount = Sys.open_tree(device, CString.Empty, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH);
        Sys.close(device);
        mount_attr attributes = default;
        attributes.attr_set = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC;
        int result = mount < 0 ? mount : Sys.mount_setattr(mount, CString.Empty, AT_EMPTY_PATH, &attributes);
        if (result >= 0)
            return mount;
        if (mount >= 0)
            Sys.close(mount);
        return Fail("open_tree"u8, path, result);
    }
}
