using Engine.Shared.Protocol;
using Engine.Shared.Wire;
using Engine.Starter.Policy;
using Engine.Starter.Server;

namespace Engine.Starter.Supervisor.Cgroups;

/// <summary>The processes in the container's cgroups.</summary>
internal static unsafe class CgroupProcesses
{
    private const int ListBytes = 4096;
    private const int MostLevels = 32;

    /// <summary>
    /// Puts a process into every slot marked Attach, but for the one it was cloned into
    /// (<paramref name="except"/>: a directory descriptor, or 0).
    /// </summary>
    public static bool Attach(int pid, int except)
    {
        byte* buffer = stackalloc byte[32];
        TextBuilder text = new TextBuilder(buffer, 32);
        text.AppendDecimal(pid);
        for (int i = 0; i < CgroupSlots.Count; i++)
        {
            CgroupSlot slot = CgroupSlots.At(i);
            if (slot.Directory <= 0 || slot.Directory == except || (slot.Flags & CgroupFlags.Attach) == 0)
                continue;
            ReadOnlySpan<byte> file = (slot.Flags & CgroupFlags.Resctrl) != 0 ? "tasks"u8 : "cgroup.procs"u8;
            long result = Put(slot.Directory, file, new Text(text.Text, text.Length));
            if (result < 0)
            {
                Failure.Call("write"u8, file, result);
                return Failure.Explain("the process cannot be put into the cgroup"u8);
            }
        }

        return true;
    }

    /// <summary>
    /// Writes a process's number to <paramref name="file"/> (cgroup.procs, or tasks of resctrl) of a cgroup. 0 or -errno; no
    /// <see cref="Failure"/> is left.
    /// </summary>
    public static long Put(int directory, ReadOnlySpan<byte> file, Text pid)
    {
        // Out of the cgroup that the caller is in: with his rights alone the kernel would refuse it (cgroup-v2.rst, Delegation Containment).
        bool users = Rules.Apply && UserCgroup.Holds(directory);
        if (users)
            Caller.FilesAsRoot();
        long result = ControlFile.Write(directory, CString.Of(file), pid);
        if (users)
            Caller.EndFilesAsRoot();
        return result;
    }

    /// <summary>
    /// Sends a signal to every process of the container's own cgroup. False, without a failure: there is no such cgroup.
    /// The caller freezes the container first where it matters that none escapes by forking.
    /// </summary>
    public static bool Signal(int signal)
    {
        if (!FindOwn(out CgroupSlot slot))
            return false;
        if (signal == SIGKILL && (slot.Flags & CgroupFlags.Unified) != 0 && ControlFile.Write(slot.Directory, "cgroup.kill"u8, "1"u8) == 0)
            return true;
        SignalBelow(slot.Directory, signal, 0);
        return true;
    }

    /// <summary>Kills whatever is left in the cgroups that are the container's own. True when nothing was.</summary>
    public static bool KillLeftovers()
    {
        bool empty = true;
        for (int i = 0; i < CgroupSlots.Count; i++)
        {
            CgroupSlot slot = CgroupSlots.At(i);
            if (slot.Directory <= 0 || !slot.Own)
                continue;
            if ((slot.Flags & CgroupFlags.Unified) != 0)
                ControlFile.Write(slot.Directory, "cgroup.kill"u8, "1"u8);
            else
                empty &= SignalBelow(slot.Directory, SIGKILL, 0) == 0;
        }

        return empty;
    }

    // A hierarchy with a controller is better than systemd's or an empty cgroup2, which somebody else may sort processes into.
    private static bool FindOwn(out CgroupSlot slot)
    {
        for (int i = 0; i < CgroupSlots.Count; i++)
        {
            slot = CgroupSlots.At(i);
            if (slot.Directory > 0 && slot.Own && (slot.Flags & CgroupFlags.Freezer) != 0)
                return true;
        }

        for (int i = 0; i < CgroupSlots.Count; i++)
        {
            slot = CgroupSlots.At(i);
            if (slot.Directory > 0 && slot.Own)
                return true;
        }

        slot = default;
        return false;
    }

    // How many processes were found.
    private static int SignalBelow(int directory, int signal, int level)
    {
        int found = SignalHere(directory, signal);
        if (level == MostLevels)
            return found;
        CgroupEntries entries = new CgroupEntries(directory);
        while (entries.Next(out byte* name))
        {
            int below = ControlFile.Open(directory, name, O_RDONLY | O_DIRECTORY);
            if (below < 0)
                continue;
            found += SignalBelow(below, signal, level + 1);
            Sys.close(below);
        }

        return found;
    }

    private static int SignalHere(int directory, int signal)
    {
        int file = ControlFile.Open(directory, CString.Of("cgroup.procs"u8), O_RDONLY);
        if (file < 0)
            return 0;

        byte* buffer = stackalloc byte[ListBytes];
        ulong number = 0;
        bool digits = false;
        int found = 0;
        long length;
        while ((length = Sys.read(file, buffer, ListBytes)) > 0)
        {
            for (long i = 0; i < length; i++)
            {
                if (buffer[i] != '\n')
                {
                    number = number * 10 + (uint)(buffer[i] - '0');
                    digits = true;
                }
                else if (digits)
                {
                    found += SignalOne((int)number, directory, signal);
                    number = 0;
                    digits = false;
                }
            }
        }

        Sys.close(file);
        return found;
    }

    // The number was the cgroup's a moment ago. With the pidfd in hand it is asked again: a process that took the number over since then
    // is in another cgroup, or not in the list.
    private static int SignalOne(int pid, int directory, int signal)
    {
        int pidfd = pid > 0 ? Sys.pidfd_open(pid, 0) : -ESRCH;
        if (pidfd < 0)
            return 0;
        bool ours = Lists(directory, pid);
        if (ours)
            Sys.pidfd_send_signal(pidfd, signal, null, 0);
        Sys.close(pidfd);
        return ours ? 1 : 0;
    }

    private static bool Lists(int directory, int pid)
    {
        int file = ControlFile.Open(directory, CString.Of("cgroup.procs"u8), O_RDONLY);
        if (file < 0)
            return false;

        byte* buffer = stackalloc byte[ListBytes];
        ulong number = 0;
        bool found = false;
        long length;
        while (!found && (length = Sys.read(file, buffer, ListBytes)) > 0)
        {
            for (long i = 0; i < length && !found; i++)
            {
                if (buffer[i] != '\n')
                {
                    number = number * 10 + (uint)(buffer[i] - '0');
                    continue;
                }

                found = number == (ulong)pid;
                number = 0;
            }
        }

        Sys.close(file);
        return found;
    }
}
