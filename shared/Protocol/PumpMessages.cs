using Engine.Shared.Wire;

namespace Engine.Shared.Protocol;

/// <summary>What a <see cref="PumpNote"/> says.</summary>
public enum PumpNoteKind : uint
{
    None = 0,

    /// <summary>
    /// Supervisor to pump, first: descriptors in the order of <see cref="PumpDescriptor"/> by their bits; sizes and format.
    /// </summary>
    Setup = 1,

    /// <summary>Supervisor to pump: the log was reopened (descriptor 0).</summary>
    Log = 2,

    /// <summary>
    /// Supervisor to pump: the payload ended with Value. Drain what is in the pipes (at most a grace period when somebody
    /// else holds them open), flush the last partial line, give framed clients the status, then exit 0.
    /// </summary>
    Exited = 3,

    /// <summary>
    /// Pump to supervisor: the payload's stdin is closed for good (an attach client ended it, or the payload closed it). The
    /// supervisor closes its duplicate, or the payload would never see the end, and leaves it out of a later Setup.
    /// </summary>
    StdinClosed = 4,
}

/// <summary>Descriptors of the pump's Setup.</summary>
public enum PumpDescriptor
{
    /// <summary>Write end of the payload's stdin, absent with a terminal.</summary>
    Stdin = 0,

    /// <summary>Read end of stdout, or the terminal's master side.</summary>
    Stdout = 1,

    /// <summary>Read end of stderr, absent with a terminal.</summary>
    Stderr = 2,

    /// <summary>
    /// Log file, absent for no log; O_APPEND. With O_RDWR the pump ends a record that a killed predecessor left half-written.
    /// </summary>
    Log = 3,

    /// <summary>Listening attach.sock.</summary>
    Attach = 4,
}

/// <summary>Supervisor to pump on the pump's descriptor 3. A lost supervisor (end of file) does not stop a pump whose streams are open.</summary>
public struct PumpNote : IMessage
{
    public uint Kind;

    /// <summary>Setup: bits of <see cref="PumpDescriptor"/>.</summary>
    public uint Descriptors;

    /// <summary>Setup: 1 when Stdout is a terminal's master side.</summary>
    public uint Terminal;

    /// <summary>Setup: a <see cref="Protocol.LogFormat"/>.</summary>
    public uint LogFormat;

    /// <summary>Setup: bytes of the replay ring.</summary>
    public uint RingBytes;

    /// <summary>Exited: exit code.</summary>
    public int Value;

    public void Fields(ref Codec c)
    {
        c.Begin(6);
        c.Value(ref Kind);
        c.Value(ref Descriptors);
        c.Value(ref Terminal);
        c.Value(ref LogFormat);
        c.Value(ref RingBytes);
        c.Value(ref Value);
    }
}

/// <summary>Content of <see cref="AttachFrame.Flow"/>: who waits when a client reads more slowly than the payload writes.</summary>
public enum AttachFlow : byte
{
    /// <summary>Nobody: the client loses the bytes and is told by a Gap.</summary>
    Lossy = 0,

    /// <summary>The payload: its output is not read while this client would lose some. For the client that stands for the payload's own stdout.</summary>
    Lossless = 1,

    /// <summary>As Lossless, and no output is read at all until the client says otherwise. Ends with the client, and when the payload ends.</summary>
    Hold = 2,
}

/// <summary>
/// attach.sock, framed form. A client that sends <see cref="Magic"/> first is answered with the same eight bytes and
/// from then on both directions are frames: tag (1 byte), length (4 bytes, big-endian), content. What a client receives
/// before the answer is raw output, as every client gets it that sends anything else or nothing.
/// </summary>
public static class AttachFrame
{
    /// <summary>Largest content of one frame.</summary>
    public const int MaxContent = 32 * 1024;

    /// <summary>Tag and length.</summary>
    public const int HeaderBytes = 5;

    /// <summary>Client: bytes for stdin; length 0 closes it. Server: never.</summary>
    public const byte Stdin = 0;

    /// <summary>Server: output.</summary>
    public const byte Stdout = 1;

    /// <summary>Server: output.</summary>
    public const byte Stderr = 2;

    /// <summary>Client: rows and columns, 2 bytes each, big-endian.</summary>
    public const byte Resize = 3;

    /// <summary>Server, last: exit code, 4 bytes big-endian.</summary>
    public const byte Exit = 4;

    /// <summary>Server: that many bytes (8, big-endian) were dropped for this client because it read too slowly.</summary>
    public const byte Gap = 5;

    /// <summary>Server: the replay of earlier output ends here, live output follows (length 0).</summary>
    public const byte ReplayEnd = 6;

    /// <summary>
    /// Client: one byte, a <see cref="AttachFlow"/>. A client that never sends it is <see cref="AttachFlow.Lossy"/>.
    /// </summary>
    public const byte Flow = 7;

    /// <summary>Eight bytes.</summary>
    public static System.ReadOnlySpan<byte> Magic => "ENGATT1\n"u8;
}
