using System.CommandLine;

namespace Engine.Cli.Oci;

/// <summary><c>engine oci resume ID</c>: thaws it, and only then says that it runs.</summary>
public static class ResumeCommand
{
    /// <summary>Options and action.</summary>
    public static Command Build() => ControlCommands.Simple("resume", "thaw a paused container", container => container.Resume());
}
