using Engine.Shared.Policy;
using Engine.Shared.Protocol;
using Engine.Shared.Wire;
using Engine.Starter.Container;

namespace Engine.Starter.Policy;

/// <summary>What the container stage mounts, makes and changes for an ordinary user, decided before any system call of the request. Elsewhere: yes.</summary>
internal static unsafe class MountRules
{
    // All of these take something away, or say when access times are written.
    private const ulong Settable = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC | MOUNT_ATTR__ATIME |
        MOUNT_ATTR_NODIRATIME | MOUNT_ATTR_NOSYMFOLLOW;

    private const ulong Clearable = MOUNT_ATTR__ATIME | MOUNT_ATTR_NODIRATIME;

    private static ulong s_mounts;

    public static bool Permit(ref AttachRoot request)
    {
        if (!Rules.Apply)
            return true;
        ulong kind = request.HostPropagation & ~(ulong)MS_REC;
        if (kind != MS_SLAVE && kind != MS_PRIVATE)
            return Rules.Deny(PolicyRule.MountShared);
        return request.PlaceSlotPlusOne == 0 || Rules.Deny(PolicyRule.SourcePath);
    }

    public static bool Permit(ref EnterRoot request) => !Rules.Apply || Propagation(request.Propagation, default);

    public static bool Permit(ref MountBind request) =>
        !Rules.Apply || (Another(request.Destination) && Attributes(request.AttrSet | request.RecursiveSet, request.AttrClear | request.RecursiveClear, request.Destination) &&
            Propagation(request.Propagation, request.Destination));

    public static bool Permit(ref ChangeMount request)
    {
        if (!Rules.Apply)
            return true;
        if (request.Options.Count != 0)
            return Rules.Deny(PolicyRule.MountReconfigure, request.Destination);
        return Attributes(request.AttrSet | request.RecursiveSet, request.AttrClear | request.RecursiveClear, request.Destination) &&
            Propagation(request.Propagation, request.Destination);
    }

    /// <summary>Forces the flags of every mount into the request when it is allowed.</summary>
    public static bool Permit(ref MountFilesystem request)
    {
        if (!Rules.Apply)
            return true;
        request.AttrSet |= MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV;
        return Another(request.Destination) && Attributes(request.AttrSet, 0, request.Destination) && Propagation(request.Propagation, request.Destination) &&
            FilesystemRules.Permit(ref request);
    }

    public static bool Permit(ref CreateDevice request)
    {
        if (!Rules.Apply)
            return true;
        return request.BindSlotPlusOne != 0 ? Another(request.Path) : Rules.Deny(PolicyRule.DeviceNode, request.Path);
    }

    // Every request that leaves a mount behind counts; what the kernel counts is everything a clone brings along (fs.mount-max).
    private static bool Another(Text destination) => ++s_mounts <= Site.Config.MaxMounts || Rules.Deny(PolicyRule.MountCount, destination);

    private static bool Attributes(ulong set, ulong clear, Text destination)
    {
        if ((set & ~Settable) != 0)
            return Rules.Deny(PolicyRule.MountFlags, destination);
        return (clear & ~Clearable) == 0 || Rules.Deny(PolicyRule.MountClear, destination);
    }

    private static bool Propagation(ulong propagation, Text destination) =>
        (propagation & MS_SHARED) == 0 || Rules.Deny(PolicyRule.MountShared, destination);
}
