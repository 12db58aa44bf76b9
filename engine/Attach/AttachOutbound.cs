using System.Runtime.InteropServices;
using Engine.Linux;
using Engine.Rpc.Linux;
using Engine.Shared.Linux;
using Engine.Shared.Protocol;

namespace Engine.Attach;

/// <summary>What goes to the server: frames, sent as the socket takes them. A server that is gone is noticed where it is read.</summary>
internal sealed class AttachOutbound(SafeFd socket, WakeUp wake, bool isForeground)
{
    private readonly List<byte> _queue = [];
    private readonly object _lock = new();
    private TerminalSize? _size;
    private bool _isHolding;
    private bool _isGone;

    /// <summary>The socket was full.</summary>
    public bool IsBlocked { get; private set; }

    /// <summary>Nothing waits: more input may be read.</summary>
    public bool IsEmpty => _queue.Count == 0;

    /// <summary>Frames are added here.</summary>
    public List<byte> Queue => _queue;

    /// <summary>The terminal has this size; from any thread.</summary>
    public void Resize(TerminalSize size)
    {
        lock (_lock)
        {
            _size = size;
        }

        wake.Set();
    }

    /// <summary>A foreground session asks the payload to wait while too much waits here, and to go on later.</summary>
    public void HoldIfNeeded(long waiting)
    {
        bool hold = _isHolding ? waiting >= AttachInbound.LowMark : waiting >= AttachInbound.HighMark;
        if (isForeground && hold != _isHolding)
        {
            _isHolding = hold;
            AttachFrameWriter.Flow(_queue, hold ? AttachFlow.Hold : AttachFlow.Lossless);
        }
    }

    /// <summary>Sends what there is room for.</summary>
    public void Send()
    {
        lock (_lock)
        {
            if (_size is { } size)
            {
                AttachFrameWriter.Resize(_queue, (ushort)size.Rows, (ushort)size.Columns);
                _size = null;
            }
        }

        IsBlocked = false;
        while (_queue.Count > 0 && !_isGone)
        {
            try
            {
                int sent = UnixSockets.Send(socket, CollectionsMarshal.AsSpan(_queue));
                if (sent < 0)
                {
                    IsBlocked = true;
                    return;
                }

                _queue.RemoveRange(0, sent);
            }
            catch (SyscallException error) when (error.Errno is Errno.EPIPE or Errno.ECONNRESET)
            {
                _isGone = true;
            }
        }

        if (_isGone)
        {
            _queue.Clear();
        }
    }
}
