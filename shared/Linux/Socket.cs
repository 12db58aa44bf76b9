namespace Engine.Shared.Linux;

/// <summary>sys/socket.h, as far as local sockets and the loopback interface need it.</summary>
public static class socket_h
{
    public const int
        AF_UNSPEC = 0, AF_UNIX = 1, AF_INET = 2, AF_NETLINK = 16, AF_INET6 = 10, SOCK_STREAM = 1, SOCK_DGRAM = 2, SOCK_RAW = 3,
        SOCK_SEQPACKET = 5;
    public const int SOCK_CLOEXEC = 0x80000, SOCK_NONBLOCK = 0x800;
    public const int
        SOL_SOCKET = 1, SO_TYPE = 3, SO_ERROR = 4, SO_SNDBUF = 7, SO_RCVBUF = 8, SO_REUSEADDR = 2, SO_PASSCRED = 16, SO_PEERCRED = 17,
        SO_RCVTIMEO = 20, SO_SNDTIMEO = 21, SO_ACCEPTCONN = 30, SO_PEERSEC = 31, SO_SNDBUFFORCE = 32, SO_RCVBUFFORCE = 33, SO_PROTOCOL = 38,
        SO_DOMAIN = 39, SO_PEERGROUPS = 59, SO_PEERPIDFD = 77, SO_PASSRIGHTS = 83;
    public const int SCM_RIGHTS = 1, SCM_CREDENTIALS = 2, SHUT_RD = 0, SHUT_WR = 1, SHUT_RDWR = 2;
    public const int
        MSG_PEEK = 2, MSG_CTRUNC = 8, MSG_TRUNC = 0x20, MSG_DONTWAIT = 0x40, MSG_EOR = 0x80, MSG_WAITALL = 0x100, MSG_NOSIGNAL = 0x4000,
        MSG_CMSG_CLOEXEC = 0x40000000;
    public const int SIOCGIFFLAGS = 0x8913, SIOCSIFFLAGS = 0x8914, IFF_UP = 1, IFF_LOOPBACK = 8, IFF_RUNNING = 0x40;
    public const int IFNAMSIZ = 16;

    /// <summary>The most descriptors one message may carry (SCM_MAX_FD of the kernel's net/scm.h, not in its user headers).</summary>
    public const int SCM_MAX_FD = 253;

    /// <summary>Bytes of control buffer that <paramref name="length"/> bytes of data need, header and padding included.</summary>
    public static int CMSG_SPACE(int length) => ((length + 7) & ~7) + 16;

    /// <summary>Value of cmsg_len for <paramref name="length"/> bytes of data.</summary>
    public static int CMSG_LEN(int length) => 16 + length;
}

/// <summary>The kernel's struct user_msghdr: argument of sendmsg and recvmsg.</summary>
public unsafe struct msghdr
{
    public void* msg_name;
    public int msg_namelen, __pad0;
    public iovec* msg_iov;
    public ulong msg_iovlen;
    public void* msg_control;
    public ulong msg_controllen;
    public uint msg_flags;
    public int __pad1;
}

/// <summary>Header of an ancillary message; its data follow at offset 16.</summary>
public struct cmsghdr
{
    public ulong cmsg_len;
    public int cmsg_level, cmsg_type;
}

/// <summary>Address of a local socket; a first zero byte makes it abstract.</summary>
public unsafe struct sockaddr_un
{
    public ushort sun_family;
    public fixed byte sun_path[108];
}

/// <summary>Credentials of SO_PEERCRED and SCM_CREDENTIALS.</summary>
public struct ucred
{
    public int pid;
    public uint uid, gid;
}

/// <summary>Argument of the SIOC?IF* calls, reduced to the flags member of its union.</summary>
public unsafe struct ifreq
{
    public fixed byte ifr_name[16];
    public short ifr_flags;
    public fixed byte __union[22];
}
