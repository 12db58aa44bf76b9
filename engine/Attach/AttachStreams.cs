namespace Engine.Attach;

/// <summary>Descriptors of a session on this process's side; they stay the caller's.</summary>
public sealed record AttachStreams(int Input, int Output, int Error)
{
    /// <summary>0, 1, 2.</summary>
    public static AttachStreams Standard { get; } = new(0, 1, 2);
}
