namespace Engine.Attach;

/// <summary>How an attach session ended.</summary>
public enum AttachEnd
{
    /// <summary>The server said its last word: <see cref="AttachOutcome.ExitCode"/>.</summary>
    Exited,

    /// <summary>The connection ended without it (the supervisor was lost, or this client was too slow at the end): the state knows more.</summary>
    Disconnected,

    /// <summary>The detach keys were typed.</summary>
    Detached,

    /// <summary>Nobody reads this process's stdout or stderr any more.</summary>
    OutputClosed,

    /// <summary>A signal asked this process to end (<see cref="AttachOutcome.Signal"/>), or the caller cancelled.</summary>
    Interrupted,
}

/// <summary>How an attach session ended.</summary>
/// <param name="ExitCode">The payload's, when it was told.</param>
/// <param name="Signal">The kernel's number, for <see cref="AttachEnd.Interrupted"/> (0 when cancelled) and <see cref="AttachEnd.OutputClosed"/> (SIGPIPE).</param>
/// <param name="LostBytes">Output that this session missed because it was too slow.</param>
public readonly record struct AttachOutcome(AttachEnd End, int? ExitCode = null, int Signal = 0, ulong LostBytes = 0)
{
    /// <summary>The detach keys were typed.</summary>
    public bool IsDetached => End == AttachEnd.Detached;
}
