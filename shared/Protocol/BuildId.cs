namespace Engine.Shared.Protocol;

/// <summary>
/// What <see cref="Hello"/> and <see cref="Launch"/> carry beside <see cref="Limits.Version"/>: programs of different builds refuse each
/// other before anything else, so that an upgrade in the middle of a create cannot mix two of them. Shared.props generates it from the
/// version and the sources of the protocols.
/// </summary>
public static partial class BuildId
{
    /// <summary>Equal in every program of one build; at most <see cref="Limits.Name"/> bytes.</summary>
    public static System.ReadOnlySpan<byte> Value => Generated;
}
