using System.CommandLine;
using Engine.Attach;
using Engine.Lifecycle;

namespace Engine.Cli.Oci;

/// <summary><c>engine oci run ID</c>: create, start, attach, wait and delete; the exit code is the payload's.</summary>
public static class RunCommand
{
    /// <summary>Options and action.</summary>
    public static Command Build()
    {
        var options = new CreateArguments(withEmptyProcess: false);
        var keys = AttachCommand.DetachOption();
        var command = new Command("run", "create, start, attach, wait and delete") { keys };
        options.AddTo(command);
        command.SetAction(parsed =>
        {
            CreateOptions create = options.Read(parsed);
            return options.IsPlan(parsed)
                ? CreateArguments.PrintPlan(create)
                : RunContainer.Run(
                    options.Root(parsed), create, AttachCommand.Keys(parsed, keys), warning => Report.Warning("engine oci run", warning));
        });
        return command;
    }
}
