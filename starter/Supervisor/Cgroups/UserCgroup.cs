using Engine.Shared.Policy;
using Engine.Starter.Policy;
using Engine.Starter.Server;

namespace Engine.Starter.Supervisor.Cgroups;

/// <summary>
/// The cgroups of an ordinary user: <c>/engine/user-UID</c> in every hierarchy below /sys/fs/cgroup, made by us where engine.conf wants that,
/// limited as it says, and handed to the user as the kernel's documentation describes delegation (cgroup-v2.rst, Delegation; the limits of the
/// directory itself stay root's). Everything below is done with his rights. It stays: other containers of his may be in it.
/// </summary>
internal static unsafe class UserCgroup
{
    private const int Most = Engine.Shared.Protocol.Limits.CgroupSlots;
    private const int NameBytes = 32;
    private const int ValueBytes = 256;
    private const uint DirectoryMode = 0x1ed;

    private struct Store
    {
        public fixed int Directories[Most];
    }

    private static Store s_store;
    private static int s_count;
    private static bool s_makes;

    private static ReadOnlySpan<byte> Hierarchies => "/sys/fs/cgroup"u8;

    /// <summary>Makes them all, for a new container. A hierarchy that does not take one is left out; the container then has none there.</summary>
    public static bool Make() => Each(true);

    /// <summary>Opens those that are there, for a process that joins.</summary>
    public static bool Find() => Each(false);

    private static bool Each(bool make)
    {
        s_makes = make;
        if (!Rules.Apply || !Site.Config.Cgroups)
            return true;
        Caller.FilesAsRoot();
        int top = TrustedPath.Open(Hierarchies, O_RDONLY | O_DIRECTORY);
        bool done = top >= 0 && MakeIn(top);
        if (top >= 0)
            Sys.close(top);
        Caller.EndFilesAsRoot();
        return done;
    }

    /// <summary>Whether a cgroup directory is the caller's part of a hierarchy, or below it.</summary>
    public static bool Holds(int directory)
    {
        for (int i = 0; i < s_count; i++)
        {
            if (Ancestry.Contains(s_store.Directories[i], directory))
                return true;
        }

        return false;
    }

    // Either cgroup2 itself, or a directory with a mount for each hierarchy.
    private static bool MakeIn(int top)
    {
        statfs system;
        int result = Sys.fstatfs(top, &system);
        if (result < 0)
            return Failure.Call("fstatfs"u8, Hierarchies, result);
        if (system.f_type == CGROUP2_SUPER_MAGIC)
            return One(top, true);

        CgroupEntries entries = new CgroupEntries(top);
        while (entries.Next(out byte* name))
        {
            // Links lead to hierarchies that are there under their own name.
            int mount = Sys.openat2(top, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0, RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS);
            if (mount < 0)
                continue;
            bool known = Sys.fstatfs(mount, &system) >= 0 && (system.f_type == CGROUP_SUPER_MAGIC || system.f_type == CGROUP2_SUPER_MAGIC);
            bool done = !known || !IsMountRoot(mount) || One(mount, system.f_type == CGROUP2_SUPER_MAGIC);
            Sys.close(mount);
            if (!done)
                return false;
        }

        return true;
    }

    private static bool IsMountRoot(int fd)
    {
        statx status;
        return Sys.statx(fd, CString.Empty, AT_EMPTY_PATH, STATX_MNT_ID, &status) >= 0 && (status.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0;
    }

    private static bool One(int hierarchy, bool unified)
    {
        byte* buffer = stackalloc byte[NameBytes];
        TextBuilder name = new TextBuilder(buffer, NameBytes);
        name.Append("user-"u8);
        name.AppendDecimal(Caller.Uid);
        int common = Child(hierarchy, CString.Of("engine"u8), unified);
        int own = common < 0 ? common : Child(common, name.Text, unified);
        if (common >= 0)
            Sys.close(common);
        if (own == -EROFS || own == -EACCES || own == -EPERM || (!s_makes && own == -ENOENT))
            return true;
        if (own < 0)
            return Failure.Call(s_makes ? "mkdirat"u8 : "openat2"u8, "/sys/fs/cgroup/.../engine/user-UID"u8, own);
        if (s_count == Most || (s_makes && (!Limit(own) || !HandOver(own, unified))))
        {
            Sys.close(own);
            return false;
        }

        s_store.Directories[s_count++] = own;
        return true;
    }

    // Opens it; to be made, with what a child needs to be usable: controllers (v2), processors and memory (v1 cpuset).
    private static int Child(int parent, byte* name, bool unified)
    {
        if (!s_makes)
            return ControlFile.Open(parent, name, O_RDONLY | O_DIRECTORY);
        if (unified)
            EnableControllers(parent);
        int result = Sys.mkdirat(parent, name, DirectoryMode);
        if (result < 0 && result != -EEXIST)
            return result;
        int child = ControlFile.Open(parent, name, O_RDONLY | O_DIRECTORY);
        // Exactly that mode, whatever the umask: the user has to get through.
        if (child >= 0 && result >= 0)
            Sys.fchmod(child, DirectoryMode);
        if (child >= 0 && !unified)
            CgroupInherit.Fill(parent, child, unified, false);
        return child;
    }

    // One by one: a controller that cannot be enabled here (processes in the parent, realtime tasks) must not keep the others away.
    private static void EnableControllers(int parent)
    {
        byte* list = stackalloc byte[ValueBytes];
        long length = ControlFile.Read(parent, "cgroup.controllers"u8, list, ValueBytes);
        int start = 0;
        byte* buffer = stackalloc byte[NameBytes];
        for (int i = 0; i <= length; i++)
        {
            if (i < length && list[i] != ' ' && list[i] != '\n')
                continue;
            TextBuilder word = new TextBuilder(buffer, NameBytes);
            word.Append((byte)'+');
            word.Append(new ReadOnlySpan<byte>(list + start, i - start));
            if (i > start && !word.Overflowed)
                ControlFile.Write(parent, "cgroup.subtree_control"u8, word.Span);
            start = i + 1;
        }
    }

    // A limit that the site wants and the kernel has no file for is in another hierarchy.
    private static bool Limit(int own) =>
        Set(own, "memory.max"u8, Site.Config.CgroupMemoryMax) && Set(own, "memory.limit_in_bytes"u8, Site.Config.CgroupMemoryMax) &&
        Set(own, "pids.max"u8, Site.Config.CgroupPidsMax);

    private static bool Set(int own, ReadOnlySpan<byte> file, ulong limit)
    {
        if (limit == 0)
            return true;
        byte* buffer = stackalloc byte[24];
        TextBuilder text = new TextBuilder(buffer, 24);
        text.AppendDecimal(limit);
        long result = ControlFile.Write(own, file, text.Span);
        return result == 0 || result == -ENOENT || Failure.Call("write"u8, file, result);
    }

    // The directory for children, and on v2 the three files that delegation is made of. What limits the directory itself stays root's.
    private static bool HandOver(int own, bool unified)
    {
        int result = Sys.fchown(own, Caller.Uid, Caller.Gid);
        if (result < 0)
            return Failure.Call("fchown"u8, "engine/user-UID"u8, result);
        return !unified || (Give(own, "cgroup.procs"u8) && Give(own, "cgroup.threads"u8) && Give(own, "cgroup.subtree_control"u8));
    }

    private static bool Give(int own, ReadOnlySpan<byte> file)
    {
        int fd = ControlFile.Open(own, CString.Of(file), O_RDONLY);
        int result = fd < 0 ? fd : Sys.fchown(fd, Caller.Uid, Caller.Gid);
        if (fd >= 0)
            Sys.close(fd);
        return result >= 0 || result == -ENOENT || Failure.Call("fchown"u8, file, result);
    }
}
