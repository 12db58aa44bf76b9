namespace Engine.Shared.Protocol;

/// <summary>
/// What <see cref="Hello"/> and <see cref="Launch"/> carry beside <see cref="Limits.Version"/>: binaries of different builds
/// refuse each other before anything else, so that an upgrade in the middle of a create cannot mix two programs.
/// </summary>
public static class BuildId
{
    /// <summary>Equal in every binary of one build; at most <see cref="Limits.Name"/> bytes.</summary>
    public static System.ReadOnlySpan<byte> Value => "engine-0.1.0"u8;
}
