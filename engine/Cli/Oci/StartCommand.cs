using System.CommandLine;

namespace Engine.Cli.Oci;

/// <summary><c>engine oci start ID</c>: lets the created payload execute; fails with the reason when it cannot be executed.</summary>
public static class StartCommand
{
    /// <summary>Options and action.</summary>
    public static Command Build() => ControlCommands.Simple(
        "start", "start a created container", container => container.Control(client => client.Start()));
}
