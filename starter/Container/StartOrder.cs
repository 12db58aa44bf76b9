using Engine.Shared.Protocol;
using Engine.Starter.Payload;
using Engine.Starter.Server;
using Engine.Starter.Stages;

namespace Engine.Starter.Container;

/// <summary>The orders of the supervisor that the stage waits for: Go before anything else, Start after everything else.</summary>
internal static unsafe class StartOrder
{
    // Signals whose default action would end a process. As pid 1 of a namespace the stage would not feel them.
    private const ulong Deadly =
        1UL << (SIGHUP - 1) | 1UL << (SIGINT - 1) | 1UL << (SIGQUIT - 1) | 1UL << (SIGABRT - 1) | 1UL << (SIGUSR1 - 1) |
        1UL << (SIGUSR2 - 1) | 1UL << (SIGALRM - 1) | 1UL << (SIGTERM - 1);

    // How long a connection to start.sock may stay silent.
    private const int CallerMilliseconds = 5_000;

    private struct NoteBuffer
    {
        public fixed byte Bytes[StageLink.NoteBytes];
    }

    private static NoteBuffer s_note;

    /// <summary>Waits for Go, and learns from it what number this process has on the host.</summary>
    public static bool AwaitGo() => Take(StageNoteKind.Go, out SeccompListener.HostPid);

    /// <summary>
    /// Tells the supervisor that everything is applied, then waits for Start: from it, or, unmonitored, from whoever connects to start.sock. A signal that ends programs ends the stage, too, with
    /// 128 + its number: a container that was only created can be killed by more than SIGKILL.
    /// </summary>
    public static bool Await()
    {
        if (!ContainerStage.Monitored && !LeaveSupervisor())
            return false;
        if (!StageLink.Send(StageContext.Link, StageNoteKind.Waiting))
            return false;

        ulong deadly = Deadly;
        int signals = Sys.signalfd4(-1, &deadly, SFD_CLOEXEC | SFD_NONBLOCK);
        if (signals < 0)
            return Failure.Call("signalfd4"u8, signals);

        bool ordered = ContainerStage.Monitored
            ? Readable(StageContext.Link, signals) && Take(StageNoteKind.Start, out uint _)
            : Readable(StageContext.Link, signals) && Take(StageNoteKind.Detach, out uint _) && AwaitCaller(signals);
        Sys.close(signals);
        return ordered;
    }

    /// <summary>False, or no return, when the supervisor ended before PR_SET_PDEATHSIG was there to say so.</summary>
    public static bool SupervisorLives()
    {
        pollfd watch;
        watch.fd = StageContext.Link;
        watch.events = 0;
        watch.revents = 0;
        Sys.poll(&watch, 1, 0);
        if ((watch.revents & POLLHUP) != 0)
            ContainerStage.Orphaned();
        return true;
    }

    // The death signal must not come any more when the supervisor ends as it should; one that ends before it said Detach is seen by the link's end.
    private static bool LeaveSupervisor()
    {
        int result = Sys.prctl(PR_SET_PDEATHSIG, 0);
        return result >= 0 || Failure.Call("prctl(PR_SET_PDEATHSIG)"u8, result);
    }

    // Whoever can reach start.sock may start the container: its directory is the owner's alone. A look at the status is a connection, too,
    // which ends without a word.
    private static bool AwaitCaller(int signals)
    {
        while (Readable(StageContext.StartListener, signals))
        {
            int caller = Sys.accept4(StageContext.StartListener, null, null, SOCK_CLOEXEC);
            if (caller < 0)
                continue;
            if (!Ordered(caller))
            {
                Sys.close(caller);
                continue;
            }

            // The connection becomes the link: a failure goes to the one who asked, and its end says that the payload runs.
            int result = Sys.dup3(caller, StageContext.Link, O_CLOEXEC);
            Sys.close(caller);
            return result >= 0 ? StageLink.Send(StageContext.Link, StageNoteKind.Begun) : Failure.Call("dup3"u8, result);
        }

        return false;
    }

    private static bool Ordered(int caller)
    {
        pollfd watch = default;
        watch.fd = caller;
        watch.events = POLLIN;
        if (Sys.poll(&watch, 1, CallerMilliseconds) <= 0)
            return false;
        fixed (byte* buffer = s_note.Bytes)
        {
            Inbox inbox = new Inbox(buffer, StageLink.NoteBytes);
            Arrival arrival = StageLink.Receive(caller, ref inbox, out StageNote note, MSG_DONTWAIT);
            inbox.CloseAll();
            return arrival == Arrival.Message && note.Kind == (uint)StageNoteKind.Start;
        }
    }

    // Waits for the descriptor, and obeys signals meanwhile.
    private static bool Readable(int fd, int signals)
    {
        pollfd* watch = stackalloc pollfd[2];
        watch[0].fd = fd;
        watch[1].fd = signals;
        do
        {
            watch[0].events = watch[1].events = POLLIN;
            watch[0].revents = watch[1].revents = 0;
            int result = Sys.poll(watch, 2, -1);
            if (result < 0)
                return Failure.Call("ppoll"u8, result);
            if (watch[1].revents != 0)
                Obey(signals);
        }
        while (watch[0].revents == 0);

        return true;
    }

    private static bool Take(StageNoteKind wanted, out uint number)
    {
        fixed (byte* buffer = s_note.Bytes)
        {
            Inbox inbox = new Inbox(buffer, StageLink.NoteBytes);
            Arrival arrival;
            StageNote note;
            do
            {
                arrival = StageLink.Receive(StageContext.Link, ref inbox, out note);
                if (arrival == Arrival.End)
                    ContainerStage.Orphaned();
            }
            while (arrival == Arrival.Message && (note.Kind == (uint)StageNoteKind.Source || note.Kind == (uint)StageNoteKind.RootSource) &&
                SourceTable.Keep(ref note, ref inbox));

            inbox.CloseAll();
            number = note.Slot;
            return arrival == Arrival.Message &&
                (note.Kind == (uint)wanted || Failure.Refuse("stage link"u8, "another order than expected"u8));
        }
    }

    private static void Obey(int signals)
    {
        signalfd_siginfo info;
        if (Sys.read(signals, &info, (ulong)sizeof(signalfd_siginfo)) == sizeof(signalfd_siginfo))
            Sys.exit_group(128 + (int)info.ssi_signo);
    }
}
