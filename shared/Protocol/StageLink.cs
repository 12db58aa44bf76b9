using Engine.Shared.Wire;

namespace Engine.Shared.Protocol;

/// <summary>What a <see cref="StageNote"/> says.</summary>
public enum StageNoteKind : uint
{
    None = 0,

    /// <summary>Supervisor to stage: maps are written, cgroups joined, go on.</summary>
    Go = 1,

    /// <summary>Supervisor to stage: source Slot (descriptor 0, or Error.Errno when it could not be cloned).</summary>
    Source = 2,

    /// <summary>Supervisor to stage: execute the payload.</summary>
    Start = 3,

    /// <summary>Stage to supervisor: the console's master side (descriptor 0).</summary>
    Console = 4,

    /// <summary>Stage to supervisor: Error; the stage exits next. Success is end of file, by close-on-exec.</summary>
    Failed = 5,

    /// <summary>Join process to supervisor: pid of the container stage it made (in Slot), seen from the host.</summary>
    Pid = 6,

    /// <summary>Stage to supervisor: everything is applied, the stage has closed its RPC end and waits for Start.</summary>
    Waiting = 7,

    /// <summary>Empty process: runs (there is no execve that could say so).</summary>
    Running = 8,

    /// <summary>Supervisor to stage, unmonitored: the supervisor ends now; Start will come over start.sock.</summary>
    Detach = 9,

    /// <summary>Stage to whoever connected to start.sock: its Start is the one that counts. What follows is as on the link.</summary>
    Begun = 10,

    /// <summary>As Source, for one that was asked for as the container's root (<see cref="SourceFlags.Root"/>).</summary>
    RootSource = 11,
}

/// <summary>
/// The private socket pair between supervisor and container stage, which the master never holds: sources must not pass
/// through it (security.md 4.3), and the stage's last words must not depend on it.
/// </summary>
public struct StageNote : IMessage
{
    public uint Kind;
    public uint Slot;
    public ErrorRecord Error;

    public void Fields(ref Codec c)
    {
        c.Begin(3);
        c.Value(ref Kind);
        c.Value(ref Slot);
        Error.Fields(ref c);
    }
}
