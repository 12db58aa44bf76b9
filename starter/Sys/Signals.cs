namespace Engine.Starter;

// signal.h. Sets are the kernel's 64-bit words (signal_h.sigmask).
internal static unsafe partial class Sys
{
    public static int kill(int pid, int signal) => (int)Call(SYS_kill, pid, signal);

    public static int rt_sigprocmask(int how, ulong* set, ulong* old) =>
        (int)Call(SYS_rt_sigprocmask, how, (long)set, (long)old, SIGSET_SIZE);

    /// <summary>For SIG_DFL and SIG_IGN; there are no handlers in these programs.</summary>
    public static int rt_sigaction(int signal, kernel_sigaction* action, kernel_sigaction* old) =>
        (int)Call(SYS_rt_sigaction, signal, (long)action, (long)old, SIGSET_SIZE);

    /// <summary>
    /// Takes a pending signal of the set: its number, or -EAGAIN when the time is over. Not retried: the time would start anew.
    /// </summary>
    public static int rt_sigtimedwait(ulong* set, siginfo_t* info, timespec* timeout) =>
        (int)Call(SYS_rt_sigtimedwait, (long)set, (long)info, (long)timeout, SIGSET_SIZE);

    public static int signalfd4(int fd, ulong* mask, int flags) => (int)Call(SYS_signalfd4, fd, (long)mask, SIGSET_SIZE, flags);

    public static int sigaltstack(void* stack, void* old) => (int)Call(SYS_sigaltstack, (long)stack, (long)old);
}
