namespace Engine.Shared.Linux;

/// <summary>linux/netlink.h and linux/rtnetlink.h, as far as moving a network device needs them.</summary>
public static class rtnetlink_h
{
    public const int NETLINK_ROUTE = 0, NLM_F_REQUEST = 1, NLM_F_ACK = 4, NLM_F_CREATE = 0x400, NLM_F_EXCL = 0x200, NLM_F_DUMP = 0x300;
    public const int NLMSG_ERROR = 2, NLMSG_DONE = 3, RTM_NEWLINK = 16, RTM_NEWADDR = 20, RTM_GETADDR = 22;
    public const int IFLA_IFNAME = 3, IFLA_NET_NS_PID = 19, RT_SCOPE_UNIVERSE = 0;
    public const int IFA_ADDRESS = 1, IFA_LOCAL = 2, IFA_BROADCAST = 4, IFA_F_PERMANENT = 0x80;
    public const int SIOCGIFINDEX = 0x8933;
}

/// <summary>Head of every netlink message.</summary>
public struct nlmsghdr
{
    public uint nlmsg_len;
    public ushort nlmsg_type, nlmsg_flags;
    public uint nlmsg_seq, nlmsg_pid;
}

/// <summary>Body of RTM_NEWLINK.</summary>
public struct ifinfomsg
{
    public byte ifi_family, __ifi_pad;
    public ushort ifi_type;
    public int ifi_index;
    public uint ifi_flags, ifi_change;
}

/// <summary>Body of RTM_NEWADDR.</summary>
public struct ifaddrmsg
{
    public byte ifa_family, ifa_prefixlen, ifa_flags, ifa_scope;
    public uint ifa_index;
}
