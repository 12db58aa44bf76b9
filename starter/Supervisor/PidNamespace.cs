using Engine.Starter.Server;

namespace Engine.Starter.Supervisor;

/// <summary>The processes of a pid namespace, found by looking at all: the way when there is no cgroup to ask.</summary>
internal static unsafe class PidNamespace
{
    private const int ListBytes = 4096;

    /// <summary>True when the process is in another pid namespace than the supervisor.</summary>
    public static bool IsOwn(int pid)
    {
        ulong ours = Id(Sys.getpid()), its = Id(pid);
        return its != 0 && ours != 0 && its != ours;
    }

    /// <summary>
    /// Signals every process of <paramref name="pid"/>'s namespace, if that is its own. False, with a failure, otherwise.
    /// Processes in namespaces below it are not found; they end with it.
    /// </summary>
    public static bool Signal(int pid, int signal)
    {
        ulong wanted = Id(pid);
        if (!IsOwn(pid))
            return Failure.Call("kill"u8, ESRCH);

        int list = Sys.openat(AT_FDCWD, CString.Of("/proc"u8), O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
        if (list < 0)
            return Failure.Call("openat"u8, "/proc"u8, list);

        byte* buffer = stackalloc byte[ListBytes];
        long length;
        while ((length = Sys.getdents64(list, buffer, ListBytes)) > 0)
        {
            for (long at = 0; at < length;)
            {
                linux_dirent64* entry = (linux_dirent64*)(buffer + at);
                at += entry->d_reclen;
                if (Number.TryParse(CString.Span(entry->d_name), out int other) && Id(other) == wanted)
                    SignalOne(other, wanted, signal);
            }
        }

        Sys.close(list);
        return true;
    }

    // Looked at again with the pidfd in hand: until then the number could have become somebody else's.
    private static void SignalOne(int pid, ulong wanted, int signal)
    {
        int pidfd = Sys.pidfd_open(pid, 0);
        if (pidfd < 0)
            return;
        if (Id(pid) == wanted)
            Sys.pidfd_send_signal(pidfd, signal, null, 0);
        Sys.close(pidfd);
    }

    // The namespace's inode number; 0 when the process is gone.
    private static ulong Id(int pid)
    {
        byte* buffer = stackalloc byte[64];
        TextBuilder path = new TextBuilder(buffer, 64);
        path.Append("/proc/"u8);
        path.AppendDecimal(pid);
        path.Append("/ns/pid"u8);
        stat info = default;
        return Sys.newfstatat(AT_FDCWD, path.Text, &info, 0) < 0 ? 0 : info.st_ino;
    }
}
