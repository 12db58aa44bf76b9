using Engine.Shared.Protocol;
using System.Runtime.CompilerServices;

namespace Engine.Starter.Pump;

/// <summary>How a client speaks.</summary>
internal enum ClientMode : byte
{
    /// <summary>It has said nothing yet, or the beginning of the magic. Output for it waits, at most <see cref="Client.Patience"/>.</summary>
    Unknown = 0,

    /// <summary>Bytes in, bytes out.</summary>
    Raw = 1,

    /// <summary><see cref="AttachFrame"/>s both ways.</summary>
    Framed = 2,
}

/// <summary>One attach connection. The positions are those of <see cref="Ring"/>.</summary>
internal unsafe struct Client
{
    /// <summary>What may remain of a frame that the ring dropped while it was being sent.</summary>
    public const int StashBytes = Ring.FrameContent + 64;

    /// <summary>Nanoseconds that output waits for a client's first bytes, and the rest of the magic for its beginning.</summary>
    public const long Patience = 50_000_000;

    private const int ControlBytes = 64;

    /// <summary>The connection; -1 for a free slot.</summary>
    public int Fd;

    public ClientMode Mode;
    public AttachFlow Flow;

    /// <summary>Its sending side is closed; output goes on.</summary>
    public bool InputEnded;

    /// <summary>It takes no more output; what it has sent is still read.</summary>
    public bool OutputEnded;

    /// <summary>The socket was full: poll for POLLOUT.</summary>
    public bool Blocked;

    /// <summary>The replay has not been closed by a ReplayEnd frame yet.</summary>
    public bool Replaying;

    /// <summary>The last frame is queued.</summary>
    public bool Finished;

    /// <summary>CLOCK_MONOTONIC until which output is held; 0 when it flows.</summary>
    public long HoldUntil;

    /// <summary>CLOCK_MONOTONIC until which the beginning of the magic is not taken for input; 0 for none.</summary>
    public long GuessUntil;

    /// <summary>The next byte of the ring that it gets.</summary>
    public ulong Position;

    /// <summary>Where the frame that Position lies in ends; equal to Position between frames.</summary>
    public ulong FrameEnd;

    /// <summary>Content bytes of all frames before FrameEnd.</summary>
    public ulong Content;

    /// <summary>Stream of the frame that Position lies in.</summary>
    public byte Tag;

    /// <summary>Where its replay ends.</summary>
    public ulong ReplayEnd;

    /// <summary>Bytes of <see cref="Control"/> still to be sent, before anything else.</summary>
    public int ControlAt, ControlLength;

    /// <summary>Bytes of its stash still to be sent, after Control, before the ring.</summary>
    public int StashAt, StashLength;

    /// <summary>Input: bytes of magic or frame header so far.</summary>
    public int HeaderLength;

    /// <summary>Input: content of the current frame still to come, and what came of a short one.</summary>
    public uint InputLeft;
    public int ShortLength;

    public fixed byte Control[ControlBytes];
    public fixed byte Header[8];
    public fixed byte Short[8];

    /// <summary>Between two frames of the ring, and nothing of an old one left.</summary>
    public readonly bool AtBoundary => Position == FrameEnd && StashLength == 0;

    /// <summary>Bytes of our own that are queued.</summary>
    public readonly int ControlLeft => ControlLength - ControlAt;

    /// <summary>Queues bytes of our own; the callers never queue more than fits (a magic, a header, a gap, two ends).</summary>
    public byte* Queue(int count)
    {
        if (ControlAt == ControlLength)
            ControlAt = ControlLength = 0;
        fixed (byte* p = Control)
        {
            byte* at = p + ControlLength;
            ControlLength += count;
            return at;
        }
    }

    /// <summary>Queues a whole frame with a big-endian number of <paramref name="length"/> bytes as its content.</summary>
    public void QueueFrame(byte tag, int length, ulong number)
    {
        byte* at = Queue(AttachFrame.HeaderBytes + length);
        Ring.WriteHeader(at, tag, (uint)length);
        for (int i = 0; i < length; i++)
            at[AttachFrame.HeaderBytes + i] = (byte)(number >> (8 * (length - 1 - i)));
    }
}

/// <summary>The slots.</summary>
[InlineArray(Clients.Max)]
internal struct ClientTable
{
    public Client First;
}
