using Engine.Shared.Protocol;
using Engine.Starter.Server;
using Engine.Starter.Stages;

namespace Engine.Starter.Supervisor;

/// <summary>A master or a pump: an unprivileged child on the other end of a socket.</summary>
internal unsafe struct DroppedProcess
{
    private int _report;

    /// <summary>0 when there is none.</summary>
    public int Pid;

    private int _pidfd;

    /// <summary>Our end of its socket; -1 when closed.</summary>
    public int Socket;

    /// <summary>CLOCK_MONOTONIC nanoseconds of its start.</summary>
    public long Started;

    /// <summary>True from Start to <see cref="Reaped"/>.</summary>
    public readonly bool Running => Pid != 0;

    /// <summary>No process, no socket.</summary>
    public void Reset()
    {
        this = default;
        Socket = -1;
        _report = -1;
    }

    /// <summary>
    /// Makes the socket pair, puts the child's end at descriptor 3 of <paramref name="plan"/>, and forks. What goes wrong
    /// between there and the program's first instruction is told by <see cref="Reaped"/>.
    /// </summary>
    public bool Start(ref DropPlan plan)
    {
        int* ends = stackalloc int[2];
        int* report = stackalloc int[2];
        int result = Sys.socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends);
        if (result < 0)
            return Failure.Call("socketpair"u8, result);
        result = Sys.socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, report);
        if (result < 0)
        {
            Sys.close(ends[0]);
            Sys.close(ends[1]);
            return Failure.Call("socketpair"u8, result);
        }

        int pidfd = -1;
        clone_args arguments = default;
        arguments.flags = CLONE_PIDFD;
        arguments.exit_signal = SIGCHLD;
        arguments.pidfd = (ulong)&pidfd;
        plan.Descriptors[MasterDescriptors.HostRpc] = ends[1];
        int pid = Sys.clone3(&arguments);
        if (pid == 0)
            Stage7Drop.Run(ref plan, report[1]);

        Sys.close(ends[1]);
        Sys.close(report[1]);
        if (pid < 0)
        {
            Sys.close(ends[0]);
            Sys.close(report[0]);
            return Failure.Call("clone3"u8, pid);
        }

        Pid = pid;
        _pidfd = pidfd;
        _report = report[0];
        Socket = ends[0];
        Started = Sys.MonotonicNanoseconds();
        return true;
    }

    /// <summary>SIGKILL.</summary>
    public readonly void Kill()
    {
        if (Running)
            Sys.pidfd_send_signal(_pidfd, SIGKILL, null, 0);
    }

    /// <summary>Waits for its end, after <see cref="Kill"/>.</summary>
    public void Wait()
    {
        siginfo_t info = default;
        if (Running && Sys.waitid(P_PIDFD, _pidfd, &info, WEXITED, null) >= 0)
            Reaped();
    }

    /// <summary>
    /// It was reaped: closes everything. True when it had been executed; false leaves the failure that kept it from that.
    /// </summary>
    public bool Reaped()
    {
        byte* buffer = stackalloc byte[StageLink.NoteBytes];
        Inbox inbox = new Inbox(buffer, StageLink.NoteBytes);
        Arrival arrival = StageLink.Receive(_report, ref inbox, out StageNote note, MSG_DONTWAIT);
        inbox.CloseAll();
        Sys.close(_report);
        Sys.close(_pidfd);
        CloseSocket();
        Reset();
        return arrival != Arrival.Message || Failure.Adopt(ref note.Error);
    }

    /// <summary>Closes our end.</summary>
    public void CloseSocket()
    {
        if (Socket >= 0)
            Sys.close(Socket);
        Socket = -1;
    }
}
