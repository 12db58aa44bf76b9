namespace Engine.Starter;

// sys/socket.h.
internal static unsafe partial class Sys
{
    public static int socket(int domain, int type, int protocol) => (int)Call(SYS_socket, domain, type, protocol);

    public static int socketpair(int domain, int type, int protocol, int* fds) =>
        (int)Call(SYS_socketpair, domain, type, protocol, (long)fds);

    public static int bind(int fd, void* address, int length) => (int)Call(SYS_bind, fd, (long)address, length);

    public static int listen(int fd, int backlog) => (int)Call(SYS_listen, fd, backlog);

    /// <summary>Not retried: after EINTR the connection goes on by itself; poll for POLLOUT.</summary>
    public static int connect(int fd, void* address, int length) => (int)Call(SYS_connect, fd, (long)address, length);

    /// <summary>Retried.</summary>
    public static int accept4(int fd, void* address, int* length, int flags) =>
        (int)Retry(SYS_accept4, fd, (long)address, (long)length, flags);

    /// <summary>Retried. Give MSG_NOSIGNAL: SIGPIPE may be at its default.</summary>
    public static long sendmsg(int fd, msghdr* message, int flags) => Retry(SYS_sendmsg, fd, (long)message, flags);

    /// <summary>Retried. Give MSG_CMSG_CLOEXEC, and look at msg_flags for MSG_TRUNC and MSG_CTRUNC.</summary>
    public static long recvmsg(int fd, msghdr* message, int flags) => Retry(SYS_recvmsg, fd, (long)message, flags);

    public static int shutdown(int fd, int how) => (int)Call(SYS_shutdown, fd, how);

    public static int getsockopt(int fd, int level, int name, void* value, int* length) =>
        (int)Call(SYS_getsockopt, fd, level, name, (long)value, (long)length);

    public static int setsockopt(int fd, int level, int name, void* value, int length) =>
        (int)Call(SYS_setsockopt, fd, level, name, (long)value, length);

    public static int getsockname(int fd, void* address, int* length) => (int)Call(SYS_getsockname, fd, (long)address, (long)length);
}
