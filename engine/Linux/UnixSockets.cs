using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using Engine.Rpc.Linux;
using Engine.Shared.Linux;

namespace Engine.Linux;

/// <summary>Who is at the other end of a local socket: credentials of the process at the time of its connect.</summary>
public readonly record struct PeerCredentials(int Pid, uint Uid, uint Gid);

/// <summary>
/// Local stream sockets in a directory held by descriptor. The address goes through /proc/self/fd, so that neither the
/// length of the directory's path (sun_path has 108 bytes) nor its renaming matters. All descriptors are close-on-exec.
/// </summary>
public static unsafe class UnixSockets
{
    /// <summary>
    /// A listening socket named <paramref name="leaf"/> in <paramref name="directory"/>, mode 0600 from the first moment, non-blocking;
    /// for datagrams that keep their order (SOCK_SEQPACKET) or a stream.
    /// </summary>
    public static SafeFd Listen(SafeFd directory, string leaf, int backlog, bool datagrams = false)
    {
        var socket = Create((datagrams ? socket_h.SOCK_SEQPACKET : socket_h.SOCK_STREAM) | socket_h.SOCK_NONBLOCK, leaf);
        try
        {
            // The file that bind makes has the mode of the socket, less the umask.
            if (Libc.fchmod(socket.Value, 0x180) != 0)
            {
                throw SyscallException.Last("fchmod", leaf);
            }

            sockaddr_un address;
            uint length = Address(directory, leaf, &address);
            if (Libc.bind(socket.Value, &address, length) != 0)
            {
                throw Named("bind", leaf);
            }

            return Libc.listen(socket.Value, backlog) == 0 ? socket : throw SyscallException.Last("listen", leaf);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>A connection to <paramref name="leaf"/> in <paramref name="directory"/>, in blocking mode.</summary>
    /// <exception cref="SyscallException">ENOENT: no such socket. ECONNREFUSED: nobody listens. EAGAIN: no room, and not to wait for it.</exception>
    public static SafeFd Connect(SafeFd directory, string leaf, bool datagrams = false, bool wait = true)
    {
        var socket = Create((datagrams ? socket_h.SOCK_SEQPACKET : socket_h.SOCK_STREAM) | (wait ? 0 : socket_h.SOCK_NONBLOCK), leaf);
        try
        {
            sockaddr_un address;
            uint length = Address(directory, leaf, &address);
            while (Libc.connect(socket.Value, &address, length) != 0)
            {
                if (Marshal.GetLastPInvokeError() is var errno && errno != Errno.EINTR)
                {
                    throw new SyscallException("connect", leaf, errno);
                }
            }

            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>The next pending connection, non-blocking; null when there is none.</summary>
    public static SafeFd? TryAccept(SafeFd listener)
    {
        while (true)
        {
            int fd = Libc.accept4(listener.Value, null, null, socket_h.SOCK_CLOEXEC | socket_h.SOCK_NONBLOCK);
            if (fd >= 0)
            {
                return new SafeFd(fd);
            }

            int errno = Marshal.GetLastPInvokeError();
            if (errno == Errno.EAGAIN)
            {
                return null;
            }

            // A connection that was given up before it was accepted is no reason to stop.
            if (errno is not (Errno.EINTR or Errno.ECONNABORTED))
            {
                throw new SyscallException("accept4", "", errno);
            }
        }
    }

    /// <summary>Who is at the other end.</summary>
    public static PeerCredentials Peer(SafeFd socket)
    {
        ucred credentials;
        uint length = (uint)sizeof(ucred);
        return Libc.getsockopt(socket.Value, socket_h.SOL_SOCKET, socket_h.SO_PEERCRED, &credentials, &length) == 0
            ? new PeerCredentials(credentials.pid, credentials.uid, credentials.gid)
            : throw SyscallException.Last("getsockopt", "SO_PEERCRED");
    }

    /// <summary>Takes what is there into <paramref name="buffer"/>: 0 at the end of the stream, -1 when there is nothing now.</summary>
    /// <exception cref="SyscallException">ECONNRESET among others.</exception>
    public static int Receive(SafeFd socket, Span<byte> buffer) => Transfer(socket, buffer, sending: false, socket_h.MSG_DONTWAIT);

    /// <summary>Sends what there is room for; -1 for none.</summary>
    /// <exception cref="SyscallException">EPIPE: the other end is gone.</exception>
    public static int Send(SafeFd socket, ReadOnlySpan<byte> bytes) =>
        Transfer(socket, bytes, sending: true, socket_h.MSG_DONTWAIT | socket_h.MSG_NOSIGNAL);

    /// <summary>Waits until there is something to receive, or the end; false when the time (milliseconds, -1 for ever) is over.</summary>
    public static bool WaitReadable(SafeFd socket, int milliseconds) => Wait(socket, poll_h.POLLIN, milliseconds);

    /// <summary>Waits until something can be sent, or the other end is gone; false when the time (milliseconds) is over.</summary>
    public static bool WaitWritable(SafeFd socket, int milliseconds) => Wait(socket, poll_h.POLLOUT, milliseconds);

    private static bool Wait(SafeFd socket, int events, int milliseconds)
    {
        long deadline = milliseconds < 0 ? long.MaxValue : Environment.TickCount64 + milliseconds;
        while (true)
        {
            var entry = new pollfd { fd = socket.Value, events = (short)events };
            int left = milliseconds < 0 ? -1 : (int)Math.Max(0, deadline - Environment.TickCount64);
            int ready = Libc.poll(&entry, 1, left);
            if (ready >= 0)
            {
                return ready > 0;
            }

            if (Marshal.GetLastPInvokeError() is var errno && errno != Errno.EINTR)
            {
                throw new SyscallException("poll", "socket", errno);
            }
        }
    }

    private static int Transfer(SafeFd socket, ReadOnlySpan<byte> buffer, bool sending, int flags)
    {
        fixed (byte* start = buffer)
        {
            while (true)
            {
                nint count = sending
                    ? Libc.send(socket.Value, start, (nuint)buffer.Length, flags)
                    : Libc.recv(socket.Value, start, (nuint)buffer.Length, flags);
                if (count >= 0)
                {
                    return (int)count;
                }

                int errno = Marshal.GetLastPInvokeError();
                if (errno == Errno.EAGAIN)
                {
                    return -1;
                }

                if (errno != Errno.EINTR)
                {
                    throw new SyscallException(sending ? "send" : "recv", "", errno);
                }
            }
        }
    }

    // The way to a socket beyond 108 bytes of path leads through /proc.
    private static SyscallException Named(string operation, string leaf)
    {
        SyscallException error = SyscallException.Last(operation, leaf);
        return error.Errno == Errno.ENOENT && !Directory.Exists("/proc/self/fd")
            ? new SyscallException(operation, $"{leaf} through /proc/self/fd, which is not there (is procfs mounted on /proc?)", Errno.ENOENT)
            : error;
    }

    private static SafeFd Create(int type, string leaf)
    {
        int fd = Libc.socket(socket_h.AF_UNIX, type | socket_h.SOCK_CLOEXEC, 0);
        return fd >= 0 ? new SafeFd(fd) : throw SyscallException.Last("socket", leaf);
    }

    private static uint Address(SafeFd directory, string leaf, sockaddr_un* address)
    {
        byte[] path = Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"/proc/self/fd/{directory.Value}/{leaf}\0"));
        if (leaf.Contains('/') || path.Length > 108)
        {
            throw new SyscallException("bind", leaf, Errno.ENAMETOOLONG);
        }

        *address = default;
        address->sun_family = socket_h.AF_UNIX;
        path.CopyTo(new Span<byte>(address->sun_path, path.Length));
        return (uint)(sizeof(ushort) + path.Length);
    }
}
