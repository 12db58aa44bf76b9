namespace Engine.Shared.Linux.Arm64;

/// <summary>
/// asm/unistd.h of arm64: every system call that the programs make or name in their own filters. Both machines list the same names.
/// </summary>
public static class SyscallNumbers
{
    public const int
        SYS_accept4 = 242, SYS_add_key = 217, SYS_bind = 200, SYS_bpf = 280, SYS_brk = 214, SYS_capget = 90, SYS_capset = 91,
        SYS_chdir = 49, SYS_chroot = 51, SYS_clock_gettime = 113, SYS_clock_nanosleep = 115, SYS_clone3 = 435, SYS_close = 57,
        SYS_close_range = 436, SYS_connect = 203, SYS_copy_file_range = 285, SYS_dup = 23, SYS_dup3 = 24, SYS_epoll_create1 = 20,
        SYS_epoll_ctl = 21, SYS_epoll_pwait = 22, SYS_eventfd2 = 19, SYS_execve = 221, SYS_execveat = 281, SYS_exit = 93,
        SYS_exit_group = 94, SYS_faccessat = 48, SYS_faccessat2 = 439, SYS_fchdir = 50, SYS_fchmod = 52, SYS_fchmodat = 53,
        SYS_fchmodat2 = 452, SYS_fchown = 55, SYS_fchownat = 54, SYS_fcntl = 25, SYS_fgetxattr = 10, SYS_flock = 32, SYS_fsconfig = 431,
        SYS_fsetxattr = 7, SYS_fsmount = 432, SYS_fsopen = 430, SYS_fspick = 433, SYS_fstat = 80, SYS_fstatfs = 44, SYS_fsync = 82,
        SYS_ftruncate = 46, SYS_futex = 98, SYS_getcpu = 168, SYS_getcwd = 17, SYS_getdents64 = 61, SYS_getegid = 177, SYS_geteuid = 175,
        SYS_getgid = 176, SYS_getgroups = 158, SYS_getitimer = 102, SYS_getpid = 172, SYS_getppid = 173, SYS_getpriority = 141,
        SYS_getrandom = 278, SYS_getresgid = 150, SYS_getresuid = 148, SYS_getrusage = 165, SYS_getsid = 156, SYS_getsockname = 204,
        SYS_getsockopt = 209, SYS_gettid = 178, SYS_getuid = 174, SYS_getxattr = 8, SYS_inotify_add_watch = 27, SYS_inotify_init1 = 26,
        SYS_inotify_rm_watch = 28, SYS_ioctl = 29, SYS_ioprio_get = 31, SYS_ioprio_set = 30, SYS_kcmp = 272, SYS_keyctl = 219,
        SYS_kill = 129, SYS_lgetxattr = 9, SYS_linkat = 37, SYS_listen = 201, SYS_listmount = 458, SYS_lseek = 62, SYS_lsetxattr = 6,
        SYS_madvise = 233, SYS_membarrier = 283, SYS_memfd_create = 279, SYS_mkdirat = 34, SYS_mknodat = 33, SYS_mmap = 222, SYS_mount = 40,
        SYS_mount_setattr = 442, SYS_move_mount = 429, SYS_mprotect = 226, SYS_munmap = 215, SYS_nanosleep = 101, SYS_newfstatat = 79,
        SYS_open_tree = 428, SYS_openat = 56, SYS_openat2 = 437, SYS_personality = 92, SYS_pidfd_getfd = 438, SYS_pidfd_open = 434,
        SYS_pidfd_send_signal = 424, SYS_pipe2 = 59, SYS_pivot_root = 41, SYS_ppoll = 73, SYS_prctl = 167, SYS_pread64 = 67,
        SYS_prlimit64 = 261, SYS_pselect6 = 72, SYS_pwrite64 = 68, SYS_read = 63, SYS_readlinkat = 78, SYS_readv = 65, SYS_recvmsg = 212,
        SYS_renameat2 = 276, SYS_restart_syscall = 128, SYS_rseq = 293, SYS_rt_sigaction = 134, SYS_rt_sigpending = 136,
        SYS_rt_sigprocmask = 135, SYS_rt_sigreturn = 139, SYS_rt_sigtimedwait = 137, SYS_sched_getaffinity = 123, SYS_sched_getattr = 275,
        SYS_sched_setaffinity = 122, SYS_sched_setattr = 274, SYS_sched_yield = 124, SYS_seccomp = 277, SYS_sendfile = 71,
        SYS_sendmsg = 211, SYS_set_mempolicy = 237, SYS_set_mempolicy_home_node = 450, SYS_set_robust_list = 99, SYS_setdomainname = 162,
        SYS_setfsgid = 152, SYS_setfsuid = 151, SYS_setgid = 144, SYS_setgroups = 159, SYS_sethostname = 161, SYS_setitimer = 103,
        SYS_setns = 268, SYS_setpgid = 154, SYS_setpriority = 140, SYS_setresgid = 149, SYS_setresuid = 147, SYS_setsid = 157,
        SYS_setsockopt = 208, SYS_setuid = 146, SYS_setxattr = 5, SYS_shutdown = 210, SYS_sigaltstack = 132, SYS_signalfd4 = 74,
        SYS_socket = 198, SYS_socketpair = 199, SYS_splice = 76, SYS_statfs = 43, SYS_statmount = 457, SYS_statx = 291, SYS_symlinkat = 36,
        SYS_sync = 81, SYS_tee = 77, SYS_tgkill = 131, SYS_timerfd_create = 85, SYS_timerfd_gettime = 87, SYS_timerfd_settime = 86,
        SYS_umask = 166, SYS_umount2 = 39, SYS_uname = 160, SYS_unlinkat = 35, SYS_unshare = 97, SYS_utimensat = 88, SYS_wait4 = 260,
        SYS_waitid = 95, SYS_write = 64, SYS_writev = 66;
}
