using System.Runtime.InteropServices;
using Engine.Rpc.Linux;
using Engine.Shared.Protocol;
using Engine.Shared.Wire;

namespace Engine.Rpc.Transport;

/// <summary>
/// Buffer for one datagram and the descriptors that came with it. Texts read from it are valid until the next receive
/// into it. Descriptors belong to the message until they are taken, each once; what is left is closed by the next receive
/// and by Dispose. Not thread-safe.
/// </summary>
public sealed unsafe class ReceivedMessage : IDisposable
{
    private readonly int[] _fds = new int[Limits.Descriptors];
    private byte* _buffer = (byte*)NativeMemory.Alloc(Limits.Frame);

    /// <summary>Bytes received.</summary>
    public int Length { get; private set; }

    /// <summary>Descriptors received, taken or not.</summary>
    public int DescriptorCount { get; private set; }

    /// <summary>The bytes.</summary>
    public ReadOnlySpan<byte> Bytes => new(Buffer, Length);

    internal byte* Buffer
    {
        get
        {
            ObjectDisposedException.ThrowIf(_buffer == null, this);
            return _buffer;
        }
    }

    /// <summary>A codec over the bytes.</summary>
    public Codec Reader() => Codec.Reader(Buffer, Length);

    /// <summary>Reads a datagram that is one message without an envelope (<see cref="Launch"/>, <see cref="LaunchResult"/>).</summary>
    public WireStatus Read<T>(out T message)
        where T : struct, IMessage
    {
        message = default;
        var codec = Reader();
        message.Fields(ref codec);
        codec.End();
        return codec.Status;
    }

    /// <summary>Ownership of descriptor <paramref name="index"/> passes to the caller.</summary>
    public SafeFd Take(int index)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)index, (uint)DescriptorCount);
        int fd = _fds[index];
        if (fd < 0)
        {
            throw new InvalidOperationException($"descriptor {index} was taken before");
        }

        _fds[index] = -1;
        return new SafeFd(fd);
    }

    /// <summary>Closes what was not taken and forgets the bytes.</summary>
    public void Clear()
    {
        for (int i = 0; i < DescriptorCount; i++)
        {
            if (_fds[i] >= 0)
            {
                _ = Libc.close(_fds[i]);
                _fds[i] = -1;
            }
        }

        DescriptorCount = 0;
        Length = 0;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Clear();
        NativeMemory.Free(_buffer);
        _buffer = null;
    }

    internal void Set(int length) => Length = length;

    /// <summary>Takes one descriptor of a control message in; false when there are more than the protocol allows (it is closed).</summary>
    internal bool Adopt(int fd)
    {
        if (DescriptorCount == _fds.Length)
        {
            _ = Libc.close(fd);
            return false;
        }

        _fds[DescriptorCount++] = fd;
        return true;
    }
}
