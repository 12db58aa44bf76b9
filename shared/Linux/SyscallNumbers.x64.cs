namespace Engine.Shared.Linux.X64;

/// <summary>
/// asm/unistd.h of x86-64: every system call that the programs make or name in their own filters. Both machines list the same names.
/// </summary>
public static class SyscallNumbers
{
    public const int
        SYS_accept4 = 288, SYS_add_key = 248, SYS_bind = 49, SYS_bpf = 321, SYS_brk = 12, SYS_capget = 125, SYS_capset = 126,
        SYS_chdir = 80, SYS_chroot = 161, SYS_clock_gettime = 228, SYS_clock_nanosleep = 230, SYS_clone3 = 435, SYS_close = 3,
        SYS_close_range = 436, SYS_connect = 42, SYS_copy_file_range = 326, SYS_dup = 32, SYS_dup3 = 292, SYS_epoll_create1 = 291,
        SYS_epoll_ctl = 233, SYS_epoll_pwait = 281, SYS_eventfd2 = 290, SYS_execve = 59, SYS_execveat = 322, SYS_exit = 60,
        SYS_exit_group = 231, SYS_faccessat = 269, SYS_faccessat2 = 439, SYS_fchdir = 81, SYS_fchmod = 91, SYS_fchmodat = 268,
        SYS_fchmodat2 = 452, SYS_fchown = 93, SYS_fchownat = 260, SYS_fcntl = 72, SYS_fgetxattr = 193, SYS_flock = 73, SYS_fsconfig = 431,
        SYS_fsetxattr = 190, SYS_fsmount = 432, SYS_fsopen = 430, SYS_fspick = 433, SYS_fstat = 5, SYS_fstatfs = 138, SYS_fsync = 74,
        SYS_ftruncate = 77, SYS_futex = 202, SYS_getcpu = 309, SYS_getcwd = 79, SYS_getdents64 = 217, SYS_getegid = 108, SYS_geteuid = 107,
        SYS_getgid = 104, SYS_getgroups = 115, SYS_getitimer = 36, SYS_getpid = 39, SYS_getppid = 110, SYS_getpriority = 140,
        SYS_getrandom = 318, SYS_getresgid = 120, SYS_getresuid = 118, SYS_getrusage = 98, SYS_getsid = 124, SYS_getsockname = 51,
        SYS_getsockopt = 55, SYS_gettid = 186, SYS_getuid = 102, SYS_getxattr = 191, SYS_inotify_add_watch = 254, SYS_inotify_init1 = 294,
        SYS_inotify_rm_watch = 255, SYS_ioctl = 16, SYS_ioprio_get = 252, SYS_ioprio_set = 251, SYS_kcmp = 312, SYS_keyctl = 250,
        SYS_kill = 62, SYS_lgetxattr = 192, SYS_linkat = 265, SYS_listen = 50, SYS_listmount = 458, SYS_lseek = 8, SYS_lsetxattr = 189,
        SYS_madvise = 28, SYS_membarrier = 324, SYS_memfd_create = 319, SYS_mkdirat = 258, SYS_mknodat = 259, SYS_mmap = 9, SYS_mount = 165,
        SYS_mount_setattr = 442, SYS_move_mount = 429, SYS_mprotect = 10, SYS_munmap = 11, SYS_nanosleep = 35, SYS_newfstatat = 262,
        SYS_open_tree = 428, SYS_openat = 257, SYS_openat2 = 437, SYS_personality = 135, SYS_pidfd_getfd = 438, SYS_pidfd_open = 434,
        SYS_pidfd_send_signal = 424, SYS_pipe2 = 293, SYS_pivot_root = 155, SYS_ppoll = 271, SYS_prctl = 157, SYS_pread64 = 17,
        SYS_prlimit64 = 302, SYS_pselect6 = 270, SYS_pwrite64 = 18, SYS_read = 0, SYS_readlinkat = 267, SYS_readv = 19, SYS_recvmsg = 47,
        SYS_renameat2 = 316, SYS_restart_syscall = 219, SYS_rseq = 334, SYS_rt_sigaction = 13, SYS_rt_sigpending = 127,
        SYS_rt_sigprocmask = 14, SYS_rt_sigreturn = 15, SYS_rt_sigtimedwait = 128, SYS_sched_getaffinity = 204, SYS_sched_getattr = 315,
        SYS_sched_setaffinity = 203, SYS_sched_setattr = 314, SYS_sched_yield = 24, SYS_seccomp = 317, SYS_sendfile = 40, SYS_sendmsg = 46,
        SYS_set_mempolicy = 238, SYS_set_mempolicy_home_node = 450, SYS_set_robust_list = 273, SYS_setdomainname = 171, SYS_setfsgid = 123,
        SYS_setfsuid = 122, SYS_setgid = 106, SYS_setgroups = 116, SYS_sethostname = 170, SYS_setitimer = 38, SYS_setns = 308,
        SYS_setpgid = 109, SYS_setpriority = 141, SYS_setresgid = 119, SYS_setresuid = 117, SYS_setsid = 112, SYS_setsockopt = 54,
        SYS_setuid = 105, SYS_setxattr = 188, SYS_shutdown = 48, SYS_sigaltstack = 131, SYS_signalfd4 = 289, SYS_socket = 41,
        SYS_socketpair = 53, SYS_splice = 275, SYS_statfs = 137, SYS_statmount = 457, SYS_statx = 332, SYS_symlinkat = 266, SYS_sync = 162,
        SYS_tee = 276, SYS_tgkill = 234, SYS_timerfd_create = 283, SYS_timerfd_gettime = 287, SYS_timerfd_settime = 286, SYS_umask = 95,
        SYS_umount2 = 166, SYS_uname = 63, SYS_unlinkat = 263, SYS_unshare = 272, SYS_utimensat = 280, SYS_wait4 = 61, SYS_waitid = 247,
        SYS_write = 1, SYS_writev = 20;
}
