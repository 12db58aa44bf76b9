namespace Engine.Shared.Linux;

/// <summary>linux/time.h: clocks and timers.</summary>
public static class time_h
{
    public const int CLOCK_REALTIME = 0, CLOCK_MONOTONIC = 1, CLOCK_BOOTTIME = 7, ITIMER_REAL = 0, ITIMER_VIRTUAL = 1, ITIMER_PROF = 2;
    public const int TFD_CLOEXEC = 0x80000, TFD_NONBLOCK = 0x800, TFD_TIMER_ABSTIME = 1;
}

public struct timespec
{
    public long tv_sec, tv_nsec;
}

public struct timeval
{
    public long tv_sec, tv_usec;
}

/// <summary>Interval timer of setitimer.</summary>
public struct itimerval
{
    public timeval it_interval, it_value;
}

/// <summary>Interval timer of timerfd_settime.</summary>
public struct itimerspec
{
    public timespec it_interval, it_value;
}
