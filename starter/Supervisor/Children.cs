using Engine.Shared.Protocol;
using Engine.Starter.Server;
using Engine.Starter.Stages;

namespace Engine.Starter.Supervisor;

/// <summary>Reaps: our own children, each known by its pid until here, and what the container left us as its subreaper.</summary>
internal static unsafe class Children
{
    private const int MostFailures = 4;

    /// <summary>Takes every child that ended.</summary>
    public static void Reap()
    {
        // The signal came once: a child that is not taken now is never asked for again.
        for (int failures = 0; failures < MostFailures;)
        {
            siginfo_t info = default;
            int result = Sys.waitid(P_ALL, 0, &info, WEXITED | WNOHANG, null);
            if (result == -ECHILD || (result >= 0 && info.si_pid == 0))
                return;
            if (result < 0)
                failures++;
            else
                Ended(ref info);
        }
    }

    private static void Ended(ref siginfo_t info)
    {
        int pid = info.si_pid;
        if (pid == Facts.Pid && StageProcess.Alive)
            PayloadEnded(ref info);
        else if (pid == HostHook.Pid)
            HostHook.Reaped(ref info);
        else if (pid == MasterProcess.Pid)
            MasterEnded(ref info);
        else if (pid == PumpProcess.Pid)
            PumpEnded(ref info);
    }

    private static void PayloadEnded(ref siginfo_t info)
    {
        // What the stage said last was said before it ended.
        StartOrders.Drain();
        StageProcess.Reaped = true;
        if (Facts.Status == ContainerStatus.Creating)
            StartOrders.TryCreated();
        else
            ExitSequence.Begin(ref info);
    }

    // A container that is there does not need it. One that is only being created is undone: nobody else knows how to go on.
    private static void MasterEnded(ref siginfo_t info)
    {
        // Its last requests still lie in the socket.
        HostServer.Serve();
        HostServer.Disconnect();
        bool executed = MasterProcess.Reaped(info.si_code == CLD_EXITED && info.si_status == 0);
        if (Facts.Status != ContainerStatus.Creating || ExitSequence.Begun)
        {
            if (!executed)
                Complaint.Write();
            return;
        }

        if (executed)
            BlameMaster(ref info);
        LaunchReply.Keep();
        RollBack.Run();
        LaunchReply.SendKept();
    }

    private static void BlameMaster(ref siginfo_t info)
    {
        byte* buffer = stackalloc byte[128];
        TextBuilder words = new TextBuilder(buffer, 128);
        words.Append("the master ended before the container was created: "u8);
        words.Append(info.si_code == CLD_EXITED ? "exit code "u8 : "signal "u8);
        words.AppendDecimal(info.si_status);
        Failure.Refuse("master"u8, words.Span);
    }

    private static void PumpEnded(ref siginfo_t info)
    {
        bool replace = !ExitSequence.Begun;
        bool finished = info.si_code == CLD_EXITED && info.si_status == 0;
        if (PumpProcess.Reaped(replace))
        {
            if (!replace && !finished)
                PumpProcess.FinishAgain();
            return;
        }

        if (!replace && PumpProcess.FinishAgain())
            return;
        if (Facts.Status != ContainerStatus.Creating || ExitSequence.Begun)
        {
            Complaint.Write();
            return;
        }

        // Nothing would ever take the payload's output.
        LaunchReply.Keep();
        MasterProcess.Kill();
        RollBack.Run();
        LaunchReply.SendKept();
    }
}
