using System.CommandLine;
using Engine.Control;
using Engine.Lifecycle;

namespace Engine.Cli.Oci;

/// <summary>Commands that are one request over the control socket, allowed in the states that the table of states says.</summary>
public static class ControlCommands
{
    /// <summary>A command with an id, and <c>--root</c>, that checks the state and does one thing.</summary>
    public static Command Simple(string verb, string summary, Action<ControlClient> request)
    {
        var root = Options.Root();
        var id = Options.Id();
        var command = new Command(verb, summary) { root, id };
        command.SetAction(parsed =>
        {
            using ContainerHandle container = ContainerHandle.Open(Options.StateRoot(parsed, root), parsed.GetValue(id)!);
            container.Require(verb);
            container.Control(request);
            return 0;
        });
        return command;
    }
}
