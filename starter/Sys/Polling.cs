namespace Engine.Starter;

// poll.h, sys/epoll.h, sys/timerfd.h, sys/inotify.h, time.h: waiting.
internal static unsafe partial class Sys
{
    /// <summary>
    /// Number of ready descriptors; null waits for ever. Being stopped and continued counts as no event (0): a loop looks at its clock and
    /// comes again. The kernel writes what is left into <paramref name="timeout"/>.
    /// </summary>
    public static int ppoll(pollfd* fds, uint count, timespec* timeout, ulong* mask)
    {
        int result = (int)Call(SYS_ppoll, (long)fds, count, (long)timeout, (long)mask, SIGSET_SIZE);
        return result == -EINTR ? 0 : result;
    }

    /// <summary>ppoll with a timeout in milliseconds; negative waits for ever.</summary>
    public static int poll(pollfd* fds, uint count, int milliseconds)
    {
        timespec time;
        time.tv_sec = milliseconds / 1000;
        time.tv_nsec = milliseconds % 1000 * 1000000L;
        return ppoll(fds, count, milliseconds < 0 ? null : &time, null);
    }

    public static int epoll_create1(int flags) => (int)Call(SYS_epoll_create1, flags);

    public static int epoll_ctl(int epfd, int operation, int fd, epoll_event* change) =>
        (int)Call(SYS_epoll_ctl, epfd, operation, fd, (long)change);

    /// <summary>As ppoll: being stopped and continued counts as no event. Negative milliseconds wait for ever.</summary>
    public static int epoll_pwait(int epfd, epoll_event* events, int count, int milliseconds, ulong* mask)
    {
        int result = (int)Call(SYS_epoll_pwait, epfd, (long)events, count, milliseconds, (long)mask, SIGSET_SIZE);
        return result == -EINTR ? 0 : result;
    }

    public static int eventfd2(uint initial, int flags) => (int)Call(SYS_eventfd2, initial, flags);

    public static int timerfd_create(int clock, int flags) => (int)Call(SYS_timerfd_create, clock, flags);

    public static int timerfd_settime(int fd, int flags, itimerspec* time, itimerspec* old) =>
        (int)Call(SYS_timerfd_settime, fd, flags, (long)time, (long)old);

    public static int inotify_init1(int flags) => (int)Call(SYS_inotify_init1, flags);

    public static int inotify_add_watch(int fd, byte* path, uint mask) => (int)Call(SYS_inotify_add_watch, fd, (long)path, mask);

    public static int inotify_rm_watch(int fd, int watch) => (int)Call(SYS_inotify_rm_watch, fd, watch);

    public static int clock_gettime(int clock, timespec* result) => (int)Call(SYS_clock_gettime, clock, (long)result);

    /// <summary>Not retried: <paramref name="remaining"/> says what was left.</summary>
    public static int nanosleep(timespec* time, timespec* remaining) => (int)Call(SYS_nanosleep, (long)time, (long)remaining);

    /// <summary>Waits for less than a second; a signal makes it shorter.</summary>
    public static void Sleep(long nanoseconds)
    {
        timespec time;
        time.tv_sec = 0;
        time.tv_nsec = nanoseconds;
        nanosleep(&time, null);
    }

    /// <summary>Also what alarm(2) is made of: zeroes stop an inherited timer.</summary>
    public static int setitimer(int which, itimerval* value, itimerval* old) => (int)Call(SYS_setitimer, which, (long)value, (long)old);

    /// <summary>Nanoseconds of CLOCK_MONOTONIC: for deadlines and durations.</summary>
    public static long MonotonicNanoseconds() => Nanoseconds(CLOCK_MONOTONIC);

    /// <summary>Nanoseconds since 1970: for time stamps that people read.</summary>
    public static long RealtimeNanoseconds() => Nanoseconds(CLOCK_REALTIME);

    private static long Nanoseconds(int clock)
    {
        timespec now = default;
        clock_gettime(clock, &now);
        return now.tv_sec * 1000000000 + now.tv_nsec;
    }
}
