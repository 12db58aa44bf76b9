namespace Engine.Shared.Linux;

/// <summary>linux/sched.h: clone and unshare flags, scheduling policies.</summary>
public static class sched_h
{
    public const int
        CSIGNAL = 0xff, CLONE_VM = 0x100, CLONE_FS = 0x200, CLONE_FILES = 0x400, CLONE_SIGHAND = 0x800, CLONE_PIDFD = 0x1000,
        CLONE_PTRACE = 0x2000, CLONE_VFORK = 0x4000, CLONE_PARENT = 0x8000, CLONE_THREAD = 0x10000, CLONE_NEWNS = 0x20000,
        CLONE_SYSVSEM = 0x40000, CLONE_SETTLS = 0x80000, CLONE_PARENT_SETTID = 0x100000, CLONE_CHILD_CLEARTID = 0x200000,
        CLONE_UNTRACED = 0x800000, CLONE_CHILD_SETTID = 0x1000000, CLONE_NEWCGROUP = 0x2000000, CLONE_NEWUTS = 0x4000000,
        CLONE_NEWIPC = 0x8000000, CLONE_NEWUSER = 0x10000000, CLONE_NEWPID = 0x20000000, CLONE_NEWNET = 0x40000000, CLONE_NEWTIME = 0x80;
    public const uint CLONE_IO = 0x80000000;
    public const ulong CLONE_CLEAR_SIGHAND = 0x100000000, CLONE_INTO_CGROUP = 0x200000000;
    public const int CLONE_ARGS_SIZE_VER0 = 64, CLONE_ARGS_SIZE_VER1 = 80, CLONE_ARGS_SIZE_VER2 = 88;
    public const int SCHED_NORMAL = 0, SCHED_FIFO = 1, SCHED_RR = 2, SCHED_BATCH = 3, SCHED_IDLE = 5, SCHED_DEADLINE = 6;
    public const int
        SCHED_RESET_ON_FORK = 0x40000000, SCHED_FLAG_RESET_ON_FORK = 1, SCHED_FLAG_RECLAIM = 2, SCHED_FLAG_DL_OVERRUN = 4,
        SCHED_FLAG_KEEP_POLICY = 8, SCHED_FLAG_KEEP_PARAMS = 0x10, SCHED_FLAG_UTIL_CLAMP_MIN = 0x20, SCHED_FLAG_UTIL_CLAMP_MAX = 0x40;
    public const int SCHED_ATTR_SIZE_VER0 = 48, SCHED_ATTR_SIZE_VER1 = 56;
}

/// <summary>linux/ioprio.h: I/O priority = class &lt;&lt; IOPRIO_CLASS_SHIFT | level.</summary>
public static class ioprio_h
{
    public const int
        IOPRIO_CLASS_SHIFT = 13, IOPRIO_CLASS_NONE = 0, IOPRIO_CLASS_RT = 1, IOPRIO_CLASS_BE = 2, IOPRIO_CLASS_IDLE = 3,
        IOPRIO_WHO_PROCESS = 1, IOPRIO_WHO_PGRP = 2, IOPRIO_WHO_USER = 3;
}

/// <summary>linux/mempolicy.h: NUMA memory policies and their mode flags.</summary>
public static class mempolicy_h
{
    public const int
        MPOL_DEFAULT = 0, MPOL_PREFERRED = 1, MPOL_BIND = 2, MPOL_INTERLEAVE = 3, MPOL_LOCAL = 4, MPOL_PREFERRED_MANY = 5,
        MPOL_WEIGHTED_INTERLEAVE = 6, MPOL_F_STATIC_NODES = 0x8000, MPOL_F_RELATIVE_NODES = 0x4000, MPOL_F_NUMA_BALANCING = 0x2000;
}

/// <summary>linux/personality.h: execution domains and their modifiers.</summary>
public static class personality_h
{
    public const int
        UNAME26 = 0x20000, ADDR_NO_RANDOMIZE = 0x40000, FDPIC_FUNCPTRS = 0x80000, MMAP_PAGE_ZERO = 0x100000, ADDR_COMPAT_LAYOUT = 0x200000,
        READ_IMPLIES_EXEC = 0x400000, ADDR_LIMIT_32BIT = 0x800000, SHORT_INODE = 0x1000000, WHOLE_SECONDS = 0x2000000,
        STICKY_TIMEOUTS = 0x4000000, ADDR_LIMIT_3GB = 0x8000000, PER_LINUX = 0, PER_LINUX32 = 8, PER_MASK = 0xff;
}

/// <summary>Argument of clone3, version 2 (with the cgroup descriptor; kernel 5.7).</summary>
public struct clone_args
{
    public ulong flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls, set_tid, set_tid_size, cgroup;
}

/// <summary>Argument of sched_setattr, version 1.</summary>
public struct sched_attr
{
    public uint size, sched_policy;
    public ulong sched_flags;
    public int sched_nice;
    public uint sched_priority;
    public ulong sched_runtime, sched_deadline, sched_period;
    public uint sched_util_min, sched_util_max;
}
