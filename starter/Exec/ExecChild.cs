// Process:      exec's child: born in the container's pid namespace and cgroup, becomes the process that was asked for, or mounts and ends
// Ids:          root; with a user namespace, that one's root
// Capabilities: all in the container's user namespace, until Payload sets the configured ones; mounts: to its end
// Namespaces:   the host's but for pid; then the container's
// Trusts:       nothing that it finds in the container: other processes there may be hostile and do what this one can see
// Gives up:     not dumpable since stage 0, so that they cannot trace it; every descriptor but stdio and the link (mounts: and the RPC socket)

using Engine.Shared.Protocol;
using Engine.Shared.Wire;
using Engine.Starter.Container;
using Engine.Starter.Payload;
using Engine.Starter.Server;
using Engine.Starter.Stages;

namespace Engine.Starter.Exec;

/// <summary>The child of <see cref="ExecStage"/>.</summary>
internal static unsafe class ExecChild
{
    // The RPC socket and the link where the container's code looks for them; without mounts to make the first number stays closed.
    private const int Link = StageContext.Link, Init = Link + 1, Descriptors = 3;

    private struct NoteBuffer
    {
        public fixed byte Bytes[StageLink.NoteBytes];
    }

    private static NoteBuffer s_note;

    /// <summary>
    /// Never returns. <paramref name="rpc"/>: the container RPC socket, -1 for a process to execute; <paramref name="link"/>: this side of
    /// the link; <paramref name="init"/>: pidfd of the container's first process.
    /// </summary>
    public static void Run(int rpc, int link, int init, ulong namespaces)
    {
        Stage.Enter(StageId.Exec);
        // Until execve: a process that nobody asked for any more.
        Sys.prctl(PR_SET_PDEATHSIG, SIGKILL);

        int* wanted = stackalloc int[Descriptors + Limits.Preserved + 1];
        wanted[0] = rpc;
        wanted[1] = link;
        wanted[2] = init;
        PreservedFiles.AppendTo(wanted, Descriptors);
        PreservedFiles.ArrangedAt(StageContext.Rpc + Descriptors);
        // Behind those, where it is in nobody's way.
        int all = Descriptors + PreservedFiles.Count;
        wanted[all] = LaunchRecord.Get(LaunchDescriptor.SeccompListener);
        SeccompListener.Socket = wanted[all] < 0 ? -1 : StageContext.Rpc + all;
        bool userNamespace = (namespaces & CLONE_NEWUSER) != 0;
        bool arranged = DescriptorPlan.Arrange(StageContext.Rpc, wanted, all + 1, true);
        int channel = arranged ? Link : wanted[1];
        bool ready = arranged && AwaitGo();
        if (rpc >= 0)
        {
            if (ready && Mount(namespaces))
                Sys.exit_group(0);
        }
        else if (ready && Enter(namespaces) && Terminal() && PayloadProcess.Resolve())
        {
            RootPath.SetRoot(-1);
            Stage.Enter(StageId.Payload);
            if (PayloadProcess.Apply(userNamespace, ref channel))
                PayloadProcess.Execute(channel);
        }

        StageLink.SendFailure(channel, StageNoteKind.Failed);
        Sys.exit_group(PayloadProcess.ExitCode);
    }

    private static bool Mount(ulong namespaces)
    {
        // Every mode is meant exactly.
        Sys.umask(0);
        if (!LiveMounts.Begin() || !Enter(namespaces))
            return false;
        if (ContainerServer.Run(Phase.Joined))
            return true;
        LiveMounts.TakeBack();
        return false;
    }

    private static bool AwaitGo()
    {
        fixed (byte* buffer = s_note.Bytes)
        {
            Inbox inbox = new Inbox(buffer, StageLink.NoteBytes);
            Arrival arrival = StageLink.Receive(Link, ref inbox, out StageNote note);
            inbox.CloseAll();
            SeccompListener.HostPid = note.Slot;
            if (arrival == Arrival.End)
                Sys.exit_group(255);
            return arrival == Arrival.Message && note.Kind == (uint)StageNoteKind.Go;
        }
    }

    // All of them in one call: there is no moment with half of the namespaces.
    private static bool Enter(ulong namespaces)
    {
        int result = Sys.setns(Init, (int)(namespaces & ~(ulong)CLONE_NEWPID));
        Sys.close(Init);
        if (result < 0)
        {
            Failure.Call("setns"u8, "the container's namespaces"u8, result);
            return result == -ESRCH && Failure.Explain("the container's first process has ended"u8);
        }

        if ((namespaces & CLONE_NEWUSER) != 0)
        {
            if (!Privileges.Become(0, 0, null, 0, true) || !Privileges.RaiseEffective())
                return false;
            // A change of ids clears it.
            Sys.prctl(PR_SET_PDEATHSIG, SIGKILL);
        }

        int session = Sys.setsid();
        if (session < 0)
            return Failure.Call("setsid"u8, session);
        return RootPath.UseOwnRoot();
    }

    private static bool PassNewlines(int terminal)
    {
        termios settings = default;
        int result = Sys.ioctl(terminal, TCGETS, &settings);
        settings.c_oflag &= ~(uint)ONLCR;
        if (result >= 0)
            result = Sys.ioctl(terminal, TCSETS, &settings);
        return result >= 0 || Failure.Call("ioctl"u8, result);
    }

    private static bool Terminal()
    {
        ref Launch launch = ref LaunchRecord.Launch;
        if ((launch.Flags & (uint)LaunchFlags.Terminal) == 0)
            return true;

        Text path = new Text(CString.Of("/dev/pts"u8), 8);
        int devpts = RootPath.Find(path, O_DIRECTORY);
        if (devpts < 0)
            return Failure.Explain("a terminal needs a devpts in the container"u8);
        bool done = Consoles.Open(devpts, launch.Rows, launch.Columns, out int master, out int peer);
        Sys.close(devpts);
        if (!done)
            return false;
        if ((launch.Flags & (uint)LaunchFlags.PassNewlines) != 0)
            done = PassNewlines(peer);

        for (int fd = 0; fd < 3 && done; fd++)
        {
            int result = Sys.dup3(peer, fd, 0);
            done = result >= 0 || Failure.Call("dup3"u8, result);
        }

        done = done && PayloadStdio.Control(0) && StageLink.Send(Link, StageNoteKind.Console, 0, master);
        Sys.close(peer);
        Sys.close(master);
        return done;
    }
}
