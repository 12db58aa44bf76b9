namespace Engine.Tests.Abi;

/// <summary>Where the C compiler finds what shared/Linux copies. A class or struct without an entry fails the test.</summary>
internal static class Headers
{
    /// <summary>Headers of each class of constants.</summary>
    public static readonly IReadOnlyDictionary<string, string[]> OfClass = new Dictionary<string, string[]>
    {
        ["Errno"] = ["errno.h"],
        ["SyscallNumbers"] = ["asm/unistd.h"],
        ["arch_fcntl_h"] = ["linux/fcntl.h"],
        ["auxvec_h"] = ["elf.h"],
        ["bpf_h"] = ["linux/bpf.h"],
        ["capability_h"] = ["linux/capability.h"],
        ["dirent_h"] = ["dirent.h"],
        ["fcntl_h"] = ["linux/fcntl.h", "linux/openat2.h", "linux/close_range.h", "linux/memfd.h", "linux/fs.h", "linux/random.h", "linux/pidfd.h"],
        ["filter_h"] = ["linux/filter.h", "linux/audit.h"],
        ["fs_h"] = ["linux/fs.h", "linux/loop.h"],
        ["inotify_h"] = ["sys/inotify.h"],
        ["ioprio_h"] = ["linux/ioprio.h"],
        ["keyctl_h"] = ["linux/keyctl.h"],
        ["limits_h"] = ["linux/limits.h", "linux/uio.h"],
        ["machine_h"] = ["linux/audit.h", "elf.h"],
        ["mempolicy_h"] = ["linux/mempolicy.h"],
        ["mman_h"] = ["sys/mman.h"],
        ["mount_h"] = ["linux/fcntl.h", "linux/mount.h"],
        ["nsfs_h"] = ["linux/nsfs.h"],
        ["personality_h"] = ["linux/personality.h"],
        ["poll_h"] = ["poll.h", "sys/epoll.h", "sys/eventfd.h"],
        ["prctl_h"] = ["linux/prctl.h", "linux/securebits.h"],
        ["resource_h"] = ["linux/resource.h"],
        ["sched_h"] = ["linux/sched.h", "linux/sched/types.h"],
        ["seccomp_h"] = ["linux/seccomp.h"],
        ["signal_h"] = ["signal.h", "sys/signalfd.h"],
        ["socket_h"] = ["sys/socket.h", "linux/if.h", "linux/sockios.h"],
        ["stat_h"] = ["linux/stat.h"],
        ["statfs_h"] = ["linux/magic.h", "sys/statvfs.h"],
        ["termios_h"] = ["linux/termios.h"],
        ["time_h"] = ["time.h", "sys/time.h", "sys/timerfd.h"],
        ["wait_h"] = ["sys/wait.h"],
    };

    /// <summary>A struct in C: its type, its headers, and whether it is only the beginning of a longer one there.</summary>
    public sealed record Struct(string Type, string[] Includes, bool Prefix = false);

    public static readonly IReadOnlyDictionary<string, Struct> OfStruct = new Dictionary<string, Struct>
    {
        ["__user_cap_data_struct"] = new("struct __user_cap_data_struct", ["linux/capability.h"]),
        ["__user_cap_header_struct"] = new("struct __user_cap_header_struct", ["linux/capability.h"]),
        ["bpf_attr_get_id"] = new("union bpf_attr", ["linux/bpf.h"], Prefix: true),
        ["bpf_attr_prog_attach"] = new("union bpf_attr", ["linux/bpf.h"], Prefix: true),
        ["bpf_attr_prog_load"] = new("union bpf_attr", ["linux/bpf.h"], Prefix: true),
        ["bpf_attr_prog_query"] = new("union bpf_attr", ["linux/bpf.h"], Prefix: true),
        ["bpf_insn"] = new("struct bpf_insn", ["linux/bpf.h"]),
        ["clone_args"] = new("struct clone_args", ["linux/sched.h"]),
        ["cmsghdr"] = new("struct cmsghdr", ["sys/socket.h"]),
        ["epoll_event"] = new("struct epoll_event", ["linux/eventpoll.h"]),
        ["ifreq"] = new("struct ifreq", ["sys/socket.h", "linux/if.h"]),
        ["inotify_event"] = new("struct inotify_event", ["linux/inotify.h"]),
        ["iovec"] = new("struct iovec", ["linux/uio.h"]),
        ["itimerspec"] = new("struct itimerspec", ["linux/time.h"]),
        ["itimerval"] = new("struct itimerval", ["linux/time.h"]),
        ["kernel_sigaction"] = new("struct sigaction", ["asm/signal.h"]),
        // The kernel's own header does not export it; the C library's type has the same layout and a long name at the end.
        ["linux_dirent64"] = new("struct dirent64", ["dirent.h"], Prefix: true),
        ["mount_attr"] = new("struct mount_attr", ["linux/fcntl.h", "linux/mount.h"]),
        ["msghdr"] = new("struct msghdr", ["sys/socket.h"]),
        ["new_utsname"] = new("struct new_utsname", ["linux/utsname.h"]),
        ["open_how"] = new("struct open_how", ["linux/openat2.h"]),
        ["pollfd"] = new("struct pollfd", ["asm/poll.h"]),
        ["rlimit64"] = new("struct rlimit64", ["linux/resource.h"]),
        ["rusage"] = new("struct rusage", ["linux/time.h", "linux/resource.h"]),
        ["sched_attr"] = new("struct sched_attr", ["linux/sched/types.h"]),
        ["seccomp_data"] = new("struct seccomp_data", ["linux/seccomp.h"]),
        ["seccomp_notif_sizes"] = new("struct seccomp_notif_sizes", ["linux/seccomp.h"]),
        ["siginfo_t"] = new("siginfo_t", ["signal.h"]),
        ["signalfd_siginfo"] = new("struct signalfd_siginfo", ["linux/signalfd.h"]),
        ["sock_filter"] = new("struct sock_filter", ["linux/filter.h"]),
        ["sock_fprog"] = new("struct sock_fprog", ["linux/filter.h"]),
        ["sockaddr_un"] = new("struct sockaddr_un", ["linux/un.h"]),
        ["stat"] = new("struct stat", ["asm/stat.h"]),
        ["statfs"] = new("struct statfs", ["asm/statfs.h"]),
        ["statx"] = new("struct statx", ["linux/stat.h"]),
        ["statx_timestamp"] = new("struct statx_timestamp", ["linux/stat.h"]),
        ["termios"] = new("struct termios", ["asm/termbits.h"]),
        ["timespec"] = new("struct timespec", ["linux/time.h"]),
        ["timeval"] = new("struct timeval", ["linux/time.h"]),
        ["ucred"] = new("struct ucred", ["sys/socket.h"]),
        ["winsize"] = new("struct winsize", ["asm/termios.h"]),
    };
}
