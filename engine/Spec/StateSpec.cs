namespace Engine.Spec;

/// <summary>
/// The state document of the specification: what <c>state</c> prints, hooks read on stdin and state.json begins with.
/// </summary>
public sealed record StateSpec
{
    public required string OciVersion { get; set; }
    public required string Id { get; set; }

    /// <summary>creating, created, running, paused (this engine's, as runc's), stopped.</summary>
    public required string Status { get; set; }

    /// <summary>Of the payload, in the runtime's pid namespace; null when there is none.</summary>
    public int? Pid { get; set; }

    /// <summary>Absolute.</summary>
    public required string Bundle { get; set; }
    public Dictionary<string, string> Annotations { get; set; } = [];
}
