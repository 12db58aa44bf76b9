using Engine.Shared.Protocol;

namespace Engine.Starter.Server;

/// <summary>
/// One received datagram and the descriptors that came with it. The bytes lie in a buffer that the owner of the inbox gave
/// it for good. Descriptors belong to the inbox until <see cref="Take"/>; <see cref="CloseAll"/> ends those that nobody took,
/// so that a message with more descriptors than its method wants leaks none.
/// </summary>
internal unsafe struct Inbox
{
    private fixed int _descriptors[Limits.Descriptors];

    /// <summary>Where datagrams are received to.</summary>
    public byte* Buffer;

    /// <summary>Room at <see cref="Buffer"/>; a longer datagram is a protocol error.</summary>
    public int Capacity;

    /// <summary>Bytes of the datagram.</summary>
    public int Length;

    /// <summary>Descriptors that came with it.</summary>
    public int Count;

    /// <summary>An empty inbox over <paramref name="buffer"/>.</summary>
    public Inbox(byte* buffer, int capacity)
    {
        Buffer = buffer;
        Capacity = capacity;
        Length = 0;
        Count = 0;
    }

    /// <summary>Descriptor <paramref name="index"/>, now the caller's to close; -1 when there is none or it was taken.</summary>
    public int Take(int index)
    {
        if (index < 0 || index >= Count)
        {
            return -1;
        }

        int fd = _descriptors[index];
        _descriptors[index] = -1;
        return fd;
    }

    /// <summary>Descriptor <paramref name="index"/>, still the inbox's; -1 when there is none.</summary>
    public readonly int Peek(int index) => index < 0 || index >= Count ? -1 : _descriptors[index];

    /// <summary>Closes what nobody took.</summary>
    public void CloseAll()
    {
        for (int i = 0; i < Count; i++)
        {
            if (_descriptors[i] >= 0)
            {
                Sys.close(_descriptors[i]);
            }
        }

        Count = 0;
    }

    /// <summary>Takes over a received descriptor; one too many is closed and answered with false.</summary>
    internal bool Add(int fd)
    {
        if (Count == Limits.Descriptors)
        {
            Sys.close(fd);
            return false;
        }

        _descriptors[Count++] = fd;
        return true;
    }
}
