using Engine.Rpc.Linux;
using Engine.Shared.Linux;

namespace Engine.Linux;

/// <summary>Ends another thread's wait in poll: an eventfd. Owned by who makes it; <see cref="Set"/> may be called from any thread.</summary>
public sealed unsafe class WakeUp : IDisposable
{
    private readonly SafeFd _event;

    /// <summary>Not set.</summary>
    public WakeUp()
    {
        int fd = Libc.eventfd(0, poll_h.EFD_CLOEXEC | poll_h.EFD_NONBLOCK);
        _event = fd >= 0 ? new SafeFd(fd) : throw SyscallException.Last("eventfd");
    }

    /// <summary>Readable while set.</summary>
    public int Descriptor => _event.Value;

    /// <summary>Sets it; after Dispose without effect.</summary>
    public void Set()
    {
        try
        {
            _ = Libc.eventfd_write(_event.Value, 1);
        }
        catch (ObjectDisposedException)
        {
            // The waiter has left.
        }
    }

    /// <summary>Takes the setting back.</summary>
    public void Clear()
    {
        ulong value;
        _ = Libc.eventfd_read(_event.Value, &value);
    }

    /// <inheritdoc/>
    public void Dispose() => _event.Dispose();
}
