using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using Engine.Rpc.Linux;
using Engine.Shared.Linux;

namespace Engine.Linux;

/// <summary>Local datagram sockets, as sd_notify(3) uses them. Close-on-exec, non-blocking.</summary>
public sealed unsafe class DatagramSocket : IDisposable
{
    private const int AddressBytes = 108;
    private readonly SafeFd _socket;

    private DatagramSocket(SafeFd socket) => _socket = socket;

    /// <summary>The socket, for poll.</summary>
    public SafeFd Descriptor => _socket;

    /// <summary>A socket named <paramref name="leaf"/> in the open <paramref name="directory"/> that every user may send to.</summary>
    public static DatagramSocket Bind(SafeFd directory, string leaf)
    {
        DatagramSocket made = Create();
        try
        {
            if (Libc.fchmod(made._socket.Value, 0x1b6) != 0)
            {
                throw SyscallException.Last("fchmod", leaf);
            }

            made.With(string.Create(CultureInfo.InvariantCulture, $"/proc/self/fd/{directory.Value}/{leaf}"), Libc.bind, "bind");
            return made;
        }
        catch
        {
            made.Dispose();
            throw;
        }
    }

    /// <summary>Sends one datagram to <paramref name="address"/>, a path, or a name that begins with @ in the abstract namespace.</summary>
    public static void SendTo(string address, string text)
    {
        using DatagramSocket socket = Create();
        socket.With(address, Libc.connect, "connect");
        UnixSockets.Send(socket._socket, Encoding.UTF8.GetBytes(text));
    }

    /// <summary>The next datagram, at most as long as <paramref name="buffer"/>; -1 when there is none.</summary>
    public int Receive(Span<byte> buffer) => UnixSockets.Receive(_socket, buffer);

    /// <inheritdoc/>
    public void Dispose() => _socket.Dispose();

    private static DatagramSocket Create()
    {
        int fd = Libc.socket(socket_h.AF_UNIX, socket_h.SOCK_DGRAM | socket_h.SOCK_CLOEXEC | socket_h.SOCK_NONBLOCK, 0);
        return fd >= 0 ? new DatagramSocket(new SafeFd(fd)) : throw SyscallException.Last("socket", "AF_UNIX");
    }

    private delegate int AddressCall(int fd, sockaddr_un* address, uint length);

    private void With(string name, AddressCall call, string operation)
    {
        byte[] path = Encoding.UTF8.GetBytes(name);
        if (path.Length is 0 or >= AddressBytes)
        {
            throw new SyscallException(operation, name, Errno.ENAMETOOLONG);
        }

        sockaddr_un address = default;
        address.sun_family = socket_h.AF_UNIX;
        path.CopyTo(new Span<byte>(address.sun_path, AddressBytes));
        bool isAbstract = path[0] == (byte)'@';
        if (isAbstract)
        {
            address.sun_path[0] = 0;
        }

        if (call(_socket.Value, &address, (uint)(sizeof(ushort) + path.Length + (isAbstract ? 0 : 1))) != 0)
        {
            throw SyscallException.Last(operation, name);
        }
    }
}
