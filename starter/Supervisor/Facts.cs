using Engine.Shared.Protocol;
using Engine.Starter.Stages;

namespace Engine.Starter.Supervisor;

/// <summary>The statuses of the OCI specification, and "paused". The order is that of a life; Paused and Running alternate.</summary>
internal enum ContainerStatus
{
    Creating,
    Created,
    Running,
    Paused,
    Stopped,
}

/// <summary>What this process knows about its container, and nobody else decides. Written only by the supervisor's own code.</summary>
internal static class Facts
{
    public static Workflow Workflow;

    /// <summary>There are a master and a pump, and this process stays. Otherwise the caller drives the servers and is left alone with the container.</summary>
    public static bool Monitored;
    public static ContainerStatus Status;

    /// <summary>Host pid of the payload; 0 before Spawn. Stays after its end, for the record.</summary>
    public static int Pid;

    /// <summary>Start time of <see cref="Pid"/> in clock ticks since boot, from /proc/PID/stat: tells it from a later process of that number.</summary>
    public static ulong StartTime;

    /// <summary>The same of this process.</summary>
    public static ulong OwnStartTime;

    /// <summary>Unix nanoseconds; 0 before. Each is set once.</summary>
    public static long CreatedAt, StartedAt, FinishedAt;

    /// <summary>The payload's end: exit code, 128+signal for a signal. Counts once Status is Stopped.</summary>
    public static int ExitCode;

    /// <summary>The signal that ended it, 0 for none.</summary>
    public static int ExitSignal;

    public static bool OomKilled;

    /// <summary>The status's name in the OCI state.</summary>
    public static ReadOnlySpan<byte> Name(ContainerStatus status)
    {
        switch (status)
        {
            case ContainerStatus.Creating: return "creating"u8;
            case ContainerStatus.Created: return "created"u8;
            case ContainerStatus.Running: return "running"u8;
            case ContainerStatus.Paused: return "paused"u8;
            default: return "stopped"u8;
        }
    }

    /// <summary>As a message: result of Status, params of StateChanged.</summary>
    public static unsafe StateChange Change()
    {
        ReadOnlySpan<byte> name = Name(Status);
        StateChange change;
        change.Status = new Engine.Shared.Wire.Text(CString.Of(name), name.Length);
        change.Pid = Pid;
        change.ExitCode = Status == ContainerStatus.Stopped ? ExitCode : -1;
        change.OomKilled = OomKilled;
        return change;
    }
}
