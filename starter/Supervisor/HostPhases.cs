using Engine.Shared.Protocol;
using Engine.Starter.Server;
using Engine.Starter.Stages;

namespace Engine.Starter.Supervisor;

/// <summary>When which method makes sense. A request at another time is refused, whoever asks.</summary>
internal static class HostPhases
{
    private const byte Begin = 1, Made = 2, Created = 4, Running = 8, Paused = 16, Ending = 32, Over = 64, Mounts = 128;
    private const byte Creating = Begin | Made;
    private const byte Living = Created | Running | Paused;
    private const byte Always = Creating | Living | Ending | Over;

    // By HostMethod, from None.
    private static ReadOnlySpan<byte> Rows =>
    [
        0,
        0, // Hello: answered before this table is asked
        Creating | Living, // SaveState
        Begin, // OpenCgroup
        Creating | Living, // WriteCgroup
        Creating | Living, // SetCgroupDevices
        Creating | Mounts, // CloneSource
        Begin, // OpenNamespace
        Begin, // Spawn
        Creating | Living | Ending, // RunHook: a poststart hook of a payload that has run already
        Made, // Created
        Created, // Start
        Made | Living, // Kill
        Running, // Freeze
        Paused, // Thaw
        Made | Living, // Resize
        Living, // ReopenLog
        Always, // Status
        Creating, // Abort
        Always, // ReadState
        Made, // RaiseLimits
        Made, // MoveNetDevice
        Creating, // ConnectSocket
    ];

    // Answered at once, also while a hook or a start is under way: what ends a container must not wait for what hangs in it.
    private static bool IsUrgent(HostMethod method) =>
        method == HostMethod.Kill || method == HostMethod.Status || method == HostMethod.ReadState || method == HostMethod.Resize ||
        method == HostMethod.ReopenLog || method == HostMethod.Abort;

    /// <summary>True for a method that is to wait for the end of what is under way.</summary>
    public static bool Waits(HostMethod method) => !IsUrgent(method);

    /// <summary>Whether the method fits the present status. False leaves the refusal.</summary>
    public static bool Allows(HostMethod method)
    {
        int row = (int)method;
        if (row < Rows.Length && (Rows[row] & Now()) != 0)
            return true;

        byte now = Now();
        Failure.Call("rpc"u8, MethodNames.Of(method), now == Over || now == Ending ? ESRCH : EINVAL);
        return Failure.Explain(
            now == Mounts ? "only the sources of mounts"u8 :
            now == Over || now == Ending ? "the container has ended"u8 :
            now == Begin ? "not before the container stage is made"u8 :
            now == Made ? "not while the container is being created"u8 :
            now == Created ? "not in status created"u8 :
            now == Running ? "not in status running"u8 : "not in status paused"u8);
    }

    private static byte Now()
    {
        // No supervisor: a container that runs is given mounts.
        if (LaunchRecord.Launch.Mode == (uint)LaunchMode.Mounts)
            return Mounts;
        if (ExitSequence.Begun)
            return Facts.StartedAt != 0 && Facts.Status != ContainerStatus.Stopped ? Ending : Over;
        // Its process is not reaped yet, but it will never run.
        if (StartOrders.Failed && Facts.Status == ContainerStatus.Created)
            return Over;
        switch (Facts.Status)
        {
            case ContainerStatus.Creating: return StageProcess.Spawned ? Made : Begin;
            case ContainerStatus.Created: return Created;
            case ContainerStatus.Running: return Running;
            case ContainerStatus.Paused: return Paused;
            default: return Over;
        }
    }
}
