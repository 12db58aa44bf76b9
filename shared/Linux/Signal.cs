namespace Engine.Shared.Linux;

/// <summary>signal.h: numbers (the same on x86-64 and arm64), actions, codes. Names are in SignalNames.cs.</summary>
public static class signal_h
{
    public const int
        SIGHUP = 1, SIGINT = 2, SIGQUIT = 3, SIGILL = 4, SIGTRAP = 5, SIGABRT = 6, SIGBUS = 7, SIGFPE = 8, SIGKILL = 9, SIGUSR1 = 10,
        SIGSEGV = 11, SIGUSR2 = 12, SIGPIPE = 13, SIGALRM = 14, SIGTERM = 15, SIGSTKFLT = 16, SIGCHLD = 17, SIGCONT = 18, SIGSTOP = 19,
        SIGTSTP = 20, SIGTTIN = 21, SIGTTOU = 22, SIGURG = 23, SIGXCPU = 24, SIGXFSZ = 25, SIGVTALRM = 26, SIGPROF = 27, SIGWINCH = 28,
        SIGIO = 29, SIGPWR = 30, SIGSYS = 31;

    // The kernel's range; the C library keeps the first two for itself and calls 34 SIGRTMIN.
    public const int SIGRTMIN = 32, SIGRTMAX = 64;

    public const int SIG_BLOCK = 0, SIG_UNBLOCK = 1, SIG_SETMASK = 2;
    public const long SIG_DFL = 0, SIG_IGN = 1;
    public const int
        SA_NOCLDSTOP = 1, SA_NOCLDWAIT = 2, SA_SIGINFO = 4, SA_RESTORER = 0x4000000, SA_ONSTACK = 0x8000000, SA_RESTART = 0x10000000,
        SA_NODEFER = 0x40000000;
    public const uint SA_RESETHAND = 0x80000000;

    // si_code of SIGCHLD, and of signals from processes and the kernel
    public const int
        CLD_EXITED = 1, CLD_KILLED = 2, CLD_DUMPED = 3, CLD_TRAPPED = 4, CLD_STOPPED = 5, CLD_CONTINUED = 6, SI_USER = 0, SI_QUEUE = -1,
        SI_TKILL = -6, SI_KERNEL = 128;

    public const int SFD_CLOEXEC = 0x80000, SFD_NONBLOCK = 0x800;

    /// <summary>Size of the kernel's signal set in bytes; the size argument of the rt_sig* calls.</summary>
    public const int SIGSET_SIZE = 8;

    /// <summary>The bit of a signal in a kernel signal set.</summary>
    public static ulong sigmask(int signal) => 1UL << (signal - 1);
}

/// <summary>The kernel's struct sigaction (rt_sigaction), not the C library's.</summary>
public unsafe struct kernel_sigaction
{
    public long sa_handler;
    public ulong sa_flags;
    public void* sa_restorer;
    public ulong sa_mask;
}

/// <summary>siginfo_t as waitid fills it. si_status is the exit status or the signal, told apart by si_code (CLD_*).</summary>
public unsafe struct siginfo_t
{
    public int si_signo, si_errno, si_code, __pad0;
    public int si_pid;
    public uint si_uid;
    public int si_status, __pad1;
    public fixed ulong __pad2[12];
}

/// <summary>What a signalfd delivers.</summary>
public unsafe struct signalfd_siginfo
{
    public uint ssi_signo;
    public int ssi_errno, ssi_code;
    public uint ssi_pid, ssi_uid;
    public int ssi_fd;
    public uint ssi_tid, ssi_band, ssi_overrun, ssi_trapno;
    public int ssi_status, ssi_int;
    public ulong ssi_ptr, ssi_utime, ssi_stime, ssi_addr;
    public ushort ssi_addr_lsb, __pad2;
    public int ssi_syscall;
    public ulong ssi_call_addr;
    public uint ssi_arch;
    public fixed byte __pad[28];
}
