using Engine.Shared.Protocol;

namespace Engine.Starter.Pump;

/// <summary>
/// One line of output, or a piece of a long one, as one record of the log. In every format a record is one line: it ends in the
/// only newline it has, so that no text can forge a record.
/// </summary>
internal static unsafe class Records
{
    /// <summary>The longest text of one record; a longer line becomes several. What containerd and Docker use.</summary>
    public const int PieceBytes = 16 * 1024;

    /// <summary>The longest record: JSON makes six bytes of a control character.</summary>
    public const int MaxBytes = 6 * PieceBytes + 256;

    /// <summary>Bytes that may be read or written behind a text or a record.</summary>
    public const int Slack = 64;

    // The longest header in whole words.
    private const int HeaderRoom = 40;

    /// <summary>Chosen once, at setup.</summary>
    public static LogFormat Format;

    /// <summary>
    /// Writes a record with the time of the last <see cref="TimeStamp.Now"/>; <paramref name="to"/> has room for
    /// <see cref="MaxBytes"/>. <paramref name="whole"/>: the text is a line or the last piece of one. Returns its bytes.
    /// </summary>
    public static int Write(byte* to, byte stream, bool whole, byte* text, int length)
    {
        switch (Format)
        {
            case LogFormat.Json: return Json(to, stream, whole, text, length);
            case LogFormat.Kubernetes: return Plain(to, Prefix(stream, whole), text, length);
            default: return Plain(to, StreamName(stream), text, length);
        }
    }

    /// <summary>
    /// The common case at once: writes the records of the whole lines that <paramref name="at"/> begins with, as long as each fits
    /// a record and <paramref name="room"/>. Returns their bytes; <paramref name="used"/> is how much of the text they took. Text
    /// formats only; both memories have <see cref="Slack"/> bytes behind them.
    /// </summary>
    public static int Lines(byte* to, int room, byte stream, byte* at, int count, out int used)
    {
        byte* header = stackalloc byte[HeaderRoom];
        int headerLength = Header(header, stream);
        byte* begin = to;
        byte* text = at;
        byte* end = at + count;
        byte* full = to + room - MaxBytes;
        while (to <= full)
        {
            CopyHeader(to, header);
            byte* line = to + headerLength;
            int length = CopyLine(line, text, end);
            if (length < 0)
                break;
            text += length + 1;
            if (length > 0 && line[length - 1] == '\r')
                line[--length] = (byte)'\n';
            to = line + length + 1;
        }
        used = (int)(text - at);
        return (int)(to - begin);
    }

    private static ReadOnlySpan<byte> StreamName(byte stream) => stream == AttachFrame.Stderr ? " stderr "u8 : " stdout "u8;

    // CRI: P is a piece whose line goes on in the next record of its stream.
    private static ReadOnlySpan<byte> Prefix(byte stream, bool whole) =>
        stream == AttachFrame.Stderr
            ? whole ? " stderr F "u8 : " stderr P "u8
            : whole ? " stdout F "u8 : " stdout P "u8;

    private static int Header(byte* to, byte stream)
    {
        Bytes.Copy(to, TimeStamp.Last, TimeStamp.Length);
        ReadOnlySpan<byte> prefix = Format == LogFormat.Kubernetes ? Prefix(stream, true) : StreamName(stream);
        return TimeStamp.Length + Bytes.Copy(to + TimeStamp.Length, prefix);
    }

    // All of its room: shorter to do than to count.
    private static void CopyHeader(byte* to, byte* from)
    {
        for (int i = 0; i < HeaderRoom; i += 8)
            *(ulong*)(to + i) = *(ulong*)(from + i);
    }

    // Copies up to and with the newline, looking for it on the way. The length of the line without it; -1 when there is none, or
    // none within a record. Up to seven bytes behind it are copied, too, and overwritten by the next record.
    private static int CopyLine(byte* to, byte* text, byte* end)
    {
        byte* limit = end - text > PieceBytes + 1 ? text + PieceBytes + 1 : end;
        for (byte* at = text; at < limit; at += 8, to += 8)
        {
            ulong word = *(ulong*)at;
            *(ulong*)to = word;
            int newline = Bytes.NewlineIn(word);
            if (newline >= 0)
                return at + newline < limit ? (int)(at - text) + newline : -1;
        }
        return -1;
    }

    private static int Plain(byte* to, ReadOnlySpan<byte> prefix, byte* text, int length)
    {
        Bytes.Copy(to, TimeStamp.Last, TimeStamp.Length);
        byte* at = to + TimeStamp.Length;
        at += Bytes.Copy(at, prefix);
        Bytes.Copy(at, text, length);
        at[length] = (byte)'\n';
        return (int)(at - to) + length + 1;
    }

    private static int Json(byte* to, byte stream, bool whole, byte* text, int length)
    {
        int at = Bytes.Copy(to, "{\"time\":\""u8);
        Bytes.Copy(to + at, TimeStamp.Last, TimeStamp.Length);
        at += TimeStamp.Length;
        at += Bytes.Copy(to + at, stream == AttachFrame.Stderr ? "\",\"stream\":\"stderr\""u8 : "\",\"stream\":\"stdout\""u8);
        at += Bytes.Copy(to + at, whole ? ",\"log\":\""u8 : ",\"partial\":true,\"log\":\""u8);
        at += JsonText.Escape(to + at, text, length);
        at += Bytes.Copy(to + at, "\"}\n"u8);
        return at;
    }
}
