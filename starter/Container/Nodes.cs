using Engine.Shared.Protocol;
using Engine.Shared.Wire;
using Engine.Starter.Policy;
using Engine.Starter.Server;

namespace Engine.Starter.Container;

/// <summary>
/// CreateDirectory, CreateDevice, CreateSymlink. Names are made in a directory that was opened before; an object that is there
/// already is looked at by descriptor and never opened. Modes are exact: the stage's umask is 0.
/// </summary>
internal static unsafe class Nodes
{
    private const uint Permissions = 0xfff;

    public static bool Directory(ref CreateDirectory request)
    {
        int existing = RootPath.TryFind(request.Path, O_DIRECTORY);
        if (existing >= 0)
        {
            Sys.close(existing);
            return true;
        }

        int made = RootPath.Directory(request.Path, request.Mode & Permissions);
        if (made < 0)
            return false;
        bool done = Own(made, request.Uid, request.Gid, request.Path);
        Sys.close(made);
        return done;
    }

    public static bool Device(ref CreateDevice request)
    {
        if (!MountRules.Permit(ref request))
            return false;
        if (request.BindSlotPlusOne != 0)
            return BindDevice(ref request);

        uint type = request.Mode & S_IFMT;
        if (type != S_IFCHR && type != S_IFBLK && type != S_IFIFO)
            return Failure.Refuse("mknodat"u8, request.Path, "neither a device nor a FIFO"u8);

        int parent = RootPath.Parent(request.Path, out byte* leaf);
        if (parent < 0)
            return false;
        ulong number = type == S_IFIFO ? 0 : makedev(request.Major, request.Minor);
        int result = Sys.mknodat(parent, leaf, request.Mode & (S_IFMT | Permissions), number);
        bool done;
        if (result < 0 && result != -EEXIST)
            done = Failure.Call("mknodat"u8, request.Path, result);
        else if (result == -EEXIST || (request.Uid | request.Gid) != 0)
            done = Settle(parent, leaf, ref request, type, number, result != -EEXIST);
        else
            done = true;
        Sys.close(parent);
        return done;
    }

    public static bool Symlink(ref CreateSymlink request)
    {
        int parent = RootPath.Parent(request.Path, out byte* leaf);
        if (parent < 0)
            return false;
        int result = Sys.symlinkat(request.Target.At, parent, leaf);
        if (result == -EEXIST && !SameTarget(parent, leaf, request.Target) && request.Replace && Removable(parent, leaf))
        {
            result = Sys.unlinkat(parent, leaf, 0);
            if (result >= 0)
                result = Sys.symlinkat(request.Target.At, parent, leaf);
        }

        bool done = result >= 0 || (result == -EEXIST && SameTarget(parent, leaf, request.Target)) ||
            Failure.Call("symlinkat"u8, request.Path, result);
        Sys.close(parent);
        return done;
    }

    // A node that is there must be the same device; it keeps its mode and owner. One that was just made gets its owner.
    private static bool Settle(int parent, byte* leaf, ref CreateDevice request, uint type, ulong number, bool made)
    {
        int node = RootPath.Leaf(parent, leaf, request.Path);
        if (node < 0)
            return false;
        stat status;
        int result = Sys.fstat(node, &status);
        bool done;
        if (result < 0)
            done = Failure.Call("fstat"u8, request.Path, result);
        else if ((status.st_mode & S_IFMT) != type || (type != S_IFIFO && status.st_rdev != number))
            done = Failure.Call("mknodat"u8, request.Path, -EEXIST) || Failure.Explain("something else is there"u8);
        else
            done = !made || Own(node, request.Uid, request.Gid, request.Path);
        Sys.close(node);
        return done;
    }

    // In a user namespace a device cannot be made: the host's node is bound on an empty file.
    private static bool BindDevice(ref CreateDevice request)
    {
        if (!SourceTable.Take(request.BindSlotPlusOne - 1, false, out int mount))
            return Failure.SetPath(request.Path);

        bool done = false;
        int parent = RootPath.Parent(request.Path, out byte* leaf);
        if (parent >= 0)
        {
            int result = Sys.mknodat(parent, leaf, S_IFREG, 0);
            int target = result < 0 && result != -EEXIST ? -1 : RootPath.Leaf(parent, leaf, request.Path);
            if (result < 0 && result != -EEXIST)
                Failure.Call("mknodat"u8, request.Path, result);
            done = target >= 0 &&
                MountAttributes.Set(mount, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC, 0, false, request.Path) &&
                MountAttributes.Propagate(mount, MS_PRIVATE, request.Path) &&
                MountAttributes.Attach(mount, target, request.Path);
            if (target >= 0)
                Sys.close(target);
            Sys.close(parent);
        }

        Sys.close(mount);
        return done;
    }

    private static bool Own(int fd, uint uid, uint gid, Text path)
    {
        if ((uid | gid) == 0)
            return true;
        int result = Sys.fchownat(fd, CString.Empty, uid, gid, AT_EMPTY_PATH);
        return result >= 0 || Failure.Call("fchownat"u8, path, result);
    }

    private static bool SameTarget(int parent, byte* leaf, Text target)
    {
        byte* found = stackalloc byte[PATH_MAX];
        long length = Sys.readlinkat(parent, leaf, found, PATH_MAX);
        return length == target.Length && target.Is(new ReadOnlySpan<byte>(found, (int)length));
    }

    private static bool Removable(int parent, byte* leaf)
    {
        stat status;
        if (Sys.newfstatat(parent, leaf, &status, AT_SYMLINK_NOFOLLOW) < 0)
            return false;
        uint type = status.st_mode & S_IFMT;
        return type == S_IFLNK || (type == S_IFREG && status.st_size == 0);
    }
}
