using Engine.Starter.Supervisor.Cgroups;

namespace Engine.Starter.Supervisor;

/// <summary>
/// Undoes a creation: processes, cgroups, pid file, log and state directory, in the reverse of the order in which they were
/// made. Waits where it must; nobody else needs us any more.
/// </summary>
internal static unsafe class RollBack
{
    private const int StageMilliseconds = 5_000;
    private const long CgroupTime = 5_000_000_000;
    private const long Pause = 1_000_000;

    /// <summary>Undoes everything but the master, who may have to tell its caller why. Afterwards only <see cref="ExitSequence"/>.Leaving is left.</summary>
    public static void Run()
    {
        HostHook.End();
        EndStage();
        PumpProcess.End();
        OomWatch.End();
        long deadline = Sys.MonotonicNanoseconds() + CgroupTime;
        while (!CgroupMade.Remove() && Sys.MonotonicNanoseconds() < deadline)
        {
            CgroupProcesses.KillLeftovers();
            Sys.Sleep(Pause);
        }

        PidFile.Remove();
        LogFile.RemoveIfMade();
        StateLeaves.RemoveAll();
        ExitSequence.Leave();
    }

    private static void EndStage()
    {
        Freezer.ThawForKill();
        CgroupProcesses.KillLeftovers();
        if (!StageProcess.Alive)
            return;
        Sys.pidfd_send_signal(StageProcess.Pidfd, SIGKILL, null, 0);
        pollfd watch = default;
        watch.fd = StageProcess.Pidfd;
        watch.events = POLLIN;
        if (Sys.poll(&watch, 1, StageMilliseconds) <= 0)
            return;
        siginfo_t info = default;
        if (Sys.waitid(P_PIDFD, StageProcess.Pidfd, &info, WEXITED, null) >= 0)
            StageProcess.Reaped = true;
    }
}
