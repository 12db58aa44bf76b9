using System.Runtime.InteropServices;
using Engine.Rpc.Linux;
using Engine.Shared.Linux;
using Engine.Shared.Protocol;
using Engine.Shared.Wire;

namespace Engine.Rpc.Transport;

/// <summary>What became of a receive.</summary>
public enum ReceiveStatus
{
    /// <summary>A datagram is in the message.</summary>
    Received,

    /// <summary>Nothing there now, or not in time.</summary>
    Nothing,

    /// <summary>The peer closed its end and everything it sent was received.</summary>
    End,
}

/// <summary>
/// Datagrams with descriptors over a connected SOCK_SEQPACKET socket. Owns the socket. The socket may be in either
/// blocking mode: every call here passes MSG_DONTWAIT and waits, where it waits, in poll. Not thread-safe.
/// </summary>
public sealed unsafe class FdChannel : IDisposable
{
    private const int HeaderBytes = 16;

    // The kernel hands over at most 253 descriptors; room for all of them, so that a hostile surplus is seen and closed, not cut.
    private const int ControlBytes = HeaderBytes + (256 * sizeof(int));

    private readonly SafeFd _socket;

    /// <summary>Takes ownership of <paramref name="socket"/>.</summary>
    public FdChannel(SafeFd socket) => _socket = socket;

    /// <summary>The socket, to be polled for reading beside others; still owned here.</summary>
    public SafeFd Socket => _socket;

    /// <summary>Our end of a new pair, and the other one, to be given away. Both close-on-exec, both the caller's.</summary>
    public static (FdChannel Ours, SafeFd Theirs) Pair()
    {
        int* ends = stackalloc int[2];
        if (Libc.socketpair(socket_h.AF_UNIX, socket_h.SOCK_SEQPACKET | socket_h.SOCK_CLOEXEC, 0, ends) != 0)
        {
            throw SyscallException.Last("socketpair", "SOCK_SEQPACKET");
        }

        return (new FdChannel(new SafeFd(ends[0])), new SafeFd(ends[1]));
    }

    /// <summary>
    /// Sends one datagram if the peer's buffer has room now. The descriptors are duplicated by the kernel and stay the
    /// caller's. A datagram is sent whole or not at all. EPIPE and ECONNRESET arrive as <see cref="SyscallException"/>.
    /// </summary>
    /// <returns>False when it would have to wait.</returns>
    public bool TrySend(ReadOnlySpan<byte> bytes, ReadOnlySpan<int> descriptors)
    {
        if (bytes.Length > Limits.Frame || descriptors.Length > Limits.Descriptors)
        {
            throw new ArgumentException($"a datagram of {bytes.Length} bytes and {descriptors.Length} descriptors is over the protocol's limit");
        }

        byte* control = stackalloc byte[HeaderBytes + (Limits.Descriptors * sizeof(int))];
        fixed (byte* start = bytes)
        {
            var vector = new iovec { iov_base = start, iov_len = (ulong)bytes.Length };
            var message = new msghdr { msg_iov = &vector, msg_iovlen = 1 };
            if (descriptors.Length > 0)
            {
                var header = (cmsghdr*)control;
                header->cmsg_len = (ulong)(HeaderBytes + (descriptors.Length * sizeof(int)));
                header->cmsg_level = socket_h.SOL_SOCKET;
                header->cmsg_type = socket_h.SCM_RIGHTS;
                descriptors.CopyTo(new Span<int>(control + HeaderBytes, descriptors.Length));
                message.msg_control = control;
                message.msg_controllen = Align(header->cmsg_len);
            }

            while (Libc.sendmsg(_socket.Value, &message, socket_h.MSG_DONTWAIT | socket_h.MSG_NOSIGNAL) < 0)
            {
                int errno = Marshal.GetLastPInvokeError();
                if (errno == Errno.EAGAIN)
                {
                    return false;
                }

                if (errno != Errno.EINTR)
                {
                    throw new SyscallException("sendmsg", "", errno);
                }
            }
        }

        return true;
    }

    /// <summary>Sends one datagram, waiting for room as long as it takes.</summary>
    public void Send(ReadOnlySpan<byte> bytes, ReadOnlySpan<int> descriptors = default)
    {
        while (!TrySend(bytes, descriptors))
        {
            Wait(poll_h.POLLOUT, -1);
        }
    }

    /// <summary>Sends <paramref name="message"/> as a datagram of its own, without an RPC envelope.</summary>
    public void SendMessage<T>(ref T message, ReadOnlySpan<int> descriptors = default)
        where T : struct, IMessage
    {
        byte* buffer = (byte*)NativeMemory.Alloc(Limits.Frame);
        try
        {
            var codec = Codec.Writer(buffer, Limits.Frame);
            message.Fields(ref codec);
            MessageException.ThrowUnlessOk(codec.Status, typeof(T).Name, null);
            Send(new ReadOnlySpan<byte>(buffer, codec.Position), descriptors);
        }
        finally
        {
            NativeMemory.Free(buffer);
        }
    }

    /// <summary>Receives one datagram, which the caller disposes of; null once the peer is gone.</summary>
    public ReceivedMessage? Receive()
    {
        var message = new ReceivedMessage();
        try
        {
            if (Receive(message) == ReceiveStatus.Received)
            {
                return message;
            }
        }
        catch
        {
            message.Dispose();
            throw;
        }

        message.Dispose();
        return null;
    }

    /// <summary>Receives one datagram into <paramref name="into"/>, waiting at most <paramref name="milliseconds"/> (-1 for ever).</summary>
    public ReceiveStatus Receive(ReceivedMessage into, int milliseconds = -1)
    {
        long deadline = milliseconds < 0 ? long.MaxValue : Environment.TickCount64 + milliseconds;
        while (true)
        {
            var status = TryReceive(into);
            if (status != ReceiveStatus.Nothing)
            {
                return status;
            }

            int left = milliseconds < 0 ? -1 : (int)Math.Max(0, deadline - Environment.TickCount64);
            if (left == 0 || Wait(poll_h.POLLIN, left) == 0)
            {
                return TryReceive(into);
            }
        }
    }

    /// <summary>
    /// Receives one datagram if one is there. Anything longer than <see cref="Limits.Frame"/> or with more descriptors
    /// than <see cref="Limits.Descriptors"/> is thrown away with all it carries and fails.
    /// </summary>
    public ReceiveStatus TryReceive(ReceivedMessage into)
    {
        into.Clear();
        byte* control = stackalloc byte[ControlBytes];
        var vector = new iovec { iov_base = into.Buffer, iov_len = Limits.Frame };
        msghdr message;
        nint count;
        while (true)
        {
            message = new msghdr { msg_iov = &vector, msg_iovlen = 1, msg_control = control, msg_controllen = ControlBytes };
            count = Libc.recvmsg(_socket.Value, &message, socket_h.MSG_DONTWAIT | socket_h.MSG_CMSG_CLOEXEC);
            if (count >= 0)
            {
                break;
            }

            int errno = Marshal.GetLastPInvokeError();
            if (errno == Errno.EAGAIN)
            {
                return ReceiveStatus.Nothing;
            }

            // ECONNRESET: the peer closed with our requests unread. It is reported once, ahead of what the peer had sent before:
            // its last words are still in the queue.
            if (errno is not (Errno.EINTR or Errno.ECONNRESET))
            {
                throw new SyscallException("recvmsg", "", errno);
            }
        }

        bool fits = AdoptDescriptors(&message, into);
        if (!fits || (message.msg_flags & (socket_h.MSG_TRUNC | socket_h.MSG_CTRUNC)) != 0)
        {
            into.Clear();
            throw new MessageException("a datagram over the protocol's limits was received");
        }

        into.Set((int)count);
        return count == 0 ? ReceiveStatus.End : ReceiveStatus.Received;
    }

    /// <summary>Waits for <paramref name="events"/> (POLLIN, POLLOUT), a hang-up or the time; returns what poll reports, 0 for the time.</summary>
    internal int Wait(int events, int milliseconds)
    {
        var entry = new pollfd { fd = _socket.Value, events = (short)events };
        int ready = Libc.poll(&entry, 1, milliseconds);
        if (ready < 0 && Marshal.GetLastPInvokeError() is var errno && errno != Errno.EINTR)
        {
            throw new SyscallException("poll", "", errno);
        }

        // An interrupted wait reports its events: the caller tries, and waits again.
        return ready < 0 ? events : entry.revents;
    }

    /// <inheritdoc/>
    public void Dispose() => _socket.Dispose();

    private static bool AdoptDescriptors(msghdr* message, ReceivedMessage into)
    {
        bool fits = true;
        byte* at = (byte*)message->msg_control;
        byte* end = at + message->msg_controllen;
        while (end - at >= HeaderBytes)
        {
            var header = (cmsghdr*)at;
            if (header->cmsg_len < HeaderBytes || header->cmsg_len > (ulong)(end - at))
            {
                break;
            }

            if (header->cmsg_level == socket_h.SOL_SOCKET && header->cmsg_type == socket_h.SCM_RIGHTS)
            {
                int count = (int)(header->cmsg_len - HeaderBytes) / sizeof(int);
                for (int i = 0; i < count; i++)
                {
                    fits &= into.Adopt(((int*)(at + HeaderBytes))[i]);
                }
            }

            at += Align(header->cmsg_len);
        }

        return fits;
    }

    private static ulong Align(ulong length) => (length + 7) & ~7ul;
}
