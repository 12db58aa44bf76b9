namespace Engine.Starter.Pump;

/// <summary>
/// Every large buffer, in bss: a page that was never written costs nothing, and <see cref="Trim"/> gives back what a burst has
/// touched. The sizes are this program's limits.
/// </summary>
internal static unsafe class Memory
{
    /// <summary>One read of the payload's output: a full pipe.</summary>
    public const int ReadBytes = 64 * 1024;

    /// <summary>Records between two writes of the log; several of the largest.</summary>
    public const int LogBytes = 512 * 1024;

    /// <summary>Ring of attach output, twice the largest replay window: replaying goes on while new output comes.</summary>
    public const int RingBytes = 2 * 1024 * 1024;

    /// <summary>Input of all clients that the payload has not read yet.</summary>
    public const int StdinBytes = 64 * 1024;

    /// <summary>One read of a client's input.</summary>
    public const int ReceiveBytes = 32 * 1024;

    private struct Blocks
    {
        public fixed byte Read[ReadBytes + Records.Slack];
        public fixed byte Log[LogBytes + Records.Slack];
        public fixed byte LogTail[Records.MaxBytes];
        public fixed byte Ring[RingBytes];
        public fixed byte Stdin[StdinBytes];
        public fixed byte Receive[ReceiveBytes];
        public fixed byte Stashes[Clients.Max * Client.StashBytes];
        public fixed byte Lines[2 * Records.PieceBytes];
    }

    private static Blocks s_blocks;

    // Bytes moved since the last Trim: less than this is not worth a system call.
    private const long WorthTrimming = 16 * 1024;
    private const long TrimInterval = 1_000_000_000;

    private static long s_touched;
    private static long s_trimAt;

    public static byte* Read => Address(ref s_blocks.Read[0]);

    public static byte* Log => Address(ref s_blocks.Log[0]);

    public static byte* LogTail => Address(ref s_blocks.LogTail[0]);

    public static byte* Ring => Address(ref s_blocks.Ring[0]);

    public static byte* Stdin => Address(ref s_blocks.Stdin[0]);

    public static byte* Receive => Address(ref s_blocks.Receive[0]);

    /// <summary>The stash of client <paramref name="index"/>.</summary>
    public static byte* Stash(int index) => Address(ref s_blocks.Stashes[0]) + index * Client.StashBytes;

    /// <summary>The unfinished line of stream 0 (stdout) or 1 (stderr).</summary>
    public static byte* Line(int stream) => Address(ref s_blocks.Lines[0]) + stream * Records.PieceBytes;

    /// <summary>Says that buffers were written.</summary>
    public static void Touched(int bytes) => s_touched += bytes;

    /// <summary>When <see cref="Trim"/> has something to do; 0 for never.</summary>
    public static long TrimAt(long now)
    {
        if (s_touched < WorthTrimming)
            return 0;
        if (s_trimAt == 0)
            s_trimAt = now + TrimInterval;
        return s_trimAt;
    }

    /// <summary>Gives back every page that holds nothing: call between two rounds of the loop, when no buffer is in use by a caller.</summary>
    public static void Trim()
    {
        s_touched = 0;
        s_trimAt = 0;
        Bytes.Release(Read, ReadBytes);
        Bytes.Release(Receive, ReceiveBytes);
        Bytes.Release(Log, LogBytes);
        LogFile.Trim();
        Pump.Ring.Trim();
        Stdio.Trim();
        Clients.Trim();
    }

    private static byte* Address(ref byte first)
    {
        // Static memory never moves.
        fixed (byte* p = &first)
            return p;
    }
}
