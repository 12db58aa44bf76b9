// Process:      supervisor: the starter itself, from here on without a terminal and in a session of its own
// Ids:          root workflow 0/0/0; set-uid caller/0/0, files with the caller's rights, and caller/caller/caller once the container is created
// Capabilities: all the caller had; set-uid SYS_ADMIN SYS_CHROOT SETUID SETGID NET_ADMIN (CHOWN DAC_OVERRIDE while files are root's), then none
// Namespaces:   the host's, for its whole life
// Trusts:       the launch record; of the master nothing but that it may ask (Policy, HostPhases); of state directory, pid file and
//               sockets nothing: what it knows it holds as descriptors
// Gives up:     the caller's stdio, session and terminal

using Engine.Shared.Protocol;
using Engine.Starter.Policy;
using Engine.Starter.Server;
using Engine.Starter.Supervisor;
using Engine.Starter.Supervisor.Cgroups;

namespace Engine.Starter.Stages;

/// <summary>Sets the supervisor up, starts master and pump unless the caller drives the servers itself, and runs its loop.</summary>
internal static unsafe class Stage2Supervisor
{
    private const uint Common = 1u << (int)LaunchDescriptor.StateDirectory | 1u << (int)LaunchDescriptor.StateRoot;

    private const uint Monitored = Common |
        1u << (int)LaunchDescriptor.MasterExe | 1u << (int)LaunchDescriptor.PumpExe | 1u << (int)LaunchDescriptor.ControlListener |
        1u << (int)LaunchDescriptor.AttachListener | 1u << (int)LaunchDescriptor.RequestSocket;

    private const uint Unmonitored = Common |
        1u << (int)LaunchDescriptor.HostRpc | 1u << (int)LaunchDescriptor.ContainerRpc | 1u << (int)LaunchDescriptor.StartListener;

    /// <summary>Runs everything; the result is the exit status.</summary>
    public static int Run(Workflow workflow)
    {
        Stage.Enter(StageId.Supervisor);
        Facts.Monitored = (LaunchMode)LaunchRecord.Launch.Mode == LaunchMode.Create;
        PayloadStreams.Reset();
        MasterProcess.Reset();
        PumpProcess.Reset();
        StageProcess.Link = -1;
        if (!CheckDescriptors())
        {
            LaunchReply.Failed();
            return 255;
        }

        if (!LeaveCaller() || !OwnPrograms() || !Seats.Take() || !UserCgroup.Make() || !Loop.Prepare() || !StartOthers())
        {
            LaunchReply.Keep();
            MasterProcess.Kill();
            RollBack.Run();
            LaunchReply.SendKept();
        }

        Loop.Run();
        return 0;
    }

    // Without these not even a failure could be cleaned up.
    private static bool CheckDescriptors()
    {
        uint required = Facts.Monitored ? Monitored : Unmonitored;
        if ((LaunchRecord.Launch.Descriptors & required) != required)
            return Failure.Refuse("launch"u8, "a descriptor is missing that create needs"u8);
        if (!IsDirectory(LaunchDescriptor.StateDirectory) || !IsDirectory(LaunchDescriptor.StateRoot))
            return false;
        return Facts.Monitored
            ? IsListener(LaunchDescriptor.ControlListener) && IsListener(LaunchDescriptor.AttachListener)
            : IsListener(LaunchDescriptor.StartListener);
    }

    private static bool IsDirectory(LaunchDescriptor kind)
    {
        stat info = default;
        return (Sys.fstat(LaunchRecord.Get(kind), &info) >= 0 && (info.st_mode & S_IFMT) == S_IFDIR) ||
            Failure.Refuse("launch"u8, "state directory or state root is not a directory"u8);
    }

    private static bool IsListener(LaunchDescriptor kind)
    {
        int value = 0, length = sizeof(int);
        return (Sys.getsockopt(LaunchRecord.Get(kind), SOL_SOCKET, SO_ACCEPTCONN, &value, &length) >= 0 && value == 1) ||
            Failure.Refuse("launch"u8, "a socket of the container does not listen"u8);
    }

    private static bool LeaveCaller()
    {
        if (!Facts.Monitored && !PayloadStreams.Keep())
            return false;
        int nothing = Sys.openat(AT_FDCWD, CString.Of("/dev/null"u8), O_RDWR | O_NOCTTY | O_NOFOLLOW | O_CLOEXEC, 0);
        if (nothing < 0)
            return Failure.Call("openat"u8, "/dev/null"u8, nothing);
        int diagnostics = LaunchRecord.Take(LaunchDescriptor.MasterLog);
        for (int fd = 0; fd < 3; fd++)
        {
            int result = Sys.dup3(fd == 2 && diagnostics >= 0 ? diagnostics : nothing, fd, 0);
            if (result < 0)
                return Failure.Call("dup3"u8, result);
        }

        Sys.close(nothing);
        if (diagnostics >= 0)
            Sys.close(diagnostics);

        // EPERM: it is the leader of a process group already. As leader of a session it needs no other.
        int session = Sys.setsid();
        if (session < 0 && Sys.getsid(0) != Sys.getpid())
            return Failure.Call("setsid"u8, session);

        Facts.OwnStartTime = ProcFile.StartTime(Sys.getpid());
        int subreaper = Sys.prctl(PR_SET_CHILD_SUBREAPER, 1);
        return subreaper >= 0 || Failure.Call("prctl(PR_SET_CHILD_SUBREAPER)"u8, subreaper);
    }

    // For an ordinary user master and pump are the installed ones, whatever he sent: the master cannot be read, hence not be traced (F5).
    private static bool OwnPrograms() =>
        !Rules.Apply || (Replace(LaunchDescriptor.MasterExe, "master"u8) && Replace(LaunchDescriptor.PumpExe, "pump"u8));

    private static bool Replace(LaunchDescriptor kind, ReadOnlySpan<byte> name)
    {
        Caller.FilesAsRoot();
        int program = Site.OpenProgram(name);
        Caller.EndFilesAsRoot();
        return program >= 0 && LaunchRecord.Put(kind, program);
    }

    // The master first: its start takes longer than everything else until it asks for something.
    private static bool StartOthers()
    {
        if (!Facts.Monitored)
        {
            MasterProcess.Adopt(LaunchRecord.Take(LaunchDescriptor.HostRpc));
            return StageProcess.Prepare(LaunchRecord.Take(LaunchDescriptor.ContainerRpc));
        }

        int* rpc = stackalloc int[2];
        int result = Sys.socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, rpc);
        if (result < 0)
            return Failure.Call("socketpair"u8, result);

        bool started = MasterProcess.Create(rpc[0]);
        Sys.close(rpc[0]);

        // The CLI must see its end when the master is gone.
        Sys.close(LaunchRecord.Take(LaunchDescriptor.RequestSocket));
        return started && StageProcess.Prepare(rpc[1]) && PumpProcess.Begin();
    }
}
