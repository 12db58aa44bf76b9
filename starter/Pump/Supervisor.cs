using Engine.Shared.Protocol;
using Engine.Shared.Wire;
using Engine.Starter.Server;

namespace Engine.Starter.Pump;

/// <summary>
/// The supervisor's end of this program: descriptor 3, a socket of <see cref="PumpNote"/>s. When it is lost the payload's output
/// still has a reader until it ends.
/// </summary>
internal static unsafe class Supervisor
{
    /// <summary>Where the supervisor put the socket.</summary>
    public const int Descriptor = 3;

    private const int NoteBytes = 512;

    private struct Buffer
    {
        public fixed byte Bytes[NoteBytes];
    }

    private static Buffer s_buffer;

    /// <summary>The payload has ended.</summary>
    public static bool HasExited { get; private set; }

    /// <summary>Its exit code.</summary>
    public static int ExitCode { get; private set; }

    /// <summary>The supervisor is gone.</summary>
    public static bool IsLost { get; private set; }

    /// <summary>Waits for the setup and hands its descriptors out. False when anything else comes.</summary>
    public static bool Setup()
    {
        pollfd entry = default;
        entry.fd = Descriptor;
        entry.events = POLLIN;
        PumpNote note = default;
        fixed (byte* buffer = s_buffer.Bytes)
        {
            var inbox = new Inbox(buffer, NoteBytes);
            while (true)
            {
                Sys.poll(&entry, 1, -1);
                Arrival arrival = Channel.Receive(Descriptor, ref inbox, MSG_DONTWAIT);
                if (arrival == Arrival.Message)
                    break;
                if (arrival != Arrival.Nothing)
                    return false;
            }
            if (!Read(ref inbox, ref note) || note.Kind != (uint)PumpNoteKind.Setup || note.LogFormat > (uint)LogFormat.Json)
                return false;
            return HandOut(ref inbox, ref note);
        }
    }

    /// <summary>What the poll loop asks for.</summary>
    public static void Poll(pollfd* entry)
    {
        entry->fd = IsLost ? -1 : Descriptor;
        entry->events = POLLIN;
        entry->revents = 0;
    }

    /// <summary>Acts on what poll found: one note a round.</summary>
    public static void Handle(pollfd* entry)
    {
        if (entry->revents == 0)
            return;
        fixed (byte* buffer = s_buffer.Bytes)
        {
            var inbox = new Inbox(buffer, NoteBytes);
            Arrival arrival = Channel.Receive(Descriptor, ref inbox, MSG_DONTWAIT);
            PumpNote note = default;
            if (arrival == Arrival.Message && Read(ref inbox, ref note))
                Take(ref inbox, ref note);
            else if (arrival != Arrival.Nothing)
                Lose();
            inbox.CloseAll();
        }
    }

    /// <summary>Tells that stdin is closed, see <see cref="PumpNoteKind.StdinClosed"/>.</summary>
    public static void ReportStdinClosed()
    {
        if (IsLost || HasExited)
            return;
        PumpNote note = default;
        note.Kind = (uint)PumpNoteKind.StdinClosed;
        byte* buffer = stackalloc byte[64];
        Codec codec = Codec.Writer(buffer, 64);
        note.Fields(ref codec);
        Channel.Send(Descriptor, buffer, codec.Position, null, 0, MSG_DONTWAIT);
    }

    private static bool Read(ref Inbox inbox, ref PumpNote note)
    {
        Codec codec = Codec.Reader(inbox.Buffer, inbox.Length);
        note.Fields(ref codec);
        codec.End();
        return codec.Ok;
    }

    private static bool HandOut(ref Inbox inbox, ref PumpNote note)
    {
        int next = 0;
        int stdin = Next(ref inbox, ref note, PumpDescriptor.Stdin, ref next);
        int stdout = Next(ref inbox, ref note, PumpDescriptor.Stdout, ref next);
        int stderr = Next(ref inbox, ref note, PumpDescriptor.Stderr, ref next);
        int log = Next(ref inbox, ref note, PumpDescriptor.Log, ref next);
        int attach = Next(ref inbox, ref note, PumpDescriptor.Attach, ref next);
        if (next != inbox.Count)
            return false;

        Records.Format = (LogFormat)note.LogFormat;
        bool terminal = note.Terminal != 0;
        Ring.Setup(note.RingBytes);
        Stdio.Setup(stdout, stderr, terminal);
        Stdin.Setup(terminal ? stdout : stdin, terminal);
        Clients.Setup(attach);
        if (log >= 0)
            LogFile.Open(log);
        return true;
    }

    private static int Next(ref Inbox inbox, ref PumpNote note, PumpDescriptor which, ref int next) =>
        (note.Descriptors & (1u << (int)which)) != 0 ? inbox.Take(next++) : -1;

    private static void Take(ref Inbox inbox, ref PumpNote note)
    {
        switch ((PumpNoteKind)note.Kind)
        {
            case PumpNoteKind.Log:
                int fd = inbox.Take(0);
                if (fd >= 0)
                    LogFile.Open(fd);
                break;
            case PumpNoteKind.Exited:
                HasExited = true;
                ExitCode = note.Value;
                break;
        }
    }

    private static void Lose()
    {
        IsLost = true;
        Sys.close(Descriptor);
    }
}
