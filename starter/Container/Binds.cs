using Engine.Shared.Protocol;
using Engine.Shared.Wire;
using Engine.Starter.Policy;
using Engine.Starter.Server;

namespace Engine.Starter.Container;

/// <summary>MountBind and ChangeMount.</summary>
internal static unsafe class Binds
{
    public static bool Mount(ref MountBind request)
    {
        if (!MountRules.Permit(ref request))
            return false;
        if (!SourceTable.Take(request.Slot, (request.Flags & (uint)MountFlags.Optional) != 0, out int mount))
            return Failure.SetPath(request.Destination);
        if (mount < 0)
            return true;
        bool done = Prepare(mount, ref request) && Place(mount, ref request);
        Sys.close(mount);
        return done;
    }

    public static bool Change(ref ChangeMount request)
    {
        if (!MountRules.Permit(ref request))
            return false;
        int target = RootPath.Find(request.Destination);
        if (target < 0)
            return false;
        bool done = Filesystems.Reconfigure(target, ref request) &&
            MountAttributes.Set(target, request.RecursiveSet, request.RecursiveClear, true, request.Destination) &&
            MountAttributes.Set(target, request.AttrSet, request.AttrClear, false, request.Destination) &&
            MountAttributes.Propagate(target, request.Propagation, request.Destination);
        Sys.close(target);
        return done;
    }

    // The clone belongs to the host's peer group until it is taken out of it: then it does what the container's other mounts do, unless the
    // request says something else.
    private static bool Prepare(int mount, ref MountBind request)
    {
        ulong inherited = (RootMount.HostPropagation & MS_SHARED) != 0 ? 0 : RootMount.HostPropagation;
        return MountAttributes.Set(mount, request.RecursiveSet, request.RecursiveClear, true, request.Destination) &&
            MountAttributes.Set(mount, request.AttrSet, request.AttrClear, false, request.Destination) &&
            MountAttributes.Propagate(mount, inherited, request.Destination) &&
            MountAttributes.Propagate(mount, request.Propagation, request.Destination);
    }

    private static bool Place(int mount, ref MountBind request)
    {
        int target = RootPath.TypeOf(mount) == S_IFDIR ? DirectoryFor(mount, request.Destination) : RootPath.File(request.Destination);
        if (target < 0)
            return false;
        bool done = MountAttributes.Attach(mount, target, request.Destination) && RootMount.Covered(mount, request.Destination);
        Sys.close(target);
        return done;
    }

    // The host's procfs or sysfs in the place of a new one: as that one, it is to be where its masks will be.
    private static int DirectoryFor(int mount, Text destination)
    {
        statfs system;
        bool kernels = Sys.fstatfs(mount, &system) >= 0 && (system.f_type == PROC_SUPER_MAGIC || system.f_type == SYSFS_MAGIC);
        int target = RootPath.Directory(destination, RootPath.DirectoryMode, kernels ? (ulong)RESOLVE_NO_SYMLINKS : 0);
        if (target < 0 && kernels)
            Failure.Explain(Filesystems.RealDirectory);
        return target;
    }
}
