using Engine.Shared.Protocol;
using Engine.Starter.Server;

namespace Engine.Starter.Supervisor;

/// <summary>
/// The container stage, and from its execve on the payload: one process, one pid, one pidfd. Beside it the stage link, whose
/// end means that the stage became the payload or is gone.
/// </summary>
internal static unsafe class StageProcess
{
    private struct Store
    {
        public fixed byte Note[StageLink.NoteBytes];
    }

    // One source a bind mount may wait in the link, each with its descriptor.
    private const int LinkBuffer = 4 * 1024 * 1024;

    // A stage that does not read must not hold the supervisor.
    private const int SendSeconds = 5;

    private static Store s_store;
    private static Inbox s_inbox;
    private static int s_childLink, s_childRpc;

    /// <summary>Our end of the stage link; -1 once it ended.</summary>
    public static int Link;

    /// <summary>0 before Spawn. Kept until the process was reaped and everything is over.</summary>
    public static int Pidfd;

    /// <summary>Spawn was asked for, whether or not it worked.</summary>
    public static bool Spawned;

    /// <summary>The process was reaped.</summary>
    public static bool Reaped;

    /// <summary>The stage has said Waiting.</summary>
    public static bool Waiting;

    /// <summary>
    /// Makes the stage link, and takes over <paramref name="childRpc"/>, the stage's end of the container RPC pair.
    /// </summary>
    public static bool Prepare(int childRpc)
    {
        int* ends = stackalloc int[2];
        int result = Sys.socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends);
        if (result < 0)
            return Failure.Call("socketpair"u8, result);

        Link = ends[0];
        s_childLink = ends[1];
        s_childRpc = childRpc;
        int size = LinkBuffer;
        if (Sys.setsockopt(Link, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(int)) < 0)
            Sys.setsockopt(Link, SOL_SOCKET, SO_SNDBUF, &size, sizeof(int));
        timeval wait;
        wait.tv_sec = SendSeconds;
        wait.tv_usec = 0;
        Sys.setsockopt(Link, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof(timeval));
        fixed (byte* note = s_store.Note)
            s_inbox = new Inbox(note, StageLink.NoteBytes);
        return true;
    }

    /// <summary>The stage's ends; for the child.</summary>
    public static void ChildEnds(out int rpc, out int link)
    {
        rpc = s_childRpc;
        link = s_childLink;
    }

    /// <summary>Closes the stage's ends, so that its end is seen on ours.</summary>
    public static void CloseChildEnds()
    {
        if (s_childLink >= 0)
            Sys.close(s_childLink);
        if (s_childRpc >= 0)
            Sys.close(s_childRpc);
        s_childLink = -1;
        s_childRpc = -1;
    }

    /// <summary>
    /// Receives a note; its texts are valid until the next one. <see cref="Arrival.End"/> closes the link. Descriptors are
    /// taken with <see cref="TakeDescriptor"/> or closed with the next note.
    /// </summary>
    public static Arrival Receive(out StageNote note, int flags)
    {
        Arrival arrival = StageLink.Receive(Link, ref s_inbox, out note, flags);
        if (arrival == Arrival.End || arrival == Arrival.Broken)
        {
            Sys.close(Link);
            Link = -1;
        }

        return arrival;
    }

    /// <summary>The descriptor of the last note, the caller's to close; -1 for none.</summary>
    public static int TakeDescriptor() => s_inbox.Take(0);

    /// <summary>True while there is a process that can be signalled.</summary>
    public static bool Alive => Pidfd > 0 && !Reaped;

    /// <summary>Sends a signal through the pidfd.</summary>
    public static bool Signal(int signal)
    {
        if (!Alive)
            return Failure.Call("pidfd_send_signal"u8, -ESRCH);
        int result = Sys.pidfd_send_signal(Pidfd, signal, null, 0);
        return result >= 0 || Failure.Call("pidfd_send_signal"u8, result);
    }
}
