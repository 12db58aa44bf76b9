using Engine.Shared.Protocol;
using Engine.Starter.Supervisor.Cgroups;

namespace Engine.Starter.Supervisor;

/// <summary>
/// From the payload's end to our own, in steps that the loop comes back to: leftover processes, the pump's last bytes,
/// cgroups, sockets and pid file; only then "stopped" is written and told; then the master leaves, and we with it.
/// </summary>
internal static unsafe class ExitSequence
{
    // Somebody else may hold the pipes open; the pump gives up by itself before this.
    private const long DrainTime = 10_000_000_000;

    // A cgroup is busy as long as one of its processes is not quite dead.
    private const long CgroupTime = 5_000_000_000;
    private const long FirstPause = 500_000;
    private const long LongestPause = 50_000_000;

    private const long HookLook = 1_000_000_000;

    // For a master to ask for the hooks that it has announced.
    private const long HookTime = 10_000_000_000;

    // For a master to tell its clients.
    private const long LeaveTime = 10_000_000_000;

    private enum Phase
    {
        None,
        Draining,
        Cgroups,
        Hooks,
        Leaving,
        Done,
    }

    private static Phase s_phase;
    private static long s_deadline, s_next, s_pause;

    /// <summary>The payload is gone.</summary>
    public static bool Begun => s_phase != Phase.None;

    /// <summary>Nothing is left to do.</summary>
    public static bool Over => s_phase == Phase.Done;

    /// <summary>When <see cref="Step"/> is due; long.MaxValue for never.</summary>
    public static long Deadline => s_phase == Phase.None || s_phase == Phase.Done ? long.MaxValue : s_next;

    /// <summary>The payload was reaped.</summary>
    public static void Begin(ref siginfo_t info)
    {
        bool exited = info.si_code == CLD_EXITED;
        Facts.ExitSignal = exited ? 0 : info.si_status;
        Facts.ExitCode = exited ? info.si_status : 128 + info.si_status;
        Facts.FinishedAt = Sys.RealtimeNanoseconds();
        Facts.OomKilled |= OomWatch.Look();
        Freezer.ThawForKill();
        CgroupProcesses.KillLeftovers();
        PumpProcess.Finish();
        Enter(Phase.Draining, DrainTime);
        Step();
    }

    /// <summary>Goes on as far as it can.</summary>
    public static void Step()
    {
        if (s_phase == Phase.Draining)
            Drain();
        if (s_phase == Phase.Cgroups)
            RemoveCgroups();
        if (s_phase == Phase.Hooks)
            AwaitHooks();
        if (s_phase == Phase.Leaving && (MasterProcess.Pid == 0 || Sys.MonotonicNanoseconds() >= s_deadline))
            s_phase = Phase.Done;
    }

    /// <summary>A creation was rolled back on the master's wish: only its own end is waited for.</summary>
    public static void Leave() => Enter(Phase.Leaving, LeaveTime);

    /// <summary>The container is created and nobody monitors it: this process leaves it alone.</summary>
    public static void Release() => s_phase = Phase.Done;

    private static void Drain()
    {
        if (PumpProcess.Pid != 0 && Sys.MonotonicNanoseconds() < s_deadline)
            return;
        PumpProcess.End();
        s_pause = FirstPause;
        Enter(Phase.Cgroups, CgroupTime);
    }

    private static void RemoveCgroups()
    {
        OomWatch.End();
        CgroupProcesses.KillLeftovers();
        if (!CgroupMade.Remove() && Sys.MonotonicNanoseconds() < s_deadline)
        {
            s_next = Sys.MonotonicNanoseconds() + s_pause;
            s_pause = s_pause < LongestPause ? s_pause * 2 : s_pause;
            return;
        }

        Enter(Phase.Hooks, HookTime);
    }

    // A poststart hook belongs to the start, however short the payload's life was. Start has said how many there are; the loop comes back when
    // one is asked for or ends.
    private static void AwaitHooks()
    {
        HostServer.Serve();
        long now = Sys.MonotonicNanoseconds();
        bool awaited = HostServer.Pending == HostMethod.RunHook || (HostHook.Due != 0 && Facts.StartedAt != 0 && now < s_deadline);
        if (awaited && MasterProcess.Connected)
        {
            s_next = now + HookLook;
            return;
        }

        StateLeaves.RemoveSockets();
        PidFile.Remove();
        Lifecycle.Become(ContainerStatus.Stopped);

        // The master has the news in its queue; the end of the connection behind it lets it tell its clients and leave at once.
        HostServer.Disconnect();
        Enter(Phase.Leaving, LeaveTime);
    }

    private static void Enter(Phase phase, long time)
    {
        s_phase = phase;
        s_deadline = Sys.MonotonicNanoseconds() + time;
        s_next = s_deadline;
    }
}
