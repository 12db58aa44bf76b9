using System.Buffers.Binary;
using Engine.Rpc.Linux;
using Engine.Shared.Linux;
using static Engine.Shared.Linux.rtnetlink_h;
using static Engine.Shared.Linux.socket_h;

namespace Engine.Linux;

/// <summary>One address of a network device, as netlink has it.</summary>
/// <param name="Index">Of the device.</param>
/// <param name="Family">AF_INET or AF_INET6.</param>
/// <param name="Local">4 or 16 bytes.</param>
/// <param name="Peer">The other end of a point-to-point link; the local address elsewhere.</param>
/// <param name="Broadcast">4 bytes, or empty.</param>
internal sealed record NetworkAddress(uint Index, byte Family, byte PrefixLength, byte[] Local, byte[] Peer, byte[] Broadcast);

/// <summary>The addresses of this network namespace, by an rtnetlink dump, which needs no privilege.</summary>
internal static unsafe class NetworkAddresses
{
    private const int BufferBytes = 32 * 1024;

    /// <summary>Permanent ones with global scope: what belongs to the device rather than to the place where it is.</summary>
    public static List<NetworkAddress> Permanent()
    {
        int fd = Libc.socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
        if (fd < 0)
            throw SyscallException.Last("socket", "NETLINK_ROUTE");
        using var socket = new SafeFd(fd);
        Span<byte> request = stackalloc byte[24];
        request.Clear();
        BinaryPrimitives.WriteUInt32LittleEndian(request, 24);
        BinaryPrimitives.WriteUInt16LittleEndian(request[4..], RTM_GETADDR);
        BinaryPrimitives.WriteUInt16LittleEndian(request[6..], NLM_F_REQUEST | NLM_F_DUMP);
        fixed (byte* at = request)
        {
            if (Libc.send(fd, at, 24, 0) < 0)
                throw SyscallException.Last("send", "RTM_GETADDR");
        }

        var found = new List<NetworkAddress>();
        var buffer = new byte[BufferBytes];
        while (true)
        {
            nint length;
            fixed (byte* at = buffer)
                length = Libc.recv(fd, at, BufferBytes, 0);
            if (length < 0)
                throw SyscallException.Last("recv", "RTM_GETADDR");
            if (!Read(buffer.AsSpan(0, (int)length), found))
                return found;
        }
    }

    /// <summary>Index of a device; 0 for none of that name.</summary>
    public static uint IndexOf(string name) => Libc.if_nametoindex(name);

    /// <summary>Takes what one datagram holds; false behind the last one.</summary>
    public static bool Read(ReadOnlySpan<byte> datagram, List<NetworkAddress> found)
    {
        while (datagram.Length >= 16)
        {
            var length = (int)BinaryPrimitives.ReadUInt32LittleEndian(datagram);
            var type = BinaryPrimitives.ReadUInt16LittleEndian(datagram[4..]);
            if (type is NLMSG_DONE or NLMSG_ERROR || length < 16 || length > datagram.Length)
                return false;
            if (type == RTM_NEWADDR && length >= 24 && Address(datagram[16..length]) is { } address)
                found.Add(address);
            datagram = datagram[Math.Min((length + 3) & ~3, datagram.Length)..];
        }
        return datagram.IsEmpty;
    }

    private static NetworkAddress? Address(ReadOnlySpan<byte> body)
    {
        var (family, prefix, flags, scope) = (body[0], body[1], body[2], body[3]);
        var size = family switch { AF_INET => 4, AF_INET6 => 16, _ => 0 };
        if (size == 0 || scope != RT_SCOPE_UNIVERSE || (flags & IFA_F_PERMANENT) == 0)
            return null;
        byte[] local = [], peer = [], broadcast = [];
        var rest = body[8..];
        while (rest.Length >= 4)
        {
            var length = BinaryPrimitives.ReadUInt16LittleEndian(rest);
            if (length < 4 || length > rest.Length)
                break;
            var value = rest[4..length];
            switch (BinaryPrimitives.ReadUInt16LittleEndian(rest[2..]))
            {
                case IFA_LOCAL when value.Length == size: local = value.ToArray(); break;
                case IFA_ADDRESS when value.Length == size: peer = value.ToArray(); break;
                case IFA_BROADCAST when value.Length == 4: broadcast = value.ToArray(); break;
            }
            rest = rest[Math.Min((length + 3) & ~3, rest.Length)..];
        }
        // IPv6 names the local address only where it has a peer.
        if (local.Length == 0)
            local = peer;
        if (peer.Length == 0)
            peer = local;
        return local.Length == 0 ? null : new(BinaryPrimitives.ReadUInt32LittleEndian(body[4..]), family, prefix, local, peer, broadcast);
    }
}
