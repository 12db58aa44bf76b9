using Engine.Shared.Protocol;

namespace Engine.Starter.Supervisor;

/// <summary>The one place where the container's status changes: recorded on disk, then told to the master, then to the sync socket.</summary>
internal static class Lifecycle
{
    /// <summary>
    /// The new status. False: it could not be written, the failure says why, and the status is what it was. That holds for
    /// changes that can be taken back; that a payload runs or ended is a fact whether or not there is room to write it down.
    /// </summary>
    public static bool Become(ContainerStatus status)
    {
        ContainerStatus before = Facts.Status;
        Facts.Status = status;
        Stamp(status);
        if (!StateFile.Save())
        {
            if (status != ContainerStatus.Running && status != ContainerStatus.Stopped)
            {
                Facts.Status = before;
                return false;
            }

            Complaint.Write();
        }

        // Whoever waits for an answer gets it before the news.
        HeldAnswer.Send();
        Tell();
        SyncSocket.Send();
        return true;
    }

    /// <summary>Tells a connected master how things are.</summary>
    public static void Tell()
    {
        if (!MasterProcess.Connected)
            return;
        StateChange change = Facts.Change();
        MasterProcess.Server.Notify(MethodNames.StateChanged, ref change);
    }

    private static void Stamp(ContainerStatus status)
    {
        long now = Sys.RealtimeNanoseconds();
        if (status == ContainerStatus.Created)
            Facts.CreatedAt = now;
        if (status == ContainerStatus.Running && Facts.StartedAt == 0)
            Facts.StartedAt = now;
    }
}
