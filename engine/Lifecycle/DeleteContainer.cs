using Engine.Cgroups;
using Engine.Cgroups.Systemd;
using Engine.Diagnostics;
using Engine.Linux;
using Engine.Rpc.Linux;
using Engine.Shared.Linux;
using Engine.Spec;
using Engine.State;

namespace Engine.Lifecycle;

/// <summary>
/// Removal of a container, with the caller's rights. With a supervisor that works it is: end the payload, let the
/// supervisor clean up, poststop hooks, remove the record. Forced, each of these is done without the one that should
/// have done it, whatever was killed before and whatever half of a creation is there.
/// </summary>
public static class DeleteContainer
{
    private const int SigKill = 9;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(15);

    /// <summary>Removes the container.</summary>
    /// <param name="container">It; its directory is gone afterwards.</param>
    /// <param name="force">Kill it first and clean up whatever is left.</param>
    /// <returns>Warnings: hooks that failed, files of others that could not be removed.</returns>
    /// <exception cref="EngineException">Its state forbids it, or something cannot be removed.</exception>
    public static List<string> Delete(ContainerHandle container, bool force)
    {
        if (!force)
        {
            container.Require("delete");
        }

        if (container.State.Status != ContainerStatus.Stopped || container.IsSupervised)
        {
            End(container, force);
            container.Refresh();
        }

        // Of two commands that remove one container only one does. The other must not take a new container of that id for it.
        if (!container.Directory.TakeForRemoval(Patience))
        {
            throw new EngineException($"container \"{container.Id}\" is being removed by another command");
        }

        var warnings = new List<string>();
        if (!container.Directory.IsInPlace())
        {
            return warnings;
        }

        if (force || container.State.Status == ContainerStatus.Stopped)
        {
            RemoveCgroups(container, warnings);
            RemovePidFile(container, warnings);
        }

        Poststop(container, warnings);
        container.Directory.Remove();
        return warnings;
    }

    private static void End(ContainerHandle container, bool force)
    {
        StateDocument state = container.State;
        if (state.Status is ContainerStatus.Created or ContainerStatus.Running or ContainerStatus.Paused)
        {
            // Direct, by pidfd: it must work with a supervisor that is stopped, dead or busy with a hook.
            KillProcess(state.Pid, state.StartTime, state);
            if (Ends(container, force ? TimeSpan.FromSeconds(8) : Patience))
            {
                return;
            }
        }
        else if (state.Status == ContainerStatus.Stopped && container.WaitUntilStopped(TimeSpan.FromSeconds(8)))
        {
            return;
        }

        if (!force)
        {
            throw new EngineException($"container \"{container.Id}\" does not end; --force removes it");
        }

        state = container.Refresh();
        KillProcess(state.Supervisor?.Pid, state.Supervisor?.StartTime, state);
        KillProcess(state.Pid, state.StartTime, state);
        if (!Ends(container, Patience))
        {
            throw new EngineException($"container \"{container.Id}\": a process holds {container.Directory.Path} and does not end");
        }
    }

    // What was killed is thawed again and again: somebody's pause may take hold only now, and whoever asked for it may be dead.
    private static bool Ends(ContainerHandle container, TimeSpan time)
    {
        long deadline = Environment.TickCount64 + (long)time.TotalMilliseconds;
        do
        {
            CgroupFreezer.Thaw(container.Slots());
            if (container.WaitUntilStopped(TimeSpan.FromMilliseconds(250)))
            {
                return true;
            }
        }
        while (Environment.TickCount64 < deadline);

        return false;
    }

    private static void KillProcess(int? pid, ulong? startTime, StateDocument state)
    {
        if (pid is not int number || startTime is not ulong start || (state.Engine is { BootId.Length: > 0 } own && own.BootId != Liveness.BootId()))
        {
            return;
        }

        try
        {
            // The descriptor first, then the comparison: from then on it cannot be another process.
            using SafeFd pidfd = Pidfds.Open(number);
            if (Liveness.ProcessLives(state, number, start))
            {
                Pidfds.Signal(pidfd, SigKill);
            }
        }
        catch (SyscallException error) when (error.Errno == Errno.ESRCH)
        {
            // Ended already.
        }
    }

    private static void RemoveCgroups(ContainerHandle container, List<string> warnings)
    {
        if (container.Slots() is { Count: > 0 } slots)
        {
            CgroupRemoval.Remove(slots);
        }

        Resctrl.Remove(container.State.Engine?.ResctrlOwn);

        if (container.State.Engine?.SystemdUnit is not { } unit)
        {
            return;
        }

        try
        {
            SystemdScope.Remove(unit);
        }
        catch (CgroupException error)
        {
            // Its processes are gone, and with them the scope; what may be left is a name in systemd's list of failed units.
            warnings.Add(error.Message);
        }
    }

    private static void RemovePidFile(ContainerHandle container, List<string> warnings)
    {
        string? path = container.State.Engine?.PidFile;
        if (path is null || container.State.Pid is not int pid)
        {
            return;
        }

        try
        {
            // Only if it is still this container's: another may use the same path by now.
            if (File.Exists(path) && File.ReadAllText(path).Trim() == pid.ToString(System.Globalization.CultureInfo.InvariantCulture))
            {
                File.Delete(path);
            }
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            warnings.Add($"pid file {path}: {error.Message}");
        }
    }

    private static void Poststop(ContainerHandle container, List<string> warnings)
    {
        try
        {
            PoststopHooks.Run(container.Directory.ReadConfig(), container.State, warnings);
        }
        catch (EngineException)
        {
            // Killed before the copy was whole: nothing was started, so there is nothing to be told of.
        }
    }
}
