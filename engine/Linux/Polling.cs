using System.Runtime.InteropServices;
using Engine.Rpc.Linux;
using Engine.Shared.Linux;

namespace Engine.Linux;

/// <summary>Waiting for descriptors.</summary>
public static unsafe class Polling
{
    /// <summary>Waits until one of two descriptors has something to read, or has hung up. -1 stands for none.</summary>
    public static (bool First, bool Second) Readable(int first, int second)
    {
        pollfd* entries = stackalloc pollfd[2];
        entries[0] = new pollfd { fd = first, events = poll_h.POLLIN };
        entries[1] = new pollfd { fd = second, events = poll_h.POLLIN };
        while (Libc.poll(entries, 2, -1) < 0)
        {
            if (Marshal.GetLastPInvokeError() is var errno && errno != Errno.EINTR)
            {
                throw new SyscallException("poll", "", errno);
            }
        }

        return (entries[0].revents != 0, entries[1].revents != 0);
    }
}
