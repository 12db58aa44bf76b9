using Engine.Shared.Protocol;
using Engine.Shared.Wire;
using Engine.Starter.Server;

namespace Engine.Starter.Supervisor.Cgroups;

/// <summary>From a mountpoint and a path to a directory descriptor, one component at a time, making what is missing.</summary>
internal static unsafe class CgroupWalk
{
    // Another supervisor may remove a common parent between our mkdir of it and in it.
    private const int Attempts = 16;

    private const uint DirectoryMode = 0x1ed;

    /// <summary>
    /// The directory (O_RDONLY, close-on-exec), the caller's to close; negative: see <see cref="Failure"/>.
    /// <paramref name="own"/>: the last component was made here, or by an earlier call for the same path.
    /// </summary>
    public static int Open(ref OpenCgroup request, out bool own)
    {
        own = false;
        int mount = OpenMount(ref request);
        if (mount < 0)
            return -1;

        int result = -1;
        for (int attempt = 0; attempt < Attempts; attempt++)
        {
            result = Walk(mount, ref request, out own);
            if ((result != -ENOENT && result != -ENODEV) || ((CgroupFlags)request.Flags & CgroupFlags.Create) == 0)
                break;
        }

        return result;
    }

    private static int OpenMount(ref OpenCgroup request)
    {
        if (request.Mountpoint.IsEmpty || request.Mountpoint.At[0] != '/')
        {
            Failure.Refuse("OpenCgroup"u8, request.Mountpoint, "the mountpoint is not absolute"u8);
            return -1;
        }

        int fd = Sys.openat(AT_FDCWD, request.Mountpoint.At, O_PATH | O_DIRECTORY | O_CLOEXEC, 0);
        if (fd < 0)
        {
            Failure.Call("openat"u8, request.Mountpoint, fd);
            return fd;
        }

        CgroupFlags flags = (CgroupFlags)request.Flags;
        long wanted = (flags & CgroupFlags.Unified) != 0 ? CGROUP2_SUPER_MAGIC :
            (flags & CgroupFlags.Resctrl) != 0 ? RDTGROUP_SUPER_MAGIC : CGROUP_SUPER_MAGIC;
        statfs system = default;
        if (Sys.fstatfs(fd, &system) >= 0 && system.f_type == wanted)
            return CgroupMade.AddMount(fd);

        Sys.close(fd);
        Failure.Refuse("OpenCgroup"u8, request.Mountpoint, "not a mount of the kind that the request says"u8);
        return -1;
    }

    // The mount stays open (CgroupMade owns it); every other descriptor of the walk but the last is closed.
    private static int Walk(int mountIndex, ref OpenCgroup request, out bool own)
    {
        own = false;
        byte* name = stackalloc byte[Limits.Leaf + 1];
        Text path = request.Path;
        int mount = CgroupMade.MountAt(mountIndex);
        int directory = mount;
        int at = 0;
        while (at < path.Length)
        {
            if (path.At[at] == '/')
            {
                at++;
                continue;
            }

            int end = at;
            while (end < path.Length && path.At[end] != '/')
                end++;
            Text component = new Text(path.At + at, end - at);
            at = end;
            if (!Copy(component, name))
            {
                Failure.Refuse("OpenCgroup"u8, path, "a component is too long, or it is . or .."u8);
                directory = Replace(mount, directory, -1);
                return -1;
            }

            bool last = IsLast(path, end);
            int next = Enter(directory, name, ref request, last, out bool made);
            bool attach = last && ((CgroupFlags)request.Flags & CgroupFlags.Attach) != 0;
            made |= attach && ((CgroupFlags)request.Flags & CgroupFlags.Given) != 0;
            if (made && next >= 0 && ((CgroupFlags)request.Flags & CgroupFlags.Keep) == 0 && !CgroupMade.Record(mountIndex, new Text(path.At, end), attach))
                next = -ENOSPC;
            directory = Replace(mount, directory, next);
            if (directory < 0)
            {
                Failure.Call("OpenCgroup"u8, path, directory);
                return directory;
            }

            own = last && CgroupMade.IsOwn(mountIndex, new Text(path.At, end));
        }

        // A descriptor for readdir, clone3 and bpf: one that was opened with O_PATH is none of these.
        int opened = ControlFile.Open(directory, CString.Of("."u8), O_RDONLY | O_DIRECTORY);
        Replace(mount, directory, opened);
        if (opened < 0)
            Failure.Call("openat2"u8, path, opened);
        return opened;
    }

    private static bool IsLast(Text path, int at)
    {
        while (at < path.Length && path.At[at] == '/')
            at++;
        return at == path.Length;
    }

    private static int Replace(int mount, int old, int next)
    {
        if (old != mount && old >= 0)
            Sys.close(old);
        return next;
    }

    private static int Enter(int directory, byte* name, ref OpenCgroup request, bool last, out bool made)
    {
        made = false;
        CgroupFlags flags = (CgroupFlags)request.Flags;
        int next = ControlFile.Open(directory, name, O_PATH | O_DIRECTORY);
        if ((flags & CgroupFlags.Create) == 0)
            return next;

        if (next == -ENOENT)
        {
            uint mask = Sys.umask(0);
            int result = Sys.mkdirat(directory, name, DirectoryMode);
            Sys.umask(mask);
            if (result < 0 && result != -EEXIST)
                return result;
            made = result >= 0;
            next = ControlFile.Open(directory, name, O_PATH | O_DIRECTORY);
            // What cannot be entered is not recorded, and would outlive the container; one that others are in stays by itself.
            if (made && next < 0)
                Sys.unlinkat(directory, name, AT_REMOVEDIR);
        }

        // A v1 parent also when it was there: another supervisor may have made it just now, and a cpuset takes nothing before it is filled.
        bool unified = (flags & CgroupFlags.Unified) != 0;
        if (next >= 0 && (flags & CgroupFlags.Resctrl) == 0 && (made || !(last || unified)))
            CgroupInherit.Fill(directory, next, unified, last);
        return next;
    }

    private static bool Copy(Text component, byte* to)
    {
        if (!Stages.LaunchRecord.IsLeaf(component))
            return false;
        for (int i = 0; i < component.Length; i++)
            to[i] = component.At[i];
        to[component.Length] = 0;
        return true;
    }
}
