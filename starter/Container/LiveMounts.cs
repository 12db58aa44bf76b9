using Engine.Shared.Protocol;
using Engine.Shared.Wire;
using Engine.Starter.Server;

namespace Engine.Starter.Container;

/// <summary>
/// The mounts of a container that runs: what is added is taken back unless all of it was, what is to go goes when all of it was found.
/// Both go by the descriptor of the mount, never by a path that the container may have changed meanwhile.
/// </summary>
internal static unsafe class LiveMounts
{
    private struct Store
    {
        // Descriptors of mounts: as they are for one that was attached, their complement for one that is to go.
        public fixed int Mounts[Limits.Sources];
    }

    private static Store s_store;
    private static int s_count;

    // /proc/self/fd of the host's procfs, counted from one: zero while a container is being made, which nobody can take apart.
    private static int s_descriptorsPlusOne;

    /// <summary>
    /// Before this process joins the container: umount2(2) takes a path, and the container's procfs is the container's. The directory stays
    /// this process's own in any namespace.
    /// </summary>
    public static bool Begin()
    {
        Text path = new Text(CString.Of("/proc/self/fd"u8), 13);
        int directory = Sys.openat(AT_FDCWD, path.At, O_PATH | O_DIRECTORY | O_CLOEXEC, 0);
        s_descriptorsPlusOne = directory + 1;
        return directory >= 0 || Failure.Call("openat"u8, path, directory);
    }

    /// <summary>Remembers a mount that is about to be attached; it stays the caller's.</summary>
    public static bool Note(int mount)
    {
        if (s_descriptorsPlusOne <= 0)
            return true;
        int kept = Sys.fcntl(mount, F_DUPFD_CLOEXEC, 0);
        return kept < 0 ? Failure.Call("fcntl"u8, kept) : Keep(kept, kept);
    }

    /// <summary>Unmount: finds the mount and asks whether it could go; it goes with <see cref="Commit"/>.</summary>
    public static bool Remove(ref PathRequest request)
    {
        int mount = RootPath.Find(request.Path);
        if (mount < 0)
            return false;
        // Changes nothing: the kernel says EBUSY because of our own descriptor, after it has checked everything else.
        int result = Unmount(mount, MNT_EXPIRE);
        if (result == -EBUSY)
            return Keep(~mount, mount);
        Sys.close(mount);
        Failure.Call("umount2"u8, request.Path, result);
        return result == -EINVAL && Failure.Explain("nothing is mounted there, or it belongs to the mount above it and goes only with that"u8);
    }

    /// <summary>Everything was done or found: what is to go goes, with what is mounted below it.</summary>
    public static bool Commit()
    {
        for (int i = 0; i < s_count; i++)
        {
            int mount = ~s_store.Mounts[i];
            int result = mount < 0 ? 0 : Unmount(mount, MNT_DETACH);
            // EINVAL: gone meanwhile, with another of the list or by the container's own hand.
            if (result < 0 && result != -EINVAL)
                return Failure.Call("umount2"u8, result);
        }

        return true;
    }

    /// <summary>Not everything could be done: what was attached goes again, the last first. Leaves the failure as it is.</summary>
    public static void TakeBack()
    {
        while (s_count > 0)
        {
            int mount = s_store.Mounts[--s_count];
            if (mount >= 0)
                Unmount(mount, MNT_DETACH);
        }
    }

    private static bool Keep(int entry, int descriptor)
    {
        if (s_count < Limits.Sources)
        {
            s_store.Mounts[s_count++] = entry;
            return true;
        }

        Sys.close(descriptor);
        return Failure.Refuse("mounts"u8, "too many at once"u8);
    }

    private static int Unmount(int mount, int flags)
    {
        byte* digits = stackalloc byte[16];
        TextBuilder name = new TextBuilder(digits, 16);
        name.AppendDecimal(mount);
        int result = Sys.fchdir(s_descriptorsPlusOne - 1);
        return result < 0 ? result : Sys.umount2(name.Text, flags);
    }
}
