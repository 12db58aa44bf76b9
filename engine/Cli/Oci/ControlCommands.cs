using System.CommandLine;
using Engine.Lifecycle;

namespace Engine.Cli.Oci;

/// <summary>Commands that ask one thing of a container, allowed in the states that the table of states says.</summary>
public static class ControlCommands
{
    /// <summary>A command with an id, and <c>--root</c>, that checks the state and does one thing.</summary>
    public static Command Simple(string verb, string summary, Action<ContainerHandle> request)
    {
        var root = Options.Root();
        var id = Options.Id();
        var command = new Command(verb, summary) { root, id };
        command.SetAction(parsed =>
        {
            using ContainerHandle container = ContainerHandle.Open(Options.StateRoot(parsed, root), parsed.GetValue(id)!);
            container.Require(verb);
            request(container);
            return 0;
        });
        return command;
    }
}
