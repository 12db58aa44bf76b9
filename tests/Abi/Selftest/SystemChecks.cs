namespace Engine.Starter;

/// <summary>The trampoline and start-up against a live kernel.</summary>
internal static unsafe class SystemChecks
{
    public static void Run(byte** envp, ulong* auxv)
    {
        Check.That(Start.Auxiliary(auxv, AT_UID) == Sys.getuid() && Start.Auxiliary(auxv, 0x7777) == 0, "auxiliary vector"u8);
        bool found = false;
        for (; *envp != null; envp++)
            found |= CString.Equals(*envp, "SELFTEST=yes"u8);
        Check.That(found, "environment"u8);
        Check.That(Sys.close(-1) == -EBADF, "errors come back negative"u8);
        SixArguments();
        Fork();
        Waiting();
    }

    // mmap is the call with six arguments that all matter: the last is the offset.
    private static void SixArguments()
    {
        int fd = Sys.memfd_create(CString.Of("selftest"u8), MFD_CLOEXEC);
        Sys.ftruncate(fd, 8192);
        ulong mark = 0x1122334455667788;
        Sys.pwrite(fd, &mark, 8, 4096);
        long address = Sys.mmap(null, 4096, PROT_READ, MAP_PRIVATE, fd, 4096);
        Check.That(address > 0 && *(ulong*)address == mark, "six arguments"u8);
        Sys.munmap((void*)address, 4096);
        stat st;
        Check.That(Sys.fstat(fd, &st) == 0 && st.st_size == 8192 && (st.st_mode & S_IFMT) == S_IFREG, "fstat"u8);
        Sys.close(fd);
    }

    private static void Fork()
    {
        int pidfd = -1;
        clone_args arguments = default;
        arguments.flags = CLONE_PIDFD;
        arguments.pidfd = (ulong)&pidfd;
        arguments.exit_signal = SIGCHLD;
        int pid = Sys.clone3(&arguments);
        if (pid == 0)
            Sys.exit_group(Sys.getppid() > 0 ? 41 : 1);
        // Only a user-mode emulator lacks it: the oldest kernel that the engine runs on has clone3.
        if (pid == -ENOSYS)
            return;
        siginfo_t info;
        int result = Sys.waitid(P_PIDFD, pidfd, &info, WEXITED, null);
        Check.That(result == 0 && info.si_pid == pid && info.si_code == CLD_EXITED && info.si_status == 41, "clone3 and waitid"u8);
        Sys.close(pidfd);
    }

    private static void Waiting()
    {
        int* pair = stackalloc int[2];
        Check.That(Sys.socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) == 0, "socketpair"u8);
        pollfd poll;
        poll.fd = pair[0];
        poll.events = POLLIN;
        Check.That(Sys.poll(&poll, 1, 0) == 0, "nothing to read"u8);
        Sys.WriteAll(pair[1], "x"u8);
        Check.That(Sys.poll(&poll, 1, -1) == 1 && (poll.revents & POLLIN) != 0, "something to read"u8);
        int epoll = Sys.epoll_create1(EPOLL_CLOEXEC);
        epoll_event interest, ready;
        interest.events = (uint)EPOLLIN;
        interest.data = 0x0102030405060708;
        Sys.epoll_ctl(epoll, EPOLL_CTL_ADD, pair[0], &interest);
        Check.That(Sys.epoll_pwait(epoll, &ready, 1, -1, null) == 1 && ready.data == interest.data, "epoll_event layout"u8);
        Sys.close(epoll);
        Sys.close(pair[0]);
        Sys.close(pair[1]);
    }
}
