using System.CommandLine;

namespace Engine.Cli.Oci;

/// <summary><c>engine oci pause ID</c>: freezes every process of the container.</summary>
public static class PauseCommand
{
    /// <summary>Options and action.</summary>
    public static Command Build() => ControlCommands.Simple("pause", "freeze every process of a container", container => container.Pause());
}
