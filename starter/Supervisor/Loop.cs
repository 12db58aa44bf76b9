using Engine.Shared.Protocol;
using Engine.Starter.Server;
using Engine.Starter.Stages;
using Engine.Starter.Supervisor.Cgroups;

namespace Engine.Starter.Supervisor;

/// <summary>The supervisor's only loop: one thread, one poll, every descriptor with what is to be done about it.</summary>
internal static unsafe class Loop
{
    private const int Signals = 0, Launch = 1, Master = 2, Link = 3, Listener = 4, Hook = 5, Pump = 6, Oom = 7, Count = 8;

    private static int s_signals;

    /// <summary>The launch socket is open: the CLI still waits for the container, and its end undoes it.</summary>
    public static bool LaunchOpen;

    /// <summary>Makes the signalfd. Every signal is blocked since stage 0.</summary>
    public static bool Prepare()
    {
        ulong wanted = sigmask(SIGCHLD) | sigmask(SIGTERM);
        s_signals = Sys.signalfd4(-1, &wanted, SFD_CLOEXEC | SFD_NONBLOCK);
        LaunchOpen = true;
        return s_signals >= 0 || Failure.Call("signalfd4"u8, s_signals);
    }

    /// <summary>Runs until the container is over and everything is cleaned up.</summary>
    public static void Run()
    {
        pollfd* watch = stackalloc pollfd[Count];
        while (true)
        {
            ExitSequence.Step();
            if (ExitSequence.Over)
                return;
            Arm(watch);
            int result = Sys.poll(watch, Count, Patience());
            if (result < 0)
            {
                // EBADF and EFAULT are our own mistakes; without a poll there is no supervisor.
                Failure.Call("ppoll"u8, result);
                Complaint.Write();
                return;
            }

            Handle(watch);
        }
    }

    private static void Arm(pollfd* watch)
    {
        Set(watch, Signals, s_signals, POLLIN);
        Set(watch, Launch, LaunchOpen ? Stage0Entry.LaunchSocket : -1, POLLRDHUP);
        Set(watch, Master, HostServer.Reads ? MasterProcess.Server.Socket : -1, POLLIN);
        Set(watch, Link, StageProcess.Link, POLLIN);
        Set(watch, Listener, Awaited() ? LaunchRecord.Get(LaunchDescriptor.ControlListener) : -1, POLLIN);
        Set(watch, Hook, HostHook.Output, POLLIN);
        Set(watch, Pump, PumpProcess.Socket, POLLIN);
        Set(watch, Oom, StageProcess.Alive ? OomWatch.Descriptor : -1, OomWatch.Events);
    }

    private static void Set(pollfd* watch, int index, int fd, int events)
    {
        watch[index].fd = fd;
        watch[index].events = (short)events;
        watch[index].revents = 0;
    }

    // A client of the control socket is our business only while no master takes it.
    private static bool Awaited() => Facts.Status != ContainerStatus.Creating && !ExitSequence.Begun && MasterProcess.Wanted(out _);

    // The order: notes of the stage before its end (SIGCHLD), requests before the end of who made them.
    private static void Handle(pollfd* watch)
    {
        if (watch[Link].revents != 0)
            StartOrders.Drain();
        if (watch[Master].revents != 0)
            HostServer.Serve();
        if (watch[Hook].revents != 0 || Due(HostHook.Deadline))
            HostHook.Step();
        if (watch[Pump].revents != 0)
            PumpProcess.Receive();
        if (watch[Oom].revents != 0)
            TellOom();
        if (watch[Signals].revents != 0)
            TakeSignals();
        if ((watch[Launch].revents != 0 && LaunchOpen) || (!Facts.Monitored && !MasterProcess.Connected))
            HangUp();
        if (watch[Listener].revents != 0 && Awaited() && !MasterProcess.Serve())
            Complaint.Write();

        PumpProcess.Restart();
        MasterProcess.Nudge();
    }

    private static void TakeSignals()
    {
        signalfd_siginfo info;
        bool children = false;
        while (Sys.read(s_signals, &info, (ulong)sizeof(signalfd_siginfo)) == sizeof(signalfd_siginfo))
        {
            if (info.ssi_signo == SIGCHLD)
                children = true;
            else
                Terminate();
        }

        if (children)
            Children.Reap();
    }

    // SIGTERM to the supervisor is meant for the container: it is passed on, or undoes what is only being created.
    private static void Terminate()
    {
        if (Facts.Status != ContainerStatus.Creating)
        {
            if (StageProcess.Alive)
                StageProcess.Signal(SIGTERM);
        }
        else if (!ExitSequence.Begun)
        {
            Failure.Refuse("SIGTERM"u8, "the supervisor was asked to end before the container was created"u8);
            LaunchReply.Keep();
            Undo();
            LaunchReply.SendKept();
        }
    }

    // The CLI is gone, and with it everybody who wanted this container.
    private static void HangUp()
    {
        LaunchOpen = false;
        if (Facts.Status == ContainerStatus.Creating && !ExitSequence.Begun)
            Undo();
    }

    private static void Undo()
    {
        HostServer.Disconnect();
        MasterProcess.End();
        RollBack.Run();
    }

    private static void TellOom()
    {
        if (Facts.OomKilled || !OomWatch.Look())
            return;
        Facts.OomKilled = true;
        Lifecycle.Tell();
    }

    private static bool Due(long deadline) => deadline != long.MaxValue && Sys.MonotonicNanoseconds() >= deadline;

    // Milliseconds until the next deadline, rounded up; -1 for none.
    private static int Patience()
    {
        long next = HostHook.Deadline;
        Earlier(ref next, PumpProcess.Deadline);
        Earlier(ref next, MasterProcess.Deadline);
        Earlier(ref next, ExitSequence.Deadline);
        if (Facts.Status != ContainerStatus.Creating && !ExitSequence.Begun && !MasterProcess.Wanted(out long serve))
            Earlier(ref next, serve);
        if (next == long.MaxValue)
            return -1;
        long left = next - Sys.MonotonicNanoseconds();
        return left <= 0 ? 0 : left > 1000L * 1000 * 1000 * 1000 ? 1000 * 1000 : (int)((left + 999_999) / 1_000_000);
    }

    private static void Earlier(ref long next, long other)
    {
        if (other < next)
            next = other;
    }
}
