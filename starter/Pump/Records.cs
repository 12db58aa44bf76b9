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
            default: return Plain(to, stream == AttachFrame.Stderr ? " stderr "u8 : " stdout "u8, text, length);
        }
    }

    // CRI: P is a piece whose line goes on in the next record of its stream.
    private static ReadOnlySpan<byte> Prefix(byte stream, bool whole) =>
        stream == AttachFrame.Stderr
            ? whole ? " stderr F "u8 : " stderr P "u8
            : whole ? " stdout F "u8 : " stdout P "u8;

    private static int Plain(byte* to, ReadOnlySpan<byte> prefix, byte* text, int length)
    {
        Bytes.Copy(to, TimeStamp.Last, TimeStamp.Length);
        int at = TimeStamp.Length;
        at += Bytes.Copy(to + at, prefix);
        Bytes.Copy(to + at, text, length);
        at += length;
        to[at] = (byte)'\n';
        return at + 1;
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
