using Engine.Shared.Protocol;
using Engine.Shared.Wire;
using Engine.Starter.Payload;
using Engine.Starter.Policy;
using Engine.Starter.Server;
using Engine.Starter.Supervisor.Cgroups;

namespace Engine.Starter.Supervisor;

/// <summary>From a request's params to the code that does it; the answers that are more than yes or no.</summary>
internal static unsafe class HostRequests
{
    public static bool SaveState(ref RpcServer server)
    {
        SaveState request = default;
        if (!server.Params(ref request))
            return false;
        int memfd = server.Inbox.Peek(0);
        if (memfd < 0)
            return Failure.Refuse("SaveState"u8, "no memory file came with it"u8);
        bool first = !StateDocument.Present;
        if (!StateDocument.Adopt(memfd, ref request))
            return false;

        // The first one is the birth of the container, which the sync socket wants to hear of; a later one changes no status.
        return first ? Lifecycle.Become(ContainerStatus.Creating) : StateFile.Save();
    }

    public static bool OpenCgroup(ref RpcServer server)
    {
        OpenCgroup request = default;
        return server.Params(ref request) && HostRules.Permit(ref request) && CgroupSlots.Open(ref request);
    }

    public static bool WriteCgroup(ref RpcServer server)
    {
        WriteCgroup request = default;
        return server.Params(ref request) && HostRules.Permit(ref request) && CgroupSlots.Write(ref request);
    }

    public static bool SetCgroupDevices(ref RpcServer server)
    {
        SetCgroupDevices request = default;
        return server.Params(ref request) && CgroupDevices.Set(ref request, server.Inbox.Peek(0));
    }

    public static bool OpenNamespace(ref RpcServer server)
    {
        OpenNamespace request = default;
        return server.Params(ref request) && NamespaceTable.Open(ref request);
    }

    public static bool CloneSource(ref RpcServer server)
    {
        CloneSource request = default;
        SourceKind result = default;
        bool done = server.Params(ref request) && Sources.Clone(ref request, server.Inbox.Peek(0), out result.Mode);
        return done ? server.Succeed(ref result) : server.Fail();
    }

    public static bool ConnectSocket(ref RpcServer server)
    {
        ConnectSocket request = default;
        return server.Params(ref request) && Sources.Connect(ref request);
    }

    public static bool Spawn(ref RpcServer server)
    {
        Spawn request = default;
        if (!server.Params(ref request) || !HostRules.Permit(ref request) || !Spawner.Run(ref request))
            return server.Fail();
        Spawned result;
        result.Pid = Facts.Pid;
        return server.Succeed(ref result);
    }

    public static bool RaiseLimits(ref RpcServer server)
    {
        RaiseLimits request = default;
        if (!server.Params(ref request))
            return false;
        return LimitTable.WellFormed(request.Rlimits)
            ? LimitTable.Raise(Facts.Pid, request.Rlimits)
            : Failure.Refuse("RaiseLimits"u8, "not five numbers for each limit"u8);
    }

    public static bool MoveNetDevice(ref RpcServer server)
    {
        MoveNetDevice request = default;
        return server.Params(ref request) && NetDevices.Move(ref request);
    }

    public static bool Kill(ref RpcServer server)
    {
        Kill request = default;
        return server.Params(ref request) && Killer.Kill((int)request.Signal, request.All);
    }

    public static bool Freeze()
    {
        if (!Freezer.Freeze())
            return false;
        if (Lifecycle.Become(ContainerStatus.Paused))
            return true;

        // Nobody would know that it is paused. What is answered is why that could not be written.
        Freezer.ThawQuietly();
        return false;
    }

    // First it runs, then it is said to run.
    public static bool Thaw() => Freezer.Thaw() && Lifecycle.Become(ContainerStatus.Running);

    public static bool Resize(ref RpcServer server)
    {
        Resize request = default;
        if (!server.Params(ref request))
            return false;
        if (PayloadStreams.Console < 0)
            return Failure.Call("TIOCSWINSZ"u8, ENOTTY) || Failure.Explain("the container has no terminal"u8);
        winsize size = default;
        size.ws_row = (ushort)request.Rows;
        size.ws_col = (ushort)request.Columns;
        int result = Sys.ioctl(PayloadStreams.Console, TIOCSWINSZ, &size);
        return result >= 0 || Failure.Call("ioctl(TIOCSWINSZ)"u8, result);
    }

    public static bool Status(ref RpcServer server)
    {
        if (!server.NoParams())
            return server.Fail();
        StateChange change = Facts.Change();
        return server.Succeed(ref change);
    }

    public static bool ReadState(ref RpcServer server)
    {
        int file = server.NoParams() ? StateFile.Open() : -1;
        if (file < 0)
            return server.Fail();
        bool sent = server.Succeed(file);
        Sys.close(file);
        return sent;
    }

    // Answered when nothing is left; the loop then only waits for the master to go.
    public static bool Abort(ref RpcServer server)
    {
        if (!server.NoParams())
            return server.Fail();
        RollBack.Run();
        return server.Succeed();
    }
}
