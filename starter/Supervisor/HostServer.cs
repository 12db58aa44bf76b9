using Engine.Shared.Protocol;
using Engine.Shared.Wire;
using Engine.Starter.Server;
using Engine.Starter.Supervisor.Cgroups;

namespace Engine.Starter.Supervisor;

/// <summary>
/// The host-side RPC server: takes the master's requests from the loop, one after the other. Three methods are answered
/// later than their turn (Created, Start, RunHook); what comes meanwhile waits, but for what must not.
/// </summary>
internal static unsafe class HostServer
{
    // Requests taken before the loop looks at everything else again.
    private const int Burst = 64;

    private static HostMethod s_pending;
    private static uint s_pendingId;
    private static bool s_answerable, s_held;

    /// <summary>The method that is under way, or None.</summary>
    public static HostMethod Pending => s_pending;

    /// <summary>Requests are to be read: somebody is there, and none lies here that waits its turn.</summary>
    public static bool Reads => MasterProcess.Connected && !s_held;

    /// <summary>Takes what has come.</summary>
    public static void Serve()
    {
        for (int i = 0; i < Burst && Reads; i++)
        {
            Arrival arrival = MasterProcess.Server.Receive(MSG_DONTWAIT);
            if (arrival == Arrival.Nothing)
                return;
            if (arrival != Arrival.Message)
            {
                if (arrival == Arrival.Broken)
                    Complaint.Write();
                Disconnect();
                return;
            }

            Dispatch();
        }
    }

    /// <summary>The connection is over. What is under way goes on, and nobody is answered.</summary>
    public static void Disconnect()
    {
        s_answerable = false;
        s_held = false;
        HostHook.Due = 0;
        HeldAnswer.Drop();
        MasterProcess.Disconnect();
    }

    /// <summary>Ends what was under way with success or the present failure, and goes on with what waited for it.</summary>
    public static void Complete(bool done)
    {
        uint id = s_pendingId;
        bool answerable = s_answerable && MasterProcess.Connected;
        // Whoever drives an unmonitored creation takes the terminal: nobody else will be there.
        int console = s_pending == HostMethod.Created && !Facts.Monitored ? PayloadStreams.Console : -1;
        s_pending = HostMethod.None;
        if (answerable)
            AnswerAs(id, done, console);
        TakeHeld();
    }

    /// <summary>Ends a Start that failed; its answer is held back.</summary>
    public static void HoldFailure()
    {
        if (s_answerable)
            HeldAnswer.Keep(s_pendingId);
        s_pending = HostMethod.None;
        TakeHeld();
    }

    private static void TakeHeld()
    {
        if (!s_held)
            return;
        s_held = false;
        if (MasterProcess.Connected)
            Dispatch();
    }

    private static void AnswerAs(uint id, bool done, int descriptor)
    {
        // The request in hand may be another one that waits its turn.
        ref RpcServer server = ref MasterProcess.Server;
        uint inHand = server.Id;
        server.Id = id;
        bool sent = done && descriptor >= 0 ? server.Succeed(descriptor) : server.Answer(done);
        server.Id = inHand;
        if (!sent)
            Disconnect();
    }

    private static void Dispatch()
    {
        ref RpcServer server = ref MasterProcess.Server;
        HostMethod method = MethodNames.FindHost(server.Method);
        bool sent;
        if (method == HostMethod.None)
        {
            sent = server.RefuseMethod("the supervisor has no such method"u8);
        }
        else if (s_pending != HostMethod.None && HostPhases.Waits(method))
        {
            s_held = true;
            return;
        }
        else if (!Policy.Policy.Allows(Facts.Workflow, method) || !HostPhases.Allows(method))
        {
            sent = server.Fail();
        }
        else
        {
            sent = Carry(ref server, method);
        }

        if (!sent)
            Disconnect();
    }

    // False: the connection is broken.
    private static bool Carry(ref RpcServer server, HostMethod method)
    {
        switch (method)
        {
            case HostMethod.SaveState: return server.Answer(HostRequests.SaveState(ref server));
            case HostMethod.OpenCgroup: return server.Answer(HostRequests.OpenCgroup(ref server));
            case HostMethod.WriteCgroup: return server.Answer(HostRequests.WriteCgroup(ref server));
            case HostMethod.SetCgroupDevices: return server.Answer(HostRequests.SetCgroupDevices(ref server));
            case HostMethod.CloneSource: return HostRequests.CloneSource(ref server);
            case HostMethod.OpenNamespace: return server.Answer(HostRequests.OpenNamespace(ref server));
            case HostMethod.Spawn: return HostRequests.Spawn(ref server);
            case HostMethod.RaiseLimits: return server.Answer(HostRequests.RaiseLimits(ref server));
            case HostMethod.MoveNetDevice: return server.Answer(HostRequests.MoveNetDevice(ref server));
            case HostMethod.RunHook: return Later(ref server, method, HostHook.Begin(ref server));
            case HostMethod.Created: return Later(ref server, method, server.NoParams()) && StartOrders.TryCreated();
            case HostMethod.Start: return Later(ref server, method, StartOrders.Begin(ref server));
            case HostMethod.Kill: return server.Answer(HostRequests.Kill(ref server));
            case HostMethod.Freeze: return server.Answer(server.NoParams() && HostRequests.Freeze());
            case HostMethod.Thaw: return server.Answer(server.NoParams() && HostRequests.Thaw());
            case HostMethod.Resize: return server.Answer(HostRequests.Resize(ref server));
            case HostMethod.ReopenLog: return server.Answer(server.NoParams() && PumpProcess.ReopenLog());
            case HostMethod.Status: return HostRequests.Status(ref server);
            case HostMethod.Abort: return HostRequests.Abort(ref server);
            case HostMethod.ReadState: return HostRequests.ReadState(ref server);
            case HostMethod.ConnectSocket: return server.Answer(HostRequests.ConnectSocket(ref server));
            default: return server.RefuseMethod("the supervisor has no such method"u8);
        }
    }

    // The request is answered now if it failed to begin, else by Complete.
    private static bool Later(ref RpcServer server, HostMethod method, bool begun)
    {
        if (!begun)
            return server.Fail();
        s_pending = method;
        s_pendingId = server.Id;
        s_answerable = true;
        return true;
    }
}
