using Engine.Shared.Protocol;

namespace Engine.Starter.Pump;

/// <summary>
/// The container's log. Records gather in a buffer and are written at the end of each read of output. A write that fails
/// (no space, an I/O error) never holds the payload up: records are counted instead of written, a record that got halfway is
/// finished first when writing works again, and a record in the log then says how many are missing.
/// </summary>
internal static unsafe class LogFile
{
    private const long RetryInterval = 1_000_000_000;

    private static int s_fd;
    private static bool s_open;
    private static int s_used;

    // The end of a record whose beginning is in the file, at Memory.LogTail.
    private static int s_tailAt;
    private static int s_tailLength;

    private static ulong s_lostRecords;
    private static ulong s_lostBytes;
    private static int s_lostErrno;

    /// <summary>When a failed write is tried again although no output came; 0 for never.</summary>
    public static long RetryAt { get; private set; }

    private static bool Failing => s_tailLength > 0 || s_lostRecords > 0;

    /// <summary>Takes over a log, at setup or reopened; the one before is closed.</summary>
    public static void Open(int fd)
    {
        Flush();
        if (s_open)
        {
            // The rest of a half-written record belongs to the old file; it has one more chance to get there.
            if (s_tailLength > 0 && !FinishTail())
                GiveUpTail();
            Sys.close(s_fd);
        }
        s_fd = fd;
        s_open = true;
        EndForeignRecord();
        Retry(0);
    }

    /// <summary>Adds one record. See <see cref="Records.Write"/>.</summary>
    public static void Add(byte stream, bool whole, byte* text, int length)
    {
        if (!s_open)
            return;
        if (Memory.LogBytes - s_used < Records.MaxBytes)
            Flush();
        s_used += Records.Write(Memory.Log + s_used, stream, whole, text, length);
    }

    /// <summary>Adds the records of the whole lines that the text begins with, as far as <see cref="Records.Lines"/> does it; returns how much it took.</summary>
    public static int AddLines(byte stream, byte* text, int count)
    {
        if (!s_open || Records.Format == LogFormat.Json)
            return 0;
        int taken = 0;
        while (true)
        {
            if (Memory.LogBytes - s_used < Records.MaxBytes)
                Flush();
            s_used += Records.Lines(Memory.Log + s_used, Memory.LogBytes - s_used, stream, text + taken, count - taken, out int used);
            taken += used;
            // It stops for a full buffer, or for what is no whole line.
            if (Memory.LogBytes - s_used >= Records.MaxBytes)
                return taken;
        }
    }

    /// <summary>Writes what was added.</summary>
    public static void Flush()
    {
        if (s_used == 0)
            return;
        byte* buffer = Memory.Log;
        int count = s_used;
        s_used = 0;
        Memory.Touched(count);
        if (Failing && !Recover())
        {
            Lose(buffer, count);
            return;
        }

        int done = 0;
        while (done < count)
        {
            long n = Sys.write(s_fd, buffer + done, (ulong)(count - done));
            if (n <= 0)
            {
                Interrupted(buffer, done, count, n);
                return;
            }
            done += (int)n;
        }
    }

    /// <summary>Tries to go on after a failure; <paramref name="now"/> is CLOCK_MONOTONIC, 0 for "at once, and as often as asked".</summary>
    public static void Retry(long now)
    {
        if (s_open && Failing && !Recover() && now != 0)
            RetryAt = now + RetryInterval;
    }

    /// <summary>Arms <see cref="RetryAt"/> after a failure.</summary>
    public static void Arm(long now)
    {
        if (!Failing)
            RetryAt = 0;
        else if (RetryAt == 0)
            RetryAt = now + RetryInterval;
    }

    /// <summary>Gives back memory that only failures use.</summary>
    public static void Trim()
    {
        if (s_tailLength == 0)
            Bytes.Release(Memory.LogTail, Records.MaxBytes);
    }

    // The write stopped behind buffer[0..done): the record that is cut there is kept, those behind it are lost.
    private static void Interrupted(byte* buffer, int done, int count, long result)
    {
        s_lostErrno = (int)-result;
        int next = done;
        if (done > 0 && buffer[done - 1] != '\n')
            next = done + Bytes.Newline(buffer + done, count - done) + 1;
        Bytes.Copy(Memory.LogTail, buffer + done, next - done);
        s_tailAt = 0;
        s_tailLength = next - done;
        Lose(buffer + next, count - next);
    }

    // A record has exactly one newline, its last byte.
    private static void Lose(byte* at, int count)
    {
        s_lostBytes += (ulong)count;
        while (count > 0)
        {
            int length = Bytes.Newline(at, count) + 1;
            at += length;
            count -= length;
            s_lostRecords++;
        }
    }

    // True once the file is in order again: the half record finished, the gap marked.
    private static bool Recover()
    {
        if (!FinishTail())
            return false;
        if (s_lostRecords == 0)
            return true;

        TimeStamp.Now();
        byte* text = stackalloc byte[256];
        var builder = new TextBuilder(text, 256);
        builder.Append("engine: "u8);
        builder.AppendDecimal(s_lostRecords);
        builder.Append(" log records ("u8);
        builder.AppendDecimal(s_lostBytes);
        builder.Append(" bytes) are missing here: the log could not be written ("u8);
        builder.Append(Errno.Name(s_lostErrno));
        builder.Append((byte)')');
        s_tailAt = 0;
        s_tailLength = Records.Write(Memory.LogTail, AttachFrame.Stderr, true, text, builder.Length);
        long n = Sys.write(s_fd, Memory.LogTail, (ulong)s_tailLength);
        if (n <= 0)
        {
            // Nothing of the mark is in the file: it will be made anew, with a larger number.
            s_tailLength = 0;
            return false;
        }
        // From its first byte on the mark is a record like any other.
        s_tailAt = (int)n;
        s_lostRecords = 0;
        s_lostBytes = 0;
        return FinishTail();
    }

    private static bool FinishTail()
    {
        while (s_tailAt < s_tailLength)
        {
            long n = Sys.write(s_fd, Memory.LogTail + s_tailAt, (ulong)(s_tailLength - s_tailAt));
            if (n <= 0)
            {
                s_lostErrno = (int)-n;
                return false;
            }
            s_tailAt += (int)n;
        }
        s_tailAt = 0;
        s_tailLength = 0;
        return true;
    }

    private static void GiveUpTail()
    {
        s_lostRecords++;
        s_lostBytes += (ulong)(s_tailLength - s_tailAt);
        s_tailAt = 0;
        s_tailLength = 0;
    }

    // A pump that was killed while it wrote leaves half a record. Ended here, it is one damaged line and not the beginning of the next.
    private static void EndForeignRecord()
    {
        stat status = default;
        if ((Sys.fcntl(s_fd, F_GETFL, 0) & O_ACCMODE) != O_RDWR || Sys.fstat(s_fd, &status) != 0)
            return;
        byte last = (byte)'\n';
        if (status.st_size > 0 && Sys.pread(s_fd, &last, 1, status.st_size - 1) == 1 && last != '\n')
        {
            last = (byte)'\n';
            Sys.write(s_fd, &last, 1);
        }
    }
}
