using Engine.Shared.Protocol;
using Engine.Starter.Policy;
using Engine.Starter.Server;
using Engine.Starter.Stages;
using Engine.Starter.Supervisor.Cgroups;

namespace Engine.Starter.Supervisor;

/// <summary>Spawn: from a supervisor to a container stage in its namespaces and cgroups, waiting for its first request.</summary>
internal static unsafe class Spawner
{
    // A join process lives for some system calls; one that hangs hangs in the kernel.
    private const int JoinMilliseconds = 10_000;

    /// <summary>
    /// Does it all. On failure nothing runs any more but may wait to be reaped; there is no second try.
    /// </summary>
    public static bool Run(ref Spawn request)
    {
        if (StageProcess.Spawned)
            return Failure.Refuse("Spawn"u8, "once only"u8);
        if (!StateDocument.Present)
            return Failure.Refuse("Spawn"u8, "SaveState comes first"u8);

        StageProcess.Spawned = true;
        bool terminal = ((SpawnFlags)request.Flags & SpawnFlags.Terminal) != 0;
        if (!PayloadStreams.Make(terminal) || !Fork(ref request, out int into))
            return false;

        Facts.StartTime = ProcFile.StartTime(Facts.Pid);
        if (SetUp(ref request, into))
            return true;
        Sys.pidfd_send_signal(StageProcess.Pidfd, SIGKILL, null, 0);
        return false;
    }

    /// <summary>The namespaces that clone3 makes. A cgroup namespace would get our cgroup as its root: the stage makes it, later.</summary>
    public static ulong CloneFlags(ref Spawn request) => request.Namespaces & ~(ulong)CLONE_NEWCGROUP;

    // into: descriptor of the cgroup that the stage was born in, 0 for none.
    private static bool Fork(ref Spawn request, out int into)
    {
        ulong joined = NamespaceTable.Joined;
        bool join = joined != 0 || (request.Namespaces & CLONE_NEWTIME) != 0;
        // In a user's own cgroup that takes root's rights for files, which the child must not be born with: it is put there afterwards.
        into = !join && !Rules.Apply && CgroupSlots.Find(CgroupFlags.Unified | CgroupFlags.Attach, out CgroupSlot slot) ? slot.Directory : 0;
        StageProcess.ChildEnds(out int rpc, out int link);

        int pidfd = -1;
        clone_args arguments = default;
        arguments.flags = CLONE_PIDFD | (join ? 0 : CloneFlags(ref request)) | (into != 0 ? CLONE_INTO_CGROUP : 0);
        arguments.exit_signal = SIGCHLD;
        arguments.pidfd = (ulong)&pidfd;
        arguments.cgroup = (ulong)into;
        int pid = Sys.clone3(&arguments);
        if (pid == 0)
        {
            if (join)
                Stage3Join.Run(ref request, joined, rpc, link);
            StageChild.Run(ref request, joined, rpc, link);
        }

        StageProcess.CloseChildEnds();
        PayloadStreams.CloseChildEnds();
        NamespaceTable.Close();
        if (pid < 0)
            return Failed(pid);
        if (join)
            return AwaitJoin(pid, pidfd);
        Facts.Pid = pid;
        StageProcess.Pidfd = pidfd;
        return true;
    }

    private static bool Failed(int result)
    {
        Failure.Call("clone3"u8, result);
        if (result == -ENOSPC)
            return Failure.Explain("a limit of /proc/sys/user/max_*_namespaces is reached"u8);
        if (result == -EPERM)
            return Failure.Explain("the kernel or a sysctl forbids one of the namespaces"u8);
        return false;
    }

    private static bool AwaitJoin(int pid, int pidfd)
    {
        pollfd watch = default;
        watch.fd = StageProcess.Link;
        watch.events = POLLIN;
        bool answered = Sys.poll(&watch, 1, JoinMilliseconds) > 0;
        Arrival arrival = Arrival.Nothing;
        StageNote note = default;
        if (answered)
            arrival = StageProcess.Receive(out note, MSG_DONTWAIT);
        else
            Sys.pidfd_send_signal(pidfd, SIGKILL, null, 0);

        siginfo_t info = default;
        Sys.waitid(P_PIDFD, pidfd, &info, WEXITED, null);
        Sys.close(pidfd);
        if (arrival != Arrival.Message)
            return Failure.Refuse("Spawn"u8, answered ? "the join process ended without a word"u8 : "joining the namespaces took too long"u8);
        if (note.Kind != (uint)StageNoteKind.Pid)
            return Failure.Adopt(ref note.Error);

        // Our own child since the join process ended, and not reaped: the number is still its own.
        Facts.Pid = (int)note.Slot;
        int opened = Sys.pidfd_open(Facts.Pid, 0);
        StageProcess.Pidfd = opened > 0 ? opened : 0;
        return opened > 0 || Failure.Call("pidfd_open"u8, opened);
    }

    private static bool SetUp(ref Spawn request, int into)
    {
        int pid = Facts.Pid;
        if ((request.Namespaces & CLONE_NEWUSER) != 0 && !IdMaps.Write(pid, ref request))
            return false;
        if (!CgroupProcesses.Attach(pid, into))
            return false;
        OomWatch.Begin();
        if (((SpawnFlags)request.Flags & SpawnFlags.HasOomScoreAdj) != 0 && !SetOomScore(pid, request.OomScoreAdj))
            return false;
        return StageLink.Send(StageProcess.Link, StageNoteKind.Go, (uint)pid) ||
            Failure.Refuse("Spawn"u8, "the container stage ended before it began"u8);
    }

    private static bool SetOomScore(int pid, int value)
    {
        byte* buffer = stackalloc byte[16];
        TextBuilder text = new TextBuilder(buffer, 16);
        text.AppendDecimal(value);
        if (ProcFile.Write(pid, "oom_score_adj"u8, text.Span))
            return true;
        return Failure.Errno == EACCES
            ? Failure.Explain("lowering it takes CAP_SYS_RESOURCE, which this root does not have"u8)
            : false;
    }
}
