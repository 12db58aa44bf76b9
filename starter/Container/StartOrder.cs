using Engine.Shared.Protocol;
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

    private struct NoteBuffer
    {
        public fixed byte Bytes[StageLink.NoteBytes];
    }

    private static NoteBuffer s_note;

    /// <summary>Waits for Go.</summary>
    public static bool AwaitGo() => Take(StageNoteKind.Go);

    /// <summary>
    /// Tells the supervisor that everything is applied, then waits for Start. A signal that ends programs ends the stage, too, with
    /// 128 + its number: a container that was only created can be killed by more than SIGKILL.
    /// </summary>
    public static bool Await()
    {
        if (!StageLink.Send(StageContext.Link, StageNoteKind.Waiting))
            return false;

        ulong deadly = Deadly;
        int signals = Sys.signalfd4(-1, &deadly, SFD_CLOEXEC | SFD_NONBLOCK);
        if (signals < 0)
            return Failure.Call("signalfd4"u8, signals);

        pollfd* watch = stackalloc pollfd[2];
        watch[0].fd = StageContext.Link;
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

        Sys.close(signals);
        return Take(StageNoteKind.Start);
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

    private static bool Take(StageNoteKind wanted)
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
            while (arrival == Arrival.Message && note.Kind == (uint)StageNoteKind.Source && SourceTable.Keep(ref note, ref inbox));

            inbox.CloseAll();
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
