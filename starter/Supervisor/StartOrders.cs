using Engine.Shared.Protocol;
using Engine.Starter.Policy;
using Engine.Starter.Server;
using Engine.Starter.Stages;

namespace Engine.Starter.Supervisor;

/// <summary>
/// What the container stage says on its link, and the two requests that wait for it: Created for Waiting, Start for the
/// link's end.
/// </summary>
internal static unsafe class StartOrders
{
    private static bool s_failed;

    /// <summary>The stage has said why the payload will not run.</summary>
    public static bool Failed => s_failed;

    /// <summary>Created was asked for: done as soon as the stage waits. Always true; the answer is given by the server's Complete.</summary>
    public static bool TryCreated()
    {
        if (HostServer.Pending != HostMethod.Created)
            return true;
        if (StageProcess.Waiting && StageProcess.Alive)
        {
            bool created = PumpProcess.SetUp() && PidFile.Write() && LetGo() && GiveUp() && Lifecycle.Become(ContainerStatus.Created);
            HostServer.Complete(created);
            if (created)
                Settle();
        }
        else if (StageProcess.Link < 0 || !StageProcess.Alive)
        {
            if (!s_failed)
                Failure.Refuse("container stage"u8, "it ended before the container was created"u8);
            else
                ExitReason.Recall();
            HostServer.Complete(false);
        }

        return true;
    }

    /// <summary>Start was asked for.</summary>
    public static bool Begin(ref RpcServer server)
    {
        StartPayload request = default;
        if (!server.Params(ref request))
            return false;
        if (StageProcess.Link < 0 || !StageProcess.Alive)
            return Failure.Refuse("container stage"u8, "it ended before the container was started"u8);
        HostHook.Due = request.Hooks;
        return StageLink.Send(StageProcess.Link, StageNoteKind.Start);
    }

    /// <summary>Takes every note that has come.</summary>
    public static void Drain()
    {
        while (StageProcess.Link >= 0)
        {
            Arrival arrival = StageProcess.Receive(out StageNote note, MSG_DONTWAIT);
            if (arrival == Arrival.Nothing)
                return;
            if (arrival == Arrival.Message)
                Take(ref note);
            else
                Ended();
        }
    }

    private static void Take(ref StageNote note)
    {
        switch ((StageNoteKind)note.Kind)
        {
            case StageNoteKind.Console:
                int console = StageProcess.TakeDescriptor();
                if (PayloadStreams.Console < 0)
                    PayloadStreams.Console = console;
                else if (console >= 0)
                    Sys.close(console);
                break;
            case StageNoteKind.Waiting:
                StageProcess.Waiting = true;
                TryCreated();
                break;
            case StageNoteKind.Running:
                Runs();
                break;
            case StageNoteKind.Failed:
                s_failed = true;
                Failure.Adopt(ref note.Error);
                ExitReason.Keep();
                if (HostServer.Pending == HostMethod.Start)
                    HostServer.HoldFailure();
                break;
        }
    }

    // After Start and without a last word the end of the link means execve.
    private static void Ended()
    {
        if (!s_failed && HostServer.Pending == HostMethod.Start)
            Runs();
        TryCreated();
    }

    private static void Runs()
    {
        if (Facts.Status != ContainerStatus.Created)
            return;
        Lifecycle.Become(ContainerStatus.Running);
        if (HostServer.Pending == HostMethod.Start)
            HostServer.Complete(true);
    }

    // An ordinary user's container needs no privilege any more but the stage's own, until it becomes the payload.
    private static bool GiveUp() => !Rules.Apply || Caller.Drop();

    // Unmonitored: from here on the stage takes its Start from whoever connects to it.
    private static bool LetGo() => Facts.Monitored || StageLink.Send(StageProcess.Link, StageNoteKind.Detach) ||
        Failure.Refuse("container stage"u8, "it ended before the container was created"u8);

    // From here on the container does not depend on the CLI that made it; an unmonitored one not on us either.
    private static void Settle()
    {
        if (!Facts.Monitored)
            ExitSequence.Release();
        Sys.close(Stage0Entry.LaunchSocket);
        Loop.LaunchOpen = false;
        int root = LaunchRecord.Take(LaunchDescriptor.StateRoot);
        if (root >= 0)
            Sys.close(root);
    }
}
