// Process:      the starter, from its first instruction
// Ids:          root workflow 0/0/0; set-uid caller/0/0; rootless caller/caller/caller
// Capabilities: what the exec gave: all (root, set-uid), none (rootless)
// Namespaces:   the caller's
// Trusts:       the kernel. Not: descriptors, signal state, timers, limits, umask, working directory, environment, arguments
// Gives up:     every descriptor but 0 to 3; being traced and dumping core; set-uid: the way to new privileges (no_new_privs), the bounding set,
//               every capability that a creation does not need, root's rights for files

using Engine.Shared.Policy;
using Engine.Shared.Protocol;
using Engine.Starter.Policy;
using Engine.Starter.Server;

namespace Engine.Starter.Stages;

/// <summary>Scrubs what the process inherited, decides the workflow, goes on to stage 1.</summary>
internal static unsafe class Stage0Entry
{
    /// <summary>The descriptor that the CLI leaves open for us.</summary>
    public const int LaunchSocket = 3;

    private const int FirstSignal = 1;

    // 1:3, in the kernel's encoding of small numbers.
    private const ulong NullDevice = (1 << 8) | 3;

    /// <summary>Runs everything; the result is the exit status.</summary>
    public static int Run(bool secure)
    {
        Stage.Enter(StageId.Entry);

        // First of all descriptors 0 to 2: as long as one is closed, the next open lands on it and a message meant for a person goes into
        // whatever that was.
        bool filled = FillStandard();
        if (!IsLaunchSocket())
        {
            Sys.WriteAll(2, "usage: starter is started by engine, with its launch socket as descriptor 3\n"u8);
            return 1;
        }

        if (!filled || !CloseOthers())
        {
            LaunchReply.Failed();
            return 255;
        }

        Workflow workflow = Decide(secure);
        Supervisor.Facts.Workflow = workflow;
        if (workflow == Workflow.Rootless)
            return ResetProcess(workflow) && ResetSignals() ? Stage1Rootless.Run() : Stage1Rootless.Failed();
        bool clean = workflow != Workflow.None && ResetProcess(workflow) && ResetSignals() && CallerLimits.Keep() &&
            CheckSecurebits() && (workflow != Workflow.Setuid || Admit());
        if (!clean)
        {
            LaunchReply.Failed();
            return 255;
        }

        UserNamespace.Look();
        return Stage1Launch.Run(workflow);
    }

    // Before the first byte of a request: who he is, whether he may come in, and then only what a creation needs.
    private static bool Admit() => Caller.Capture() && Site.Load() && Site.Admits() && Caller.Restrict();

    private static bool FillStandard()
    {
        for (int fd = 0; fd < 3; fd++)
        {
            if (Sys.fcntl(fd, F_GETFD, 0) >= 0)
                continue;
            if (!NullDeviceAt(fd))
                return Failure.Refuse("/dev/null"u8, "a closed standard descriptor could not be filled with it"u8);
        }

        return true;
    }

    /// <summary>Opens /dev/null as the lowest free descriptor, which must be <paramref name="fd"/>, and looks whether it is that device.</summary>
    private static bool NullDeviceAt(int fd)
    {
        int opened = Sys.openat(AT_FDCWD, CString.Of("/dev/null"u8), O_RDWR | O_NOCTTY | O_NOFOLLOW, 0);
        stat info = default;
        return opened == fd && Sys.fstat(fd, &info) >= 0 && (info.st_mode & S_IFMT) == S_IFCHR && info.st_rdev == NullDevice;
    }

    private static bool IsLaunchSocket() => Option(SO_DOMAIN) == AF_UNIX && Option(SO_TYPE) == SOCK_SEQPACKET;

    private static bool CloseOthers()
    {
        int result = Sys.close_range(LaunchSocket + 1, uint.MaxValue, 0);
        if (result < 0)
            return Failure.Call("close_range"u8, result);
        result = Sys.fcntl(LaunchSocket, F_SETFD, FD_CLOEXEC);
        return result >= 0 || Failure.Call("fcntl"u8, result);
    }

    private static int Option(int name)
    {
        int value = 0, length = sizeof(int);
        return Sys.getsockopt(LaunchSocket, SOL_SOCKET, name, &value, &length) < 0 ? -1 : value;
    }

    // security.md F6: never by geteuid() alone. A file with capabilities, a set-gid bit or a set-uid bit of somebody else also gives
    // AT_SECURE; none of them is a workflow.
    private static Workflow Decide(bool secure)
    {
        uint real = 0, effective = 0, saved = 0;
        Sys.getresuid(&real, &effective, &saved);
        if (!secure)
        {
            if (real != effective || real != saved)
            {
                Failure.Refuse("getresuid"u8, "ids differ without the set-uid bit"u8);
                return Workflow.None;
            }

            return real == 0 ? Workflow.Root : Workflow.Rootless;
        }

        if (real != 0 && effective == 0 && saved == 0 && UserNamespace.IsInitial())
            return Workflow.Setuid;
        Rules.Deny(PolicyRule.CallerNamespace);
        return Workflow.None;
    }

    private static bool ResetProcess(Workflow workflow)
    {
        int result = Sys.prctl(PR_SET_DUMPABLE, 0);
        if (result < 0)
            return Failure.Call("prctl(PR_SET_DUMPABLE)"u8, result);

        // Inherited by every process that comes from here, and it takes no privilege that is already there.
        if (workflow == Workflow.Setuid)
            result = Sys.prctl(PR_SET_NO_NEW_PRIVS, 1);
        if (result < 0)
            return Failure.Call("prctl(PR_SET_NO_NEW_PRIVS)"u8, result);

        Sys.umask(0x3f);
        result = Sys.chdir(CString.Of("/"u8));
        return result >= 0 || Failure.Call("chdir"u8, "/"u8, result);
    }

    // The order: nothing may arrive while dispositions and timers are still the caller's; what is pending then was sent to the caller.
    private static bool ResetSignals()
    {
        ulong all = ulong.MaxValue;
        int result = Sys.rt_sigprocmask(SIG_SETMASK, &all, null);
        if (result < 0)
            return Failure.Call("rt_sigprocmask"u8, result);

        itimerval off = default;
        for (int timer = ITIMER_REAL; timer <= ITIMER_PROF; timer++)
            Sys.setitimer(timer, &off, null);

        kernel_sigaction action = default;
        action.sa_handler = SIG_DFL;
        for (int signal = FirstSignal; signal <= SIGRTMAX; signal++)
        {
            if (signal == SIGKILL || signal == SIGSTOP)
                continue;
            result = Sys.rt_sigaction(signal, &action, null);
            if (result < 0)
                return Failure.Call("rt_sigaction"u8, result);
        }

        timespec now = default;
        siginfo_t info = default;
        while (Sys.rt_sigtimedwait(&all, &info, &now) > 0)
        {
        }

        return true;
    }

    private static bool CheckSecurebits()
    {
        int bits = Sys.prctl(PR_GET_SECUREBITS);
        if (bits < 0)
            return Failure.Call("prctl(PR_GET_SECUREBITS)"u8, bits);
        if ((bits & (SECBIT_NOROOT | SECBIT_NO_SETUID_FIXUP | SECBIT_KEEP_CAPS)) == 0)
            return true;
        return Failure.Refuse("securebits"u8, "the caller's securebits keep capabilities across changes of the user id"u8);
    }
}
