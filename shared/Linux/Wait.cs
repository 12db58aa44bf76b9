namespace Engine.Shared.Linux;

/// <summary>linux/wait.h and the decoding of a wait status.</summary>
public static class wait_h
{
    public const int
        WNOHANG = 1, WUNTRACED = 2, WSTOPPED = 2, WEXITED = 4, WCONTINUED = 8, WNOWAIT = 0x1000000, __WNOTHREAD = 0x20000000,
        __WALL = 0x40000000;
    public const uint __WCLONE = 0x80000000;
    public const int P_ALL = 0, P_PID = 1, P_PGID = 2, P_PIDFD = 3;

    public static int WTERMSIG(int status) => status & 0x7f;

    public static int WEXITSTATUS(int status) => (status >> 8) & 0xff;

    public static bool WIFEXITED(int status) => (status & 0x7f) == 0;

    public static bool WIFSIGNALED(int status) => (sbyte)((status & 0x7f) + 1) >> 1 > 0;

    public static bool WCOREDUMP(int status) => (status & 0x80) != 0;
}

/// <summary>sys/resource.h: process limits and scheduling priority.</summary>
public static class resource_h
{
    public const int
        RLIMIT_CPU = 0, RLIMIT_FSIZE = 1, RLIMIT_DATA = 2, RLIMIT_STACK = 3, RLIMIT_CORE = 4, RLIMIT_RSS = 5, RLIMIT_NPROC = 6,
        RLIMIT_NOFILE = 7, RLIMIT_MEMLOCK = 8, RLIMIT_AS = 9, RLIMIT_LOCKS = 10, RLIMIT_SIGPENDING = 11, RLIMIT_MSGQUEUE = 12,
        RLIMIT_NICE = 13, RLIMIT_RTPRIO = 14, RLIMIT_RTTIME = 15;
    public const int RLIM_INFINITY = -1;
    public const int PRIO_PROCESS = 0, PRIO_PGRP = 1, PRIO_USER = 2, RUSAGE_SELF = 0, RUSAGE_CHILDREN = -1;
    /// <summary>Number of limits (RLIMIT_CPU to RLIMIT_RTTIME).</summary>
    public const int RLIM_NLIMITS = 16;
}

/// <summary>A limit as prlimit64 takes it.</summary>
public struct rlimit64
{
    public ulong rlim_cur, rlim_max;
}

/// <summary>Resource usage, as wait4 fills it.</summary>
public struct rusage
{
    public timeval ru_utime, ru_stime;
    public long ru_maxrss, ru_ixrss, ru_idrss, ru_isrss, ru_minflt, ru_majflt, ru_nswap, ru_inblock, ru_oublock, ru_msgsnd, ru_msgrcv;
    public long ru_nsignals, ru_nvcsw, ru_nivcsw;
}
