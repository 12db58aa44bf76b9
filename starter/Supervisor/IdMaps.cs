using Engine.Shared.Protocol;
using Engine.Shared.Wire;
using Engine.Starter.Server;

namespace Engine.Starter.Supervisor;

/// <summary>uid_map and gid_map of a new user namespace, written from outside; user namespaces that only carry such maps.</summary>
internal static unsafe class IdMaps
{
    // The kernel takes a map in one write of less than a page.
    private const int MapBytes = 4096;

    /// <summary>Writes the maps of <paramref name="pid"/>, a child that waits for us.</summary>
    public static bool Write(int pid, ref Spawn request)
    {
        // Before gid_map: afterwards the kernel takes it from nobody.
        if (((SpawnFlags)request.Flags & SpawnFlags.DenySetgroups) != 0 && !ProcFile.Write(pid, "setgroups"u8, "deny"u8))
            return false;
        return Both(pid, ref request.UidMap, ref request.GidMap);
    }

    /// <summary>
    /// Maps the ids of a detached mount, and with <see cref="SourceFlags.RecursiveIdMap"/> of those below it (mount_setattr(2),
    /// MOUNT_ATTR_IDMAP).
    /// </summary>
    public static bool Apply(int mount, ref CloneSource request)
    {
        int user = request.UidMap.Count == 0 && request.GidMap.Count == 0 ? NamespaceOf(Facts.Pid) : Make(ref request);
        if (user < 0)
            return false;
        mount_attr attributes = default;
        attributes.attr_set = MOUNT_ATTR_IDMAP;
        attributes.userns_fd = (ulong)user;
        bool recursive = (request.Flags & (uint)SourceFlags.RecursiveIdMap) != 0;
        int result = Sys.mount_setattr(mount, CString.Empty, (uint)(recursive ? AT_EMPTY_PATH | AT_RECURSIVE : AT_EMPTY_PATH), &attributes);
        Sys.close(user);
        if (result >= 0)
            return true;
        Failure.Call("mount_setattr(MOUNT_ATTR_IDMAP)"u8, request.Path, result);
        return result == -EINVAL && Failure.Explain("the filesystem, or one below it, cannot map ids"u8);
    }

    // A user namespace lives as long as a process in it, or a descriptor of it: the process is only needed until that is open.
    private static int Make(ref CloneSource request)
    {
        int parent = Sys.getpid();
        int pidfd = -1;
        clone_args arguments = default;
        arguments.flags = CLONE_NEWUSER | CLONE_PIDFD;
        arguments.exit_signal = SIGCHLD;
        arguments.pidfd = (ulong)&pidfd;
        int pid = Sys.clone3(&arguments);
        if (pid == 0)
        {
            Sys.prctl(PR_SET_PDEATHSIG, SIGKILL);
            while (Sys.getppid() == parent)
                Sys.poll(null, 0, -1);
            Sys.exit_group(0);
        }

        if (pid < 0)
        {
            Failure.Call("clone3(CLONE_NEWUSER)"u8, request.Path, pid);
            return -1;
        }

        int user = Both(pid, ref request.UidMap, ref request.GidMap) ? NamespaceOf(pid) : -1;
        Sys.pidfd_send_signal(pidfd, SIGKILL, null, 0);
        siginfo_t info = default;
        Sys.waitid(P_PIDFD, pidfd, &info, WEXITED, null);
        Sys.close(pidfd);
        return user;
    }

    private static int NamespaceOf(int pid)
    {
        int user = ProcFile.Open(pid, "ns/user"u8, O_RDONLY);
        if (user < 0)
            Failure.Call("openat"u8, "/proc/PID/ns/user"u8, user);
        return user;
    }

    private static bool Both(int pid, ref Words uidMap, ref Words gidMap) =>
        One(pid, "gid_map"u8, ref gidMap) && One(pid, "uid_map"u8, ref uidMap);

    private static bool One(int pid, ReadOnlySpan<byte> name, ref Words map)
    {
        if (map.Count == 0 || map.Count % 3 != 0)
            return Failure.Refuse("id map"u8, "an id map is empty or not made of triples"u8);

        byte* buffer = stackalloc byte[MapBytes];
        TextBuilder text = new TextBuilder(buffer, MapBytes);
        for (int i = 0; i < map.Count; i++)
        {
            text.AppendDecimal(map[i]);
            text.Append(i % 3 == 2 ? (byte)'\n' : (byte)' ');
        }

        if (text.Overflowed)
            return Failure.Refuse("id map"u8, "an id map is longer than a page; use fewer ranges"u8);
        return ProcFile.Write(pid, name, text.Span);
    }
}
