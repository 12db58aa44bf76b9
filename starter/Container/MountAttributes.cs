using Engine.Shared.Wire;
using Engine.Starter.Server;

namespace Engine.Starter.Container;

/// <summary>mount_setattr and move_mount on descriptors.</summary>
internal static unsafe class MountAttributes
{
    private const int Kinds = MS_SHARED | MS_PRIVATE | MS_SLAVE | MS_UNBINDABLE;

    /// <summary>
    /// Sets and clears MOUNT_ATTR_* on the mount <paramref name="fd"/> is the root of; with <paramref name="recursive"/> on all below it.
    /// </summary>
    public static bool Set(int fd, ulong set, ulong clear, bool recursive, Text path)
    {
        if ((set | clear) == 0)
            return true;
        mount_attr attributes = default;
        attributes.attr_set = set;
        attributes.attr_clr = clear;
        return Apply(fd, &attributes, recursive, path);
    }

    /// <summary>
    /// Sets the propagation named by MS_SHARED, MS_PRIVATE, MS_SLAVE or MS_UNBINDABLE, below it too with MS_REC; 0 does nothing.
    /// </summary>
    public static bool Propagate(int fd, ulong propagation, Text path)
    {
        if (propagation == 0)
            return true;
        mount_attr attributes = default;
        attributes.propagation = propagation & Kinds;
        if (attributes.propagation == 0 || (propagation & ~(ulong)(Kinds | MS_REC)) != 0)
            return Failure.Refuse("mount_setattr"u8, path, "not a propagation"u8);
        return Apply(fd, &attributes, (propagation & MS_REC) != 0, path);
    }

    /// <summary>Attaches a detached mount; <paramref name="target"/> is an O_PATH descriptor. Both stay the caller's.</summary>
    public static bool Attach(int mount, int target, Text path)
    {
        // Noted first: what is attached can always be taken back.
        if (!LiveMounts.Note(mount))
            return false;
        byte* empty = CString.Empty;
        int result = Sys.move_mount(mount, empty, target, empty, MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH);
        return result >= 0 || Failure.Call("move_mount"u8, path, result);
    }

    /// <summary>A detached copy of the mount <paramref name="fd"/> lies in, from the object it names on; negative with a failure.</summary>
    public static int Clone(int fd, bool recursive, Text path)
    {
        uint flags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH;
        int tree = Sys.open_tree(fd, CString.Empty, recursive ? flags | AT_RECURSIVE : flags);
        if (tree < 0)
            Failure.Call("open_tree"u8, path, tree);
        return tree;
    }

    private static bool Apply(int fd, mount_attr* attributes, bool recursive, Text path)
    {
        int result = Sys.mount_setattr(fd, CString.Empty, (uint)(recursive ? AT_EMPTY_PATH | AT_RECURSIVE : AT_EMPTY_PATH), attributes);
        return result >= 0 || Failure.Call("mount_setattr"u8, path, result);
    }
}
