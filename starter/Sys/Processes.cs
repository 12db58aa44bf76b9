namespace Engine.Starter;

// sched.h, unistd.h, sys/wait.h: processes and namespaces.
internal static unsafe partial class Sys
{
    /// <summary>
    /// Without CLONE_VM a fork: returns in both processes, 0 in the child, each on its own copy of the stack. CLONE_VM is not for this
    /// wrapper: the child would overwrite the parent's frames.
    /// </summary>
    public static int clone3(clone_args* arguments) => (int)Call(SYS_clone3, (long)arguments, sizeof(clone_args));

    /// <summary>
    /// A thread (CLONE_VM) that runs <paramref name="entry"/> on the stack in <paramref name="arguments"/>; it ends by
    /// <see cref="exit"/>, never by returning.
    /// </summary>
    public static int clone3(clone_args* arguments, delegate*<void> entry) => (int)clone_thread(arguments, sizeof(clone_args), entry);

    /// <summary>Ends the calling thread. Does not return.</summary>
    public static void exit(int status)
    {
        while (true)
            Call(SYS_exit, status);
    }

    public static int sched_yield() => (int)Call(SYS_sched_yield);

    /// <summary>Does not return when it works. AT_EMPTY_PATH with "" runs the descriptor itself.</summary>
    public static int execveat(int dirfd, byte* path, byte** argv, byte** envp, int flags) =>
        (int)Call(SYS_execveat, dirfd, (long)path, (long)argv, (long)envp, flags);

    /// <summary>Does not return when it works. A payload's seccomp filter is more likely to know it than execveat.</summary>
    public static int execve(byte* path, byte** argv, byte** envp) => (int)Call(SYS_execve, (long)path, (long)argv, (long)envp);

    /// <summary>Ends the process. Does not return.</summary>
    public static void exit_group(int status)
    {
        while (true)
            Call(SYS_exit_group, status);
    }

    /// <summary>Retried.</summary>
    public static int waitid(int idType, int id, siginfo_t* info, int options, rusage* usage) =>
        (int)Retry(SYS_waitid, idType, id, (long)info, options, (long)usage);

    /// <summary>Retried.</summary>
    public static int wait4(int pid, int* status, int options, rusage* usage) =>
        (int)Retry(SYS_wait4, pid, (long)status, options, (long)usage);

    public static int getpid() => (int)Call(SYS_getpid);

    public static int getppid() => (int)Call(SYS_getppid);

    public static int gettid() => (int)Call(SYS_gettid);

    public static int setsid() => (int)Call(SYS_setsid);

    public static int getsid(int pid) => (int)Call(SYS_getsid, pid);

    public static int setpgid(int pid, int pgid) => (int)Call(SYS_setpgid, pid, pgid);

    public static int setns(int fd, int type) => (int)Call(SYS_setns, fd, type);

    public static int unshare(ulong flags) => (int)Call(SYS_unshare, (long)flags);

    public static int pidfd_open(int pid, uint flags) => (int)Call(SYS_pidfd_open, pid, flags);

    public static int pidfd_send_signal(int pidfd, int signal, siginfo_t* info, uint flags) =>
        (int)Call(SYS_pidfd_send_signal, pidfd, signal, (long)info, flags);

    /// <summary>A duplicate (close-on-exec) of a descriptor of another process.</summary>
    public static int pidfd_getfd(int pidfd, int targetfd, uint flags) => (int)Call(SYS_pidfd_getfd, pidfd, targetfd, flags);

    public static int prctl(int option, long a = 0, long b = 0, long c = 0, long d = 0) => (int)Call(SYS_prctl, option, a, b, c, d);

    public static int prctl(int option, void* a) => (int)Call(SYS_prctl, option, (long)a);

    public static int personality(uint persona) => (int)Call(SYS_personality, persona);

    public static int kcmp(int pid1, int pid2, int type, ulong a, ulong b) => (int)Call(SYS_kcmp, pid1, pid2, type, (long)a, (long)b);
}
