using Engine.Shared.Wire;

namespace Engine.Shared.Protocol;

// Requests of the master to the container stage. Every path is the container's: it is resolved below the root mount by
// openat2(RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS) to a descriptor and used only through it. Results are Nothing.

/// <summary>
/// First request after Hello. Sets the whole tree's propagation to <see cref="HostPropagation"/> (MS_SLAVE or
/// MS_PRIVATE, recursive; MS_SHARED and unbindable are applied to the root mount by EnterRoot), takes source
/// <see cref="Slot"/> as the new root mount and attaches it where the host has the directory, so that hooks which run before
/// EnterRoot find the container's mounts there. Destinations are below it from now on.
/// </summary>
public struct AttachRoot : IMessage
{
    public uint Slot;
    public ulong HostPropagation;

    /// <summary>The source (<see cref="SourceFlags.InStage"/>) that it is attached on, plus one; 0 for "/".</summary>
    public uint PlaceSlotPlusOne;

    public void Fields(ref Codec c)
    {
        c.Begin(3);
        c.Value(ref Slot);
        c.Value(ref HostPropagation);
        c.Value(ref PlaceSlotPlusOne);
    }
}

/// <summary>Switches of the mount requests.</summary>
[System.Flags]
public enum MountFlags : uint
{
    None = 0,

    /// <summary>The destination must be a real directory and is not followed through a symlink (proc, sysfs; CVE-2019-19921).</summary>
    NoSymlink = 1,

    /// <summary>tmpcopyup: the directory's old content is copied into the new tmpfs before it is attached.</summary>
    CopyUp = 2,

    /// <summary>A source that does not exist is fine and the request does nothing.</summary>
    Optional = 4,

    /// <summary>A missing destination is made as a file rather than a directory (MountBind decides by the source itself).</summary>
    File = 8,

    /// <summary>Remember this devpts instance for CreateConsole.</summary>
    Devpts = 16,
}

/// <summary>
/// fsopen, fsconfig per option, fsmount, attributes, then move_mount onto the destination, which is made (0755
/// directories) when missing. Attributes are on the mount before it becomes visible.
/// </summary>
public struct MountFilesystem : IMessage
{
    public Text Type;
    public Text Source;
    public Text Destination;
    public uint Flags;

    /// <summary>MOUNT_ATTR_* to set.</summary>
    public ulong AttrSet;

    /// <summary>MOUNT_ATTR_* to clear.</summary>
    public ulong AttrClear;

    /// <summary>MS_PRIVATE, MS_SLAVE, MS_SHARED or MS_UNBINDABLE, with MS_REC; 0 leaves it private.</summary>
    public ulong Propagation;

    /// <summary>Superblock options, "key" or "key=value".</summary>
    public TextList Options;

    public void Fields(ref Codec c)
    {
        c.Begin(8);
        c.CStr(ref Type, Limits.Name);
        c.CStr(ref Source, Limits.Path);
        c.CStr(ref Destination, Limits.Path);
        c.Value(ref Flags);
        c.Value(ref AttrSet);
        c.Value(ref AttrClear);
        c.Value(ref Propagation);
        c.CStrs(ref Options, Limits.MountOptions, Limits.MountOption);
    }
}

/// <summary>
/// Attaches source <see cref="Slot"/> (see CloneSource). The destination is made when missing: a directory for a
/// directory, an empty file for anything else. Attributes are set before it becomes visible: first the recursive ones on
/// the whole tree, then the others on the top mount.
/// </summary>
public struct MountBind : IMessage
{
    public uint Slot;
    public Text Destination;
    public uint Flags;
    public ulong AttrSet;
    public ulong AttrClear;
    public ulong RecursiveSet;
    public ulong RecursiveClear;
    public ulong Propagation;

    public void Fields(ref Codec c)
    {
        c.Begin(8);
        c.Value(ref Slot);
        c.CStr(ref Destination, Limits.Path);
        c.Value(ref Flags);
        c.Value(ref AttrSet);
        c.Value(ref AttrClear);
        c.Value(ref RecursiveSet);
        c.Value(ref RecursiveClear);
        c.Value(ref Propagation);
    }
}

/// <summary>
/// mount_setattr on the mount at <see cref="Destination"/> ("remount", propagation by itself). With <see cref="Options"/> its
/// filesystem is reconfigured first, for everyone who has it mounted.
/// </summary>
public struct ChangeMount : IMessage
{
    public Text Destination;
    public ulong AttrSet;
    public ulong AttrClear;
    public ulong RecursiveSet;
    public ulong RecursiveClear;
    public ulong Propagation;

    /// <summary>Superblock options, "key" or "key=value"; none leaves the filesystem alone.</summary>
    public TextList Options;

    public void Fields(ref Codec c)
    {
        c.Begin(7);
        c.CStr(ref Destination, Limits.Path);
        c.Value(ref AttrSet);
        c.Value(ref AttrClear);
        c.Value(ref RecursiveSet);
        c.Value(ref RecursiveClear);
        c.Value(ref Propagation);
        c.CStrs(ref Options, Limits.MountOptions, Limits.MountOption);
    }
}

/// <summary>Makes a directory and its missing parents; an existing directory is left as it is.</summary>
public struct CreateDirectory : IMessage
{
    public Text Path;
    public uint Mode;
    public uint Uid;
    public uint Gid;

    public void Fields(ref Codec c)
    {
        c.Begin(4);
        c.CStr(ref Path, Limits.Path);
        c.Value(ref Mode);
        c.Value(ref Uid);
        c.Value(ref Gid);
    }
}

/// <summary>
/// mknodat, then mode and owner by descriptor. An existing node of the same type and number is kept; anything else in
/// its place is an error. <see cref="Slot"/> plus one names a source to bind instead, for user namespaces; 0 for mknod.
/// </summary>
public struct CreateDevice : IMessage
{
    public Text Path;

    /// <summary>S_IFCHR, S_IFBLK or S_IFIFO with the permission bits.</summary>
    public uint Mode;
    public uint Major;
    public uint Minor;
    public uint Uid;
    public uint Gid;
    public uint BindSlotPlusOne;

    public void Fields(ref Codec c)
    {
        c.Begin(7);
        c.CStr(ref Path, Limits.Path);
        c.Value(ref Mode);
        c.Value(ref Major);
        c.Value(ref Minor);
        c.Value(ref Uid);
        c.Value(ref Gid);
        c.Value(ref BindSlotPlusOne);
    }
}

/// <summary>symlinkat. An existing link with the same target is kept; <see cref="Replace"/> removes another link or an empty file first.</summary>
public struct CreateSymlink : IMessage
{
    public Text Target;
    public Text Path;
    public bool Replace;

    public void Fields(ref Codec c)
    {
        c.Begin(3);
        c.CStr(ref Target, Limits.Path);
        c.CStr(ref Path, Limits.Path);
        c.Value(ref Replace);
    }
}

/// <summary>
/// A pty from the devpts mounted with <see cref="MountFlags.Devpts"/>, or from the host's where none was: ptmx by
/// descriptor, TIOCGPTPEER, never a path of the container (CVE-2025-52565). The peer becomes the payload's stdio and is
/// bound on /dev/console; the master side goes to the supervisor.
/// </summary>
public struct CreateConsole : IMessage
{
    public uint Rows;
    public uint Columns;

    public void Fields(ref Codec c)
    {
        c.Begin(2);
        c.Value(ref Rows);
        c.Value(ref Columns);
    }
}

/// <summary>
/// Covers a path: a directory with an empty read-only tmpfs, anything else with the host's /dev/null, opened before the
/// root changed and checked to be 1:3 (CVE-2025-31133). A path that does not exist is fine. Also the request for
/// <c>ReadonlyPath</c>: a recursive read-only bind of the path on itself, and for <c>Unmount</c>.
/// </summary>
public struct PathRequest : IMessage
{
    public Text Path;

    public void Fields(ref Codec c)
    {
        c.Begin(1);
        c.CStr(ref Path, Limits.Path);
    }
}

/// <summary>
/// Writes a sysctl through a procfs of our own. <see cref="Key"/> with slashes (<c>net/ipv4/ip_forward</c>); the stage
/// refuses keys of namespaces that are the host's.
/// </summary>
public struct SetSysctl : IMessage
{
    public Text Key;
    public Text Value;

    public void Fields(ref Codec c)
    {
        c.Begin(2);
        c.CStr(ref Key, Limits.Path);
        c.CStr(ref Value, Limits.KernelValue);
    }
}

/// <summary>SetHostname and SetDomainname; refused when the uts namespace is the host's.</summary>
public struct SetName : IMessage
{
    public Text Name;

    public void Fields(ref Codec c)
    {
        c.Begin(1);
        c.CStr(ref Name, Limits.HostName);
    }
}

/// <summary>pivot_root into the root mount, detaches the old root; then the root mount's own propagation and read-only.</summary>
public struct EnterRoot : IMessage
{
    /// <summary>MS_* of the root mount (linux.rootfsPropagation), 0 for what it has.</summary>
    public ulong Propagation;
    public bool Readonly;

    public void Fields(ref Codec c)
    {
        c.Begin(2);
        c.Value(ref Propagation);
        c.Value(ref Readonly);
    }
}
