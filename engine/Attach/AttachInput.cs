using Engine.Linux;

namespace Engine.Attach;

/// <summary>This process's stdin on its way to the payload's, less the detach keys.</summary>
internal sealed class AttachInput(int descriptor, DetachKeys keys)
{
    private readonly DetachFilter _filter = new(keys);
    private readonly List<byte> _passed = [];
    private readonly byte[] _buffer = new byte[16 * 1024];

    /// <summary>To be polled.</summary>
    public int Descriptor => descriptor;

    /// <summary>It has not ended.</summary>
    public bool IsOpen { get; private set; } = true;

    /// <summary>Takes one read; its end closes the payload's stdin. True for the detach keys.</summary>
    public bool Read(AttachOutbound outbound)
    {
        int? count = Streams.Read(descriptor, _buffer);
        if (count is null)
        {
            return false;
        }

        _passed.Clear();
        bool isDetached = count > 0 && _filter.Feed(_buffer.AsSpan(0, count.Value), _passed);
        if (count == 0)
        {
            _filter.End(_passed);
        }

        AttachFrameWriter.Stdin(outbound.Queue, System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_passed));
        if (count == 0)
        {
            IsOpen = false;
            AttachFrameWriter.StdinEnd(outbound.Queue);
        }

        if (isDetached)
        {
            // What was typed before the keys is the payload's.
            outbound.Send();
        }

        return isDetached;
    }
}
