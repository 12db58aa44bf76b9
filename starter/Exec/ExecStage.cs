// Process:      starter in exec mode, outside the container for its whole life
// Ids:          root, in the host's namespaces (its children's pid namespace is the container's); set-uid caller/0/0, and the caller's once the process runs
// Capabilities: all; set-uid: as the supervisor's
// Namespaces:   the host's
// Trusts:       the CLI: the pidfd, the cgroup directories, the plan and the sources of mounts are root's word in the root workflow
// Gives up:     nothing; it ends when the process ends, or at once when detached

using Engine.Shared.Protocol;
using Engine.Shared.Wire;
using Engine.Starter.Payload;
using Engine.Starter.Policy;
using Engine.Starter.Server;
using Engine.Starter.Stages;
using Engine.Starter.Supervisor;
using Engine.Starter.Supervisor.Cgroups;

namespace Engine.Starter.Exec;

/// <summary>
/// Runs one process in a running container and tells the CLI about it (<see cref="LaunchResult"/>), or has its child make mounts there
/// (<see cref="LaunchMode.Mounts"/>), whose sources it clones.
/// </summary>
internal static unsafe class ExecStage
{
    private struct Store
    {
        public fixed byte Frame[StageLink.NoteBytes];
        public fixed int Cgroups[Limits.Descriptors];
    }

    private static Store s_store;
    private static int s_cgroups, s_unified;

    /// <summary>Runs everything; the result is the exit status.</summary>
    public static int Run(Workflow workflow)
    {
        Stage.Enter(StageId.Exec);
        bool mounts = LaunchRecord.Launch.Mode == (uint)LaunchMode.Mounts;
        if (!ExecRules.Permit(LaunchRecord.Launch.Namespaces) || !UserCgroup.Find() || !ReceiveCgroups() ||
            !(mounts ? AdoptServers() : PayloadPlan.Load(LaunchRecord.Take(LaunchDescriptor.ProcessPlan))) || !Start(out int pid, out int link))
            return Failed();

        int terminal = -1;
        if (!Admit(pid, link) || !(mounts ? ServeSources(pid, link) : AwaitExecve(link, out terminal)))
        {
            // The child ends by itself: its side of the link is gone, and so is what it waits for.
            Sys.close(link);
            siginfo_t end = default;
            Sys.waitid(P_PID, pid, &end, WEXITED, null);
            // Born in the container's pid namespace, where others may signal it.
            if (end.si_code != CLD_EXITED)
                Failure.Refuse("exec"u8, "the new process was killed before it had joined the container"u8);
            return Failed();
        }

        // Reaped here: the container's first process would have to do it otherwise.
        if (mounts)
            return Wait(pid, out int _) ? 0 : Failed();
        if (Rules.Apply && !Caller.Drop())
            return Failed();
        LaunchReply.Runs(pid, terminal);
        if (terminal >= 0)
            Sys.close(terminal);
        if ((LaunchRecord.Launch.Flags & (uint)LaunchFlags.Detach) != 0)
            return 0;
        if (!Wait(pid, out int exitCode))
            return Failed();
        LaunchReply.Ended(pid, exitCode);
        return 0;
    }

    private static int Failed()
    {
        LaunchReply.Failed(PayloadProcess.ExitCode);
        return 255;
    }

    private static bool ReceiveCgroups()
    {
        fixed (byte* frame = s_store.Frame)
        {
            Inbox inbox = new Inbox(frame, StageLink.NoteBytes);
            Arrival arrival = Channel.Receive(Stage0Entry.LaunchSocket, ref inbox);
            if (arrival != Arrival.Message)
                return arrival != Arrival.Broken &&
                    Failure.Refuse("launch"u8, "the caller closed the launch socket before the cgroups came"u8);

            Codec c = Codec.Reader(inbox.Buffer, inbox.Length);
            ExecCgroups message = default;
            message.Fields(ref c);
            c.End();
            if (!c.Ok || message.Count != inbox.Count)
            {
                inbox.CloseAll();
                return Failure.Refuse("launch"u8, "the cgroup directories are not those that the record lists"u8);
            }

            s_unified = -1;
            for (int i = 0; i < (int)message.Count; i++)
            {
                int directory = inbox.Take(i);
                // An ordinary user's is entered afterwards, as the others: being born in it would take root's rights for files.
                if ((message.UnifiedMask >> i & 1) != 0 && !Rules.Apply)
                    s_unified = directory;
                else
                    s_store.Cgroups[s_cgroups++] = directory;
            }

            return true;
        }
    }

    // Outside its own mount namespace the child would mount on the host.
    private static bool AdoptServers()
    {
        if (LaunchRecord.Get(LaunchDescriptor.HostRpc) < 0 || LaunchRecord.Get(LaunchDescriptor.ContainerRpc) < 0)
            return Failure.Refuse("launch"u8, "a descriptor is missing that mounts need"u8);
        if ((LaunchRecord.Launch.Namespaces & CLONE_NEWNS) == 0)
            return Failure.Refuse("launch"u8, "the container has no mount namespace of its own"u8);
        MasterProcess.Reset();
        MasterProcess.Adopt(LaunchRecord.Take(LaunchDescriptor.HostRpc));
        return true;
    }

    // Joining a pid namespace counts for children only: this process does it, and so the child is born inside and no process in between is
    // needed. Everything else the child joins itself.
    private static bool Start(out int pid, out int link)
    {
        pid = link = -1;
        int init = LaunchRecord.Get(LaunchDescriptor.InitPidfd);
        ulong namespaces = LaunchRecord.Launch.Namespaces;
        if ((namespaces & CLONE_NEWPID) != 0)
        {
            int joined = Sys.setns(init, CLONE_NEWPID);
            if (joined < 0)
                return Failure.Call("setns"u8, "pid namespace"u8, joined);
        }

        int* pair = stackalloc int[2];
        int result = Sys.socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair);
        if (result < 0)
            return Failure.Call("socketpair"u8, result);

        // Inherited by the child, which begins in the container's unified cgroup at once.
        if (!Scheduling.SetAffinity(0, PayloadPlan.Plan.InitialCpus))
            return false;
        clone_args arguments = default;
        arguments.exit_signal = SIGCHLD;
        if (s_unified >= 0)
        {
            arguments.flags = CLONE_INTO_CGROUP;
            arguments.cgroup = (ulong)s_unified;
        }

        pid = Sys.clone3(&arguments);
        int rpc = LaunchRecord.Take(LaunchDescriptor.ContainerRpc);
        if (pid == 0)
            ExecChild.Run(rpc, pair[1], init, namespaces);
        Sys.close(pair[1]);
        if (rpc >= 0)
            Sys.close(rpc);
        link = pair[0];
        if (pid > 0)
            return true;
        Sys.close(link);
        return Failure.Call("clone3"u8, pid);
    }

    // While the child waits for Go: it must be in its cgroups before it can do anything that they count or forbid.
    private static bool Admit(int pid, int link)
    {
        byte* digits = stackalloc byte[16];
        TextBuilder text = new TextBuilder(digits, 16);
        text.AppendDecimal(pid);
        for (int i = 0; i < s_cgroups; i++)
        {
            long result = CgroupProcesses.Put(s_store.Cgroups[i], "cgroup.procs"u8, new Text(text.Text, text.Length));
            // A group of resctrl has only this.
            if (result == -ENOENT)
                result = CgroupProcesses.Put(s_store.Cgroups[i], "tasks"u8, new Text(text.Text, text.Length));
            if (result < 0)
                return Failure.Call("write"u8, "cgroup.procs"u8, result);
        }

        if (PayloadPlan.Has(ProcessFlags.HasOomScoreAdj))
        {
            text.Clear();
            text.AppendDecimal(PayloadPlan.Plan.OomScoreAdj);
            if (!ProcFile.Write(pid, "oom_score_adj"u8, text.Span))
                return false;
        }

        return Scheduling.SetAffinity(pid, PayloadPlan.Plan.FinalCpus) && (Rules.Apply || LimitTable.Raise(pid, PayloadPlan.Plan.Rlimits)) &&
            StageLink.Send(link, StageNoteKind.Go, (uint)pid);
    }

    // Until the child has ended, which it does by itself when its own connection ends.
    private static bool ServeSources(int pid, int link)
    {
        pollfd* watch = stackalloc pollfd[2];
        StageProcess.Link = link;
        Facts.Pid = pid;
        while (true)
        {
            watch[0].fd = link;
            watch[1].fd = HostServer.Reads ? MasterProcess.Server.Socket : -1;
            watch[0].events = watch[1].events = POLLIN;
            int result = Sys.poll(watch, 2, -1);
            if (result < 0)
                return Failure.Call("ppoll"u8, result);
            if (watch[1].revents != 0)
                HostServer.Serve();
            if (watch[0].revents != 0)
                return AwaitExecve(link, out int _);
        }
    }

    private static bool AwaitExecve(int link, out int terminal)
    {
        terminal = -1;
        fixed (byte* frame = s_store.Frame)
        {
            while (true)
            {
                Inbox inbox = new Inbox(frame, StageLink.NoteBytes);
                Arrival arrival = StageLink.Receive(link, ref inbox, out StageNote note);
                if (arrival == Arrival.End)
                    return true;
                if (arrival == Arrival.Nothing)
                    continue;
                if (arrival != Arrival.Message)
                    return false;

                if (note.Kind == (uint)StageNoteKind.Console && terminal < 0)
                    terminal = inbox.Take(0);
                inbox.CloseAll();
                if (note.Kind == (uint)StageNoteKind.Failed)
                    return Failure.Adopt(ref note.Error);
            }
        }
    }

    private static bool Wait(int pid, out int exitCode)
    {
        siginfo_t info = default;
        int result;
        do
            result = Sys.waitid(P_PID, pid, &info, WEXITED, null);
        while (result == -EINTR);
        exitCode = info.si_code == CLD_EXITED ? info.si_status : 128 + info.si_status;
        return result >= 0 || Failure.Call("waitid"u8, result);
    }
}
