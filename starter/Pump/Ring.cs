using Engine.Shared.Protocol;

namespace Engine.Starter.Pump;

/// <summary>
/// The last output, once, for all clients: a ring of frames exactly as a framed client gets them, so that sending is copying
/// ranges. Positions count bytes since the beginning and never wrap; each client has its own. What a new client is shown first
/// is the window at the end; the rest of the ring is how far a client may fall behind before it loses bytes.
/// </summary>
internal static unsafe class Ring
{
    /// <summary>Content of one frame. Small enough that the window is cut finely, large enough that headers do not matter.</summary>
    public const int FrameContent = 8 * 1024;

    private const uint SmallestCapacity = 256 * 1024;

    private static uint s_capacity;
    private static uint s_window;

    /// <summary>Where the next frame goes.</summary>
    public static ulong Head { get; private set; }

    /// <summary>The oldest frame that is still there.</summary>
    public static ulong Tail { get; private set; }

    /// <summary>Content bytes of all frames before <see cref="Tail"/>.</summary>
    public static ulong TailContent { get; private set; }

    /// <summary>Where a new client begins.</summary>
    public static ulong Window { get; private set; }

    /// <summary>Content bytes of all frames before <see cref="Window"/>.</summary>
    public static ulong WindowContent { get; private set; }

    /// <summary>Chooses the sizes, once; <paramref name="window"/> is cut to what the memory holds twice.</summary>
    public static void Setup(uint window)
    {
        s_window = window > Memory.RingBytes / 2 ? Memory.RingBytes / 2 : window;
        s_capacity = SmallestCapacity;
        while (s_capacity < 2 * s_window)
            s_capacity *= 2;
    }

    /// <summary>Adds output. Frames that have to make room are offered to the clients that are in the middle of them.</summary>
    public static void Append(byte stream, byte* at, int count)
    {
        Memory.Touched(count);
        while (count > 0)
        {
            int length = count < FrameContent ? count : FrameContent;
            MakeRoom(AttachFrame.HeaderBytes + (uint)length);
            byte* header = stackalloc byte[AttachFrame.HeaderBytes];
            WriteHeader(header, stream, (uint)length);
            CopyIn(Head, header, AttachFrame.HeaderBytes);
            CopyIn(Head + AttachFrame.HeaderBytes, at, length);
            Head += AttachFrame.HeaderBytes + (uint)length;
            at += length;
            count -= length;
            while (Head - Window > s_window)
            {
                WindowContent += Length(Window);
                Window = Next(Window);
            }
        }
    }

    /// <summary>How many bytes can be added before what is at <paramref name="position"/> is lost.</summary>
    public static int RoomBefore(ulong position)
    {
        ulong used = Head - position;
        ulong room = used >= s_capacity ? 0 : s_capacity - used;
        ulong headers = (room / (FrameContent + AttachFrame.HeaderBytes) + 1) * AttachFrame.HeaderBytes;
        return room <= headers ? 0 : (int)(room - headers);
    }

    /// <summary>Content length of the frame at <paramref name="position"/>.</summary>
    public static uint Length(ulong position) =>
        ((uint)At(position + 1) << 24) | ((uint)At(position + 2) << 16) | ((uint)At(position + 3) << 8) | At(position + 4);

    /// <summary>Stream tag of the frame at <paramref name="position"/>.</summary>
    public static byte Tag(ulong position) => At(position);

    /// <summary>The frame behind the one at <paramref name="position"/>.</summary>
    public static ulong Next(ulong position) => position + AttachFrame.HeaderBytes + Length(position);

    /// <summary>Describes a range as one or two buffers; returns how many.</summary>
    public static int Describe(iovec* vectors, ulong position, ulong count)
    {
        uint at = (uint)position & (s_capacity - 1);
        ulong first = s_capacity - at;
        vectors[0].iov_base = Memory.Ring + at;
        vectors[0].iov_len = count < first ? count : first;
        if (count <= first)
            return 1;
        vectors[1].iov_base = Memory.Ring;
        vectors[1].iov_len = count - first;
        return 2;
    }

    /// <summary>Copies a range out.</summary>
    public static void CopyOut(byte* to, ulong position, int count)
    {
        iovec* parts = stackalloc iovec[2];
        int n = Describe(parts, position, (ulong)count);
        Bytes.Copy(to, (byte*)parts[0].iov_base, (int)parts[0].iov_len);
        if (n == 2)
            Bytes.Copy(to + parts[0].iov_len, (byte*)parts[1].iov_base, (int)parts[1].iov_len);
    }

    /// <summary>Writes a frame header.</summary>
    public static void WriteHeader(byte* to, byte tag, uint length)
    {
        to[0] = tag;
        to[1] = (byte)(length >> 24);
        to[2] = (byte)(length >> 16);
        to[3] = (byte)(length >> 8);
        to[4] = (byte)length;
    }

    /// <summary>Forgets what lies before the window and before every client, and gives its pages back.</summary>
    public static void Trim()
    {
        ulong keep = Clients.Oldest(Window);
        // A client in the middle of a frame keeps the whole frame.
        while (Tail < keep && Next(Tail) <= keep)
            Drop();
        uint from = (uint)Head & (s_capacity - 1);
        uint to = (uint)Tail & (s_capacity - 1);
        if (Head == Tail)
        {
            Bytes.Release(Memory.Ring, s_capacity);
        }
        else if (from < to)
        {
            Bytes.Release(Memory.Ring + from, to - from);
        }
        else
        {
            Bytes.Release(Memory.Ring + from, s_capacity - from);
            Bytes.Release(Memory.Ring, to);
        }
    }

    private static byte At(ulong position) => Memory.Ring[(uint)position & (s_capacity - 1)];

    private static void MakeRoom(uint bytes)
    {
        if (Head + bytes - Tail <= s_capacity)
            return;
        while (Head + bytes - Tail > s_capacity)
            Drop();
        // Before the bytes are overwritten: a frame that a client has begun to get must be finished.
        Clients.Evict(Tail);
    }

    private static void Drop()
    {
        TailContent += Length(Tail);
        Tail = Next(Tail);
    }

    private static void CopyIn(ulong position, byte* from, int count)
    {
        iovec* parts = stackalloc iovec[2];
        int n = Describe(parts, position, (ulong)count);
        Bytes.Copy((byte*)parts[0].iov_base, from, (int)parts[0].iov_len);
        if (n == 2)
            Bytes.Copy((byte*)parts[1].iov_base, from + parts[0].iov_len, (int)parts[1].iov_len);
    }
}
