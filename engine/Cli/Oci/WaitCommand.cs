using System.CommandLine;
using Engine.Diagnostics;
using Engine.Lifecycle;
using Engine.State;

namespace Engine.Cli.Oci;

/// <summary><c>engine oci wait ID</c>: returns once the container has stopped, and prints its exit code.</summary>
public static class WaitCommand
{
    /// <summary>Options and action.</summary>
    public static Command Build()
    {
        var root = Options.Root();
        var id = Options.Id();
        var command = new Command("wait", "wait until a container has stopped and print its exit code") { root, id };
        command.SetAction(parsed =>
        {
            using ContainerHandle container = ContainerHandle.Open(Options.StateRoot(parsed, root), parsed.GetValue(id)!);
            StateDocument state = container.WaitUntilStopped();
            Console.Out.WriteLine(state.ExitCode ?? ExitCode.Failure);
            return 0;
        });
        return command;
    }
}
