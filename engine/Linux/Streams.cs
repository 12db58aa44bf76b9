using System.Runtime.InteropServices;
using Engine.Rpc.Linux;
using Engine.Shared.Linux;

namespace Engine.Linux;

/// <summary>Reading and writing whatever a command was given as its standard streams, in either blocking mode, and waiting for several.</summary>
public static unsafe partial class Streams
{
    /// <summary>Waits at most <paramref name="milliseconds"/> (-1 for ever) for the entries; an interrupted wait reports nothing.</summary>
    public static void Poll(Span<pollfd> entries, int milliseconds)
    {
        fixed (pollfd* at = entries)
        {
            if (Libc.poll(at, (ulong)entries.Length, milliseconds) >= 0)
            {
                return;
            }

            int errno = Marshal.GetLastPInvokeError();
            if (errno != Errno.EINTR)
            {
                throw new SyscallException("poll", "", errno);
            }

            foreach (ref pollfd entry in entries)
            {
                entry.revents = 0;
            }
        }
    }

    /// <summary>One read; 0 at the end, null when there is nothing now. A terminal that was hung up and a stream that this process was not given have ended.</summary>
    /// <exception cref="SyscallException"/>
    public static int? Read(int fd, Span<byte> buffer)
    {
        fixed (byte* at = buffer)
        {
            nint n = read(fd, at, (nuint)buffer.Length);
            if (n >= 0)
            {
                return (int)n;
            }

            int errno = Marshal.GetLastPInvokeError();
            return errno switch
            {
                Errno.EAGAIN or Errno.EINTR => null,
                Errno.EIO or Errno.EBADF => 0,
                _ => throw new SyscallException("read", $"descriptor {fd}", errno),
            };
        }
    }

    /// <summary>Writes everything, waiting for room as long as it takes.</summary>
    /// <exception cref="SyscallException">EPIPE: nobody reads it any more.</exception>
    public static void WriteAll(int fd, ReadOnlySpan<byte> bytes)
    {
        fixed (byte* start = bytes)
        {
            int done = 0;
            while (done < bytes.Length)
            {
                nint n = Libc.write(fd, start + done, (nuint)(bytes.Length - done));
                if (n >= 0)
                {
                    done += (int)n;
                    continue;
                }

                int errno = Marshal.GetLastPInvokeError();
                if (errno == Errno.EAGAIN)
                {
                    // Whoever gave us the descriptor had made it non-blocking; it is theirs, so it stays that.
                    Poll([new pollfd { fd = fd, events = poll_h.POLLOUT }], -1);
                }
                else if (errno != Errno.EINTR)
                {
                    throw new SyscallException("write", $"descriptor {fd}", errno);
                }
            }
        }
    }

    // Its own name, since others of this folder read files.
    [LibraryImport("libc", SetLastError = true)]
    private static partial nint read(int fd, byte* buffer, nuint count);
}
