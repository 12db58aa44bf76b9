namespace Engine.Starter.Pump;

/// <summary>
/// Cuts a stream into the texts of records: lines without their newline and one carriage return before it, and pieces of lines
/// that are longer than a record. The beginning of a line waits for its end, across reads.
/// </summary>
internal static unsafe class LineSplitter
{
    private struct Waiting
    {
        public int Stdout, Stderr;
    }

    // Bytes of the unfinished line in Memory.Line.
    private static Waiting s_waiting;

    /// <summary>Takes a read of one stream, writes every record that it completes.</summary>
    public static void Feed(byte stream, byte* at, int count)
    {
        ref int waiting = ref Of(stream);
        byte* line = Memory.Line(stream - 1);
        while (count > 0)
        {
            if (waiting == 0)
            {
                int done = LogFile.AddLines(stream, at, count);
                at += done;
                count -= done;
                if (count == 0)
                    return;
            }

            // A line of exactly the limit is whole: the newline behind it decides.
            int room = Records.PieceBytes - waiting;
            int newline = Bytes.Newline(at, count > room ? room + 1 : count);
            if (newline < 0 && count <= room)
            {
                Bytes.Copy(line + waiting, at, count);
                waiting += count;
                return;
            }

            int taken = newline >= 0 ? newline : room;
            byte* text = at;
            int length = taken;
            if (waiting > 0)
            {
                Bytes.Copy(line + waiting, at, taken);
                text = line;
                length = waiting + taken;
            }

            at += taken;
            count -= taken;
            waiting = 0;
            if (newline >= 0)
            {
                at++;
                count--;
                Line(stream, text, length);
                continue;
            }

            int whole = CompleteCharacters(text, length);
            LogFile.Add(stream, false, text, whole);
            Bytes.Copy(line, text + whole, length - whole);
            waiting = length - whole;
        }
    }

    /// <summary>The stream ended: what waits for its newline is written as a piece that never gets one.</summary>
    public static void End(byte stream)
    {
        ref int waiting = ref Of(stream);
        if (waiting > 0)
            LogFile.Add(stream, false, Memory.Line(stream - 1), waiting);
        waiting = 0;
    }

    /// <summary>Gives back the pages of lines that are finished.</summary>
    public static void Trim()
    {
        if (s_waiting.Stdout == 0)
            Bytes.Release(Memory.Line(0), Records.PieceBytes);
        if (s_waiting.Stderr == 0)
            Bytes.Release(Memory.Line(1), Records.PieceBytes);
    }

    private static ref int Of(byte stream)
    {
        if (stream == Engine.Shared.Protocol.AttachFrame.Stderr)
            return ref s_waiting.Stderr;
        return ref s_waiting.Stdout;
    }

    private static void Line(byte stream, byte* text, int length)
    {
        if (length > 0 && text[length - 1] == '\r')
            length--;
        LogFile.Add(stream, true, text, length);
    }

    // A piece ends between two characters: JSON could not represent half of one.
    private static int CompleteCharacters(byte* text, int length)
    {
        for (int back = 1; back <= 3 && back < length; back++)
        {
            byte b = text[length - back];
            if ((b & 0xc0) == 0x80)
                continue;
            int n = b < 0x80 ? 0 : JsonText.Utf8(text + length - back, back, out bool whole);
            // Only a sequence that is right so far can still become a character.
            return n == back && !IsWhole(text + length - back, back) ? length - back : length;
        }
        return length;
    }

    private static bool IsWhole(byte* at, int available)
    {
        JsonText.Utf8(at, available, out bool whole);
        return whole;
    }
}
