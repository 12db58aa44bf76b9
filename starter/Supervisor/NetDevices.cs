using Engine.Shared.Protocol;
using Engine.Shared.Wire;
using Engine.Starter.Server;
using Engine.Starter.Stages;

namespace Engine.Starter.Supervisor;

/// <summary>
/// Moves a network device of the host into the container's network namespace. Done here because it takes capabilities over both; the second socket is
/// made inside the container's namespace and belongs to it for good, so that this process is there for one system call only.
/// </summary>
internal static unsafe class NetDevices
{
    // Head, local address, peer address, broadcast address: the last three as they are on the wire.
    private const int WordsEach = 10;

    // The kernel would give up at 32768 as well, and nobody has that many.
    private const int MostNumbers = 1024;

    /// <summary>MoveNetDevice: move and rename in one step, then addresses, then up, as the specification asks for.</summary>
    public static bool Move(ref MoveNetDevice request)
    {
        if (request.Addresses.Count % WordsEach != 0 || !IsName(request.Name) || !IsName(request.NewName))
            return Failure.Refuse("MoveNetDevice"u8, request.Name, "a name or an address is none"u8);
        int here = Sys.socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
        if (here < 0)
            return Failure.Call("socket"u8, "NETLINK_ROUTE"u8, here);
        int there = SocketThere();
        bool done = there >= 0 && Move(ref request, here, there);
        Sys.close(here);
        if (there >= 0)
            Sys.close(there);
        return done;
    }

    private static bool Move(ref MoveNetDevice request, int here, int there)
    {
        int index = Index(here, request.Name);
        if (index < 0)
            return Failure.Call("ioctl(SIOCGIFINDEX)"u8, request.Name, index) || Failure.Explain("the host has no such network device"u8);
        byte* buffer = stackalloc byte[IFNAMSIZ + 8];
        TextBuilder name = new TextBuilder(buffer, IFNAMSIZ + 8);
        if (!ChooseName(there, request.NewName, ref name))
            return false;

        // The kernel takes the device down on the way.
        byte* message = stackalloc byte[NetlinkMessage.Bytes];
        NetlinkMessage move = new NetlinkMessage(message, RTM_NEWLINK, 0);
        ((ifinfomsg*)move.Body(sizeof(ifinfomsg)))->ifi_index = index;
        int pid = Facts.Pid;
        move.Add(IFLA_NET_NS_PID, &pid, sizeof(int));
        move.Add(IFLA_IFNAME, name.Text, name.Length + 1);
        long result = move.Send(here);
        if (result < 0)
            return Failure.Call("RTM_NEWLINK"u8, request.Name, result) || Failure.Explain("the device cannot be moved"u8);

        Text moved = new Text(name.Text, name.Length);
        index = Index(there, moved);
        if (index < 0)
            return Failure.Call("ioctl(SIOCGIFINDEX)"u8, moved, index);
        for (int i = 0; i < request.Addresses.Count; i += WordsEach)
        {
            result = AddAddress(there, index, request.Addresses, i, message);
            if (result < 0 && result != -EEXIST)
                return Failure.Call("RTM_NEWADDR"u8, moved, result);
        }

        NetlinkMessage up = new NetlinkMessage(message, RTM_NEWLINK, 0);
        ifinfomsg* link = (ifinfomsg*)up.Body(sizeof(ifinfomsg));
        link->ifi_index = index;
        link->ifi_flags = link->ifi_change = IFF_UP;
        result = up.Send(there);
        return result >= 0 || Failure.Call("RTM_NEWLINK(IFF_UP)"u8, moved, result);
    }

    private static long AddAddress(int socket, int index, Words words, int row, byte* buffer)
    {
        uint* values = stackalloc uint[WordsEach];
        for (int i = 0; i < WordsEach; i++)
            values[i] = words[row + i];
        byte family = (byte)values[0];
        int size = family == AF_INET ? 4 : 16;
        NetlinkMessage add = new NetlinkMessage(buffer, RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL);
        ifaddrmsg* body = (ifaddrmsg*)add.Body(sizeof(ifaddrmsg));
        body->ifa_family = family;
        body->ifa_prefixlen = (byte)(values[0] >> 8);
        body->ifa_flags = IFA_F_PERMANENT;
        body->ifa_index = (uint)index;
        add.Add(IFA_LOCAL, values + 1, size);
        add.Add(IFA_ADDRESS, values + 5, size);
        if (values[9] != 0)
            add.Add(IFA_BROADCAST, values + 9, 4);
        return add.Send(socket);
    }

    // A name that is taken must fail before the move: afterwards the device is no more the host's. A template stands for the first free number.
    private static bool ChooseName(int there, Text wanted, ref TextBuilder name)
    {
        ReadOnlySpan<byte> text = new ReadOnlySpan<byte>(wanted.At, wanted.Length);
        int template = text.IndexOf((byte)'%');
        for (int number = 0; number < MostNumbers; number++)
        {
            name.Clear();
            name.Append(template < 0 ? text : text.Slice(0, template));
            if (template >= 0)
                name.AppendDecimal(number);
            if (name.Length >= IFNAMSIZ)
                return Failure.Refuse("MoveNetDevice"u8, wanted, "the name is too long"u8);
            if (Index(there, new Text(name.Text, name.Length)) == -ENODEV)
                return true;
            if (template < 0)
                break;
        }

        return Failure.Call("MoveNetDevice"u8, wanted, -EEXIST) || Failure.Explain("the container has a network device of that name"u8);
    }

    // Never with a failure that leaves this process where it must not be: it serves the host's side.
    private static int SocketThere()
    {
        int own = Sys.openat(AT_FDCWD, CString.Of("/proc/self/ns/net"u8), O_RDONLY | O_CLOEXEC, 0);
        if (own < 0)
        {
            Failure.Call("openat"u8, "/proc/self/ns/net"u8, own);
            return own;
        }

        int result = Sys.setns(StageProcess.Pidfd, CLONE_NEWNET);
        if (result < 0)
            Failure.Call("setns"u8, "network namespace"u8, result);
        else
        {
            result = Sys.socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
            if (result < 0)
                Failure.Call("socket"u8, "NETLINK_ROUTE"u8, result);
            if (Sys.setns(own, CLONE_NEWNET) < 0)
                Sys.exit_group(255);
        }

        Sys.close(own);
        return result;
    }

    private static int Index(int socket, Text name)
    {
        ifreq request = default;
        for (int i = 0; i < name.Length && i < IFNAMSIZ - 1; i++)
            request.ifr_name[i] = name.At[i];
        int result = Sys.ioctl(socket, SIOCGIFINDEX, &request);
        // ifr_ifindex is the first member of the union, as ifr_flags is.
        return result < 0 ? result : *(int*)&request.ifr_flags;
    }

    private static bool IsName(Text name) => LaunchRecord.IsLeaf(name) && name.Length < IFNAMSIZ;
}
