using Engine.Shared.Protocol;
using Engine.Shared.Wire;
using Engine.Starter.Server;
using Engine.Starter.Stages;

namespace Engine.Starter.Supervisor;

/// <summary>
/// The pump: there as long as the container. One that dies is replaced with the same pipes, terminal, log and listener,
/// which the supervisor holds for that.
/// </summary>
internal static unsafe class PumpProcess
{
    private const int NoteBytes = 128;
    private const long ShortLife = 2_000_000_000;
    private const long FirstBackOff = 50_000_000;
    private const long LongestBackOff = 2_000_000_000;

    private struct Store
    {
        public fixed byte Note[NoteBytes];
    }

    private static Store s_store;
    private static DroppedProcess s_process;
    private static int s_log;
    private static bool s_set, s_restart, s_again;
    private static long s_notBefore, s_backOff;

    /// <summary>Our end of its socket; -1 when there is none.</summary>
    public static int Socket => s_process.Socket;

    /// <summary>0 when there is none.</summary>
    public static int Pid => s_process.Pid;

    /// <summary>When a replacement is due; long.MaxValue for never.</summary>
    public static long Deadline => s_restart ? s_notBefore : long.MaxValue;

    /// <summary>Before anything else.</summary>
    public static void Reset()
    {
        s_process.Reset();
        s_log = -1;
    }

    /// <summary>Opens the log, so that a bad one fails the creation at its beginning, and starts the process.</summary>
    public static bool Begin()
    {
        if (LogFile.Wanted)
        {
            s_log = LogFile.Open();
            if (s_log < 0)
                return false;
        }

        return Start();
    }

    /// <summary>Gives it its descriptors, once they are all there. Output flows from here on.</summary>
    public static bool SetUp()
    {
        s_set = true;
        int* descriptors = stackalloc int[(int)PumpDescriptor.Attach + 1];
        uint bits = 0;
        int count = 0;
        bool terminal = PayloadStreams.Console >= 0;
        Add(descriptors, ref count, ref bits, PumpDescriptor.Stdin, PayloadStreams.Stdin);
        Add(descriptors, ref count, ref bits, PumpDescriptor.Stdout, terminal ? PayloadStreams.Console : PayloadStreams.Stdout);
        Add(descriptors, ref count, ref bits, PumpDescriptor.Stderr, PayloadStreams.Stderr);
        Add(descriptors, ref count, ref bits, PumpDescriptor.Log, s_log);
        Add(descriptors, ref count, ref bits, PumpDescriptor.Attach, LaunchRecord.Get(LaunchDescriptor.AttachListener));

        PumpNote note = default;
        note.Kind = (uint)PumpNoteKind.Setup;
        note.Descriptors = bits;
        note.Terminal = terminal ? 1u : 0u;
        note.LogFormat = LaunchRecord.Launch.LogFormat;
        note.RingBytes = LaunchRecord.Launch.RingBytes;

        // One that is being replaced gets it when it is there.
        return s_process.Socket < 0 || Send(ref note, descriptors, count);
    }

    /// <summary>ReopenLog: opens the log's name anew, for rotation. The old file stays in use when that fails.</summary>
    public static bool ReopenLog()
    {
        if (s_log < 0)
            return Failure.Refuse("ReopenLog"u8, "the container has no log"u8);
        int log = LogFile.Open();
        if (log < 0)
            return false;

        Sys.close(s_log);
        s_log = log;
        PumpNote note = default;
        note.Kind = (uint)PumpNoteKind.Log;

        // A pump that is being replaced gets the new file with its Setup.
        return s_process.Socket < 0 || Send(ref note, &log, 1);
    }

    /// <summary>The payload ended: the pump drains, tells its clients and exits.</summary>
    public static void Finish()
    {
        bool missing = s_restart && s_process.Pid == 0;
        s_restart = false;
        if (missing && FinishAgain())
            return;
        if (s_process.Socket < 0 || !s_set || !TellEnd())
            s_process.Kill();
    }

    /// <summary>
    /// Another one for what the payload wrote last, which is still in its pipes: there was none at the payload's end, or it did not come to its own.
    /// Once; false when it has been tried, or cannot be.
    /// </summary>
    public static bool FinishAgain()
    {
        if (s_again || !s_set)
            return false;
        s_again = true;
        if (Start() && SetUp() && TellEnd())
            return true;
        s_process.Kill();
        return false;
    }

    /// <summary>Something came on its socket: stdin was closed for good, or the end.</summary>
    public static void Receive()
    {
        fixed (byte* buffer = s_store.Note)
        {
            Inbox inbox = new Inbox(buffer, NoteBytes);
            Arrival arrival = Channel.Receive(s_process.Socket, ref inbox, MSG_DONTWAIT);
            inbox.CloseAll();
            if (arrival == Arrival.Nothing)
                return;

            PumpNote note = default;
            Codec c = Codec.Reader(inbox.Buffer, inbox.Length);
            note.Fields(ref c);
            c.End();
            if (arrival == Arrival.Message && c.Ok && note.Kind == (uint)PumpNoteKind.StdinClosed)
                PayloadStreams.CloseStdin();
            else
                s_process.CloseSocket();
        }
    }

    /// <summary>SIGKILL, and waits for its end.</summary>
    public static void End()
    {
        s_restart = false;
        s_process.Kill();
        s_process.Wait();
    }

    /// <summary>
    /// It was reaped. <paramref name="replace"/>: the payload still lives; another one is started, at once if this one lived
    /// for a while. False leaves the failure that kept it from being executed.
    /// </summary>
    public static bool Reaped(bool replace)
    {
        long now = Sys.MonotonicNanoseconds();
        bool shortLived = now - s_process.Started < ShortLife;
        s_backOff = !shortLived ? 0 : s_backOff == 0 ? FirstBackOff : s_backOff < LongestBackOff ? s_backOff * 2 : s_backOff;
        s_notBefore = now + s_backOff;
        s_restart = replace;
        return s_process.Reaped();
    }

    /// <summary>Starts a replacement when it is due.</summary>
    public static void Restart()
    {
        if (!s_restart || Sys.MonotonicNanoseconds() < s_notBefore)
            return;
        s_restart = !Start() || (s_set && !SetUp());
        s_notBefore = Sys.MonotonicNanoseconds() + LongestBackOff;
    }

    private static bool TellEnd()
    {
        PumpNote note = default;
        note.Kind = (uint)PumpNoteKind.Exited;
        note.Value = Facts.ExitCode;
        return Send(ref note, null, 0);
    }

    private static bool Start()
    {
        int* descriptors = stackalloc int[4];
        descriptors[0] = 0;
        descriptors[1] = 1;
        descriptors[2] = 2;
        byte** arguments = stackalloc byte*[2];
        arguments[0] = CString.Of("engine-pump"u8);
        arguments[1] = null;
        byte** environment = stackalloc byte*[1];
        environment[0] = null;

        DropPlan plan = default;
        plan.Id = UserNamespace.OwnId(MasterDescriptors.PumpIdBase);
        plan.Executable = LaunchRecord.Get(LaunchDescriptor.PumpExe);
        plan.Descriptors = descriptors;
        plan.Count = 4;
        plan.Arguments = arguments;
        plan.Environment = environment;
        return s_process.Start(ref plan);
    }

    private static void Add(int* descriptors, ref int count, ref uint bits, PumpDescriptor kind, int fd)
    {
        if (fd < 0)
            return;
        descriptors[count++] = fd;
        bits |= 1u << (int)kind;
    }

    private static bool Send(ref PumpNote note, int* descriptors, int count)
    {
        byte* buffer = stackalloc byte[NoteBytes];
        Codec c = Codec.Writer(buffer, NoteBytes);
        note.Fields(ref c);
        return c.Ok && Channel.Send(s_process.Socket, buffer, c.Position, descriptors, count, MSG_DONTWAIT);
    }
}
