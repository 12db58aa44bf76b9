namespace Engine.Shared.Linux;

/// <summary>poll.h, sys/epoll.h, sys/eventfd.h. struct epoll_event differs per machine: Layout.*.cs.</summary>
public static class poll_h
{
    public const int POLLIN = 1, POLLPRI = 2, POLLOUT = 4, POLLERR = 8, POLLHUP = 0x10, POLLNVAL = 0x20, POLLRDHUP = 0x2000;
    public const int
        EPOLL_CLOEXEC = 0x80000, EPOLL_CTL_ADD = 1, EPOLL_CTL_DEL = 2, EPOLL_CTL_MOD = 3, EPOLLIN = 1, EPOLLPRI = 2, EPOLLOUT = 4,
        EPOLLERR = 8, EPOLLHUP = 0x10, EPOLLRDHUP = 0x2000, EPOLLEXCLUSIVE = 0x10000000, EPOLLONESHOT = 0x40000000;
    public const uint EPOLLET = 0x80000000;
    public const int EFD_CLOEXEC = 0x80000, EFD_NONBLOCK = 0x800, EFD_SEMAPHORE = 1;
}

/// <summary>sys/inotify.h.</summary>
public static class inotify_h
{
    public const int
        IN_CLOEXEC = 0x80000, IN_NONBLOCK = 0x800, IN_ACCESS = 1, IN_MODIFY = 2, IN_ATTRIB = 4, IN_CLOSE_WRITE = 8, IN_CLOSE_NOWRITE = 0x10,
        IN_OPEN = 0x20, IN_MOVED_FROM = 0x40, IN_MOVED_TO = 0x80, IN_CREATE = 0x100, IN_DELETE = 0x200, IN_DELETE_SELF = 0x400,
        IN_MOVE_SELF = 0x800, IN_UNMOUNT = 0x2000, IN_Q_OVERFLOW = 0x4000, IN_IGNORED = 0x8000, IN_ONLYDIR = 0x1000000,
        IN_DONT_FOLLOW = 0x2000000, IN_ISDIR = 0x40000000;
    public const uint IN_ONESHOT = 0x80000000;
}

public struct pollfd
{
    public int fd;
    public short events, revents;
}

/// <summary>Header of an inotify event; len bytes of name follow.</summary>
public struct inotify_event
{
    public int wd;
    public uint mask, cookie, len;
}
