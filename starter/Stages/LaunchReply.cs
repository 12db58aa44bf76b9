using Engine.Shared.Protocol;
using Engine.Shared.Wire;
using Engine.Starter.Server;

namespace Engine.Starter.Stages;

/// <summary>The starter's own words to the CLI on the launch socket (<see cref="LaunchResult"/>).</summary>
internal static unsafe class LaunchReply
{
    /// <summary>A result is an error record and a few numbers.</summary>
    private const int Bytes = StageLink.NoteBytes;

    // How long a failed starter waits for the CLI to take its answer.
    private const int LingerMilliseconds = 2_000;

    private struct Store
    {
        public fixed byte Frame[Bytes];
    }

    private static Store s_store;
    private static int s_length;

    /// <summary>
    /// Reports this process's <see cref="Failure"/>, right before its end. A CLI that is gone is no failure of ours.
    /// </summary>
    public static void Failed(int exitCode = 255)
    {
        Keep(exitCode);
        SendKept();
        Linger();
    }

    /// <summary>Keeps the present <see cref="Failure"/> to be reported by <see cref="SendKept"/>, when everything is undone.</summary>
    public static void Keep(int exitCode = 255) => Compose(1, 0, exitCode, Failure.Record());

    /// <summary>Reports what was kept.</summary>
    public static void SendKept() => Send(-1);

    /// <summary>This process is alone in a new user namespace, whose id maps the CLI is to write.</summary>
    public static bool WantsMaps(int pid)
    {
        Compose(NamespaceEntry.WantsMaps, pid, 0, default);
        return Send(-1);
    }

    /// <summary>Exec: the process runs; <paramref name="terminal"/> (or -1) stays the caller's.</summary>
    public static void Runs(int pid, int terminal)
    {
        Compose(0, pid, 0, default);
        Send(terminal);
    }

    /// <summary>Exec: the process ended.</summary>
    public static void Ended(int pid, int exitCode)
    {
        Compose(2, pid, exitCode, default);
        Send(-1);
    }

    private static void Compose(uint kind, int pid, int exitCode, ErrorRecord error)
    {
        fixed (byte* at = s_store.Frame)
        {
            Codec c = Codec.Writer(at, Bytes);
            LaunchResult result;
            result.Kind = kind;
            result.Pid = pid;
            result.ExitCode = exitCode;
            result.Error = error;
            result.Fields(ref c);
            s_length = c.Ok ? c.Position : 0;
        }
    }

    private static bool Send(int descriptor)
    {
        bool sent = false;
        fixed (byte* at = s_store.Frame)
            sent = s_length != 0 && Channel.Send(Stage0Entry.LaunchSocket, at, s_length, &descriptor, descriptor < 0 ? 0 : 1, MSG_DONTWAIT);
        s_length = 0;
        return sent;
    }

    // A socket that is closed with something unread resets the connection, and the answer with it: what the CLI sends is taken until it
    // closes its end.
    private static void Linger()
    {
        byte* buffer = stackalloc byte[64];
        Inbox inbox = new Inbox(buffer, 64);
        long deadline = Sys.MonotonicNanoseconds() + (LingerMilliseconds * 1_000_000L);
        while (true)
        {
            Arrival arrival = Channel.Receive(Stage0Entry.LaunchSocket, ref inbox, MSG_DONTWAIT);
            inbox.CloseAll();
            long left = (deadline - Sys.MonotonicNanoseconds()) / 1_000_000;
            if (arrival == Arrival.End || left <= 0)
                return;
            if (arrival != Arrival.Nothing)
                continue;

            pollfd watch = default;
            watch.fd = Stage0Entry.LaunchSocket;
            watch.events = POLLIN;
            Sys.poll(&watch, 1, (int)left);
        }
    }
}
