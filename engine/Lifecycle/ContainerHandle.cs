using Engine.Cgroups;
using Engine.Cgroups.Systemd;
using Engine.Control;
using Engine.Diagnostics;
using Engine.Linux;
using Engine.Rpc.Linux;
using Engine.Shared.Linux;
using Engine.Spec;
using Engine.State;

namespace Engine.Lifecycle;

/// <summary>
/// A container as the caller's commands see it: its directory, its state as it really is, its control socket. While the
/// supervisor lives everything is asked of it; what can still be done without it is done with the caller's own rights.
/// </summary>
public sealed class ContainerHandle : IDisposable
{
    private ContainerHandle(ContainerDirectory directory)
    {
        Directory = directory;
        State = Liveness.Read(directory);
    }

    /// <summary>The state directory.</summary>
    public ContainerDirectory Directory { get; }

    /// <summary>The state when it was read last.</summary>
    public StateDocument State { get; private set; }

    /// <summary>The container's id.</summary>
    public string Id => Directory.Id;

    /// <summary>Opens an existing container.</summary>
    /// <exception cref="EngineException">It does not exist, or is somebody else's.</exception>
    public static ContainerHandle Open(StateRoot root, string id) => new(root.Open(id));

    /// <summary>
    /// Reads the state anew. What is known of its cgroups and files stays known when the record is gone: a creation that is
    /// cut short loses it before everything that it names is removed.
    /// </summary>
    public StateDocument Refresh()
    {
        StateDocument now = Liveness.Read(Directory);
        return State = now with { Engine = now.Engine ?? State.Engine };
    }

    /// <summary>Refuses <paramref name="verb"/> unless the state allows it.</summary>
    public void Require(string verb) => ContainerStatus.Require(verb, Id, State.Status);

    /// <summary>True while a supervisor (or a CLI that creates) answers for the container.</summary>
    public bool IsSupervised
    {
        get
        {
            if (!Directory.TryLock())
            {
                return true;
            }

            Directory.Unlock();
            return false;
        }
    }

    /// <summary>One request over the control socket.</summary>
    /// <exception cref="EngineException">What the master answered, or that nobody did.</exception>
    public void Control(Action<ControlClient> request)
    {
        using ControlClient client = ControlClient.Connect(Directory.Descriptor, Id);
        request(client);
    }

    /// <summary>Sends a signal to the payload, or to all of the container's processes.</summary>
    public void Kill(int signal, bool all)
    {
        if (IsSupervised && TryKillBySupervisor(signal, all))
        {
            return;
        }

        if (!Liveness.PayloadLives(State))
        {
            throw new ContainerException(ContainerProblem.NotRunning, $"cannot kill container \"{Id}\": it has stopped");
        }

        foreach (int pid in all ? CgroupReader.ReadPids(Slots()) : [State.Pid!.Value])
        {
            SignalPid(pid, signal);
        }

        if (signal == Shared.Linux.signal_h.SIGKILL)
        {
            CgroupFreezer.Thaw(Slots());
        }
    }

    /// <summary>
    /// Sends a signal to the payload and to those of the container's processes that are in its process group, as the keys of a terminal
    /// do. With the caller's own rights: nobody is asked.
    /// </summary>
    public void KillGroup(int signal)
    {
        if (State.Pid is not int payload || !Liveness.PayloadLives(State))
        {
            throw new ContainerException(ContainerProblem.NotRunning, $"cannot kill container \"{Id}\": it has stopped");
        }

        int group = Pidfds.GroupOf(payload);
        foreach (int pid in CgroupReader.ReadPids(Slots()).Union([payload]))
        {
            SignalPid(pid, signal, () => pid == payload ? Liveness.PayloadLives(State) : Pidfds.GroupOf(pid) == group);
        }
    }

    /// <summary>Freezes every process of the container.</summary>
    public void Pause()
    {
        if (IsSupervised)
        {
            Control(client => client.Pause());
            return;
        }

        CgroupFreezer.Freeze(Freezer());
    }

    /// <summary>Lets them go on.</summary>
    public void Resume()
    {
        if (IsSupervised)
        {
            Control(client => client.Resume());
            return;
        }

        CgroupFreezer.Unfreeze(Freezer());
    }

    /// <summary>Changes limits; <paramref name="resources"/> is the JSON text of a linux.resources object.</summary>
    /// <param name="file">How messages name it.</param>
    public void Update(byte[] resources, string file)
    {
        // Read here too, so that a document that cannot be understood is refused with file and line before anything is asked for.
        ResourcesSpec read = ConfigLoader.LoadResources(resources, file);
        IReadOnlyList<CgroupSlot> slots = Slots();
        string? unit = State.Engine?.SystemdUnit;
        CgroupPlan? plan = unit is null ? null : CgroupPlan.Update(slots, read);
        if (IsSupervised)
        {
            Control(client => client.Update(resources));
        }
        else
        {
            new ResourceUpdate(plan ?? CgroupPlan.Update(slots, read), new OwnCgroupWriter(slots)).Run().GetAwaiter().GetResult();
        }

        // Once the kernel took them all. Who sends update to the control socket leaves systemd with the values from before.
        if (unit is not null)
        {
            SystemdScope.Update(unit, plan!.Steps);
        }
    }

    /// <summary>Changes what linux.intelRdt set for the container's group.</summary>
    /// <param name="schemata">Lines of its schemata; none is fine.</param>
    /// <exception cref="EngineException">It has no such group, or the kernel refuses a line.</exception>
    public void UpdateSchemata(IReadOnlyList<string> schemata)
    {
        if (schemata.Count == 0)
        {
            return;
        }

        // The first that it joined is its control group; one that linux.intelRdt.closID named is its administrator's.
        string group = State.Engine?.ResctrlGroups is [var first, ..] ? first : throw new EngineException("the container has no linux.intelRdt group");
        Resctrl.SetSchemata(
            group == State.Engine.ResctrlOwn ? group : throw new EngineException($"{group} is a class of service that others may use; change its schemata there"), schemata);
    }

    // False when the supervisor ended before it answered: its master ends with it, and the caller goes on by itself.
    private bool TryKillBySupervisor(int signal, bool all)
    {
        try
        {
            Control(client => client.Kill(signal, all));
            return true;
        }
        catch (EngineException) when (!IsSupervised && Liveness.PayloadLives(State))
        {
            return false;
        }
    }

    /// <summary>Waits until the container has stopped and everything about it is cleaned up.</summary>
    public StateDocument WaitUntilStopped()
    {
        // The lock is the supervisor's for life; while one is about to take over (create) it is the CLI's.
        Directory.WaitForLock();
        Directory.Unlock();
        Refresh();
        WaitForPayload(Timeout.InfiniteTimeSpan);
        return Refresh();
    }

    /// <summary>As <see cref="WaitUntilStopped()"/>, for at most <paramref name="time"/>; false when it has not.</summary>
    public bool WaitUntilStopped(TimeSpan time)
    {
        long deadline = Environment.TickCount64 + (long)time.TotalMilliseconds;
        while (IsSupervised)
        {
            int left = (int)Math.Max(0, deadline - Environment.TickCount64);
            if (left == 0)
            {
                return false;
            }

            WaitForSupervisor(Math.Min(left, 1000));
        }

        // Nobody reaps it for us, and the first process of a pid namespace ends only when all others in it have.
        Refresh();
        WaitForPayload(TimeSpan.FromMilliseconds(Math.Max(0, deadline - Environment.TickCount64)));
        return !Liveness.PayloadLives(State);
    }

    /// <summary>The recorded cgroup directories.</summary>
    public IReadOnlyList<CgroupSlot> Slots() =>
    [
        .. (State.Engine?.Cgroups ?? []).Select((cgroup, i) => new CgroupSlot(
            i, cgroup.Unified ? CgroupVersion.V2 : CgroupVersion.V1, cgroup.Mountpoint, cgroup.Path, cgroup.Controllers)),
    ];

    /// <inheritdoc/>
    public void Dispose() => Directory.Dispose();

    private CgroupSlot Freezer()
    {
        int index = (State.Engine?.Cgroups ?? []).ToList().FindIndex(cgroup => cgroup.Freezer);
        return index >= 0 ? Slots()[index] : throw new EngineException($"container \"{Id}\" has no freezer cgroup (v1 freezer or cgroup2)");
    }

    private void WaitForSupervisor(int milliseconds)
    {
        if (State.Supervisor is { } supervisor)
        {
            try
            {
                using SafeFd pidfd = Pidfds.Open(supervisor.Pid);
                if (Liveness.ProcessLives(State, supervisor.Pid, supervisor.StartTime))
                {
                    Pidfds.WaitForEnd(pidfd, TimeSpan.FromMilliseconds(milliseconds));
                    return;
                }
            }
            catch (SyscallException error) when (error.Errno == Errno.ESRCH)
            {
                // Gone between two looks.
            }
        }

        Thread.Sleep(Math.Min(milliseconds, 20));
        Refresh();
    }

    private void WaitForPayload(TimeSpan time)
    {
        if (State.Pid is not int pid || !Liveness.PayloadLives(State))
        {
            return;
        }

        try
        {
            using SafeFd pidfd = Pidfds.Open(pid);
            if (Liveness.PayloadLives(State))
            {
                Pidfds.WaitForEnd(pidfd, time);
            }
        }
        catch (SyscallException error) when (error.Errno == Errno.ESRCH)
        {
            // Gone between two looks.
        }
    }

    // The question is asked with the descriptor in hand: from then on the number cannot be another's.
    private static void SignalPid(int pid, int signal, Func<bool>? isMeant = null)
    {
        try
        {
            using SafeFd pidfd = Pidfds.Open(pid);
            if (isMeant?.Invoke() ?? true)
            {
                Pidfds.Signal(pidfd, signal);
            }
        }
        catch (SyscallException error) when (error.Errno == Errno.ESRCH)
        {
            // It ended by itself.
        }
    }
}
