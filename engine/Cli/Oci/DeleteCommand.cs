using System.CommandLine;
using Engine.Lifecycle;
using Engine.State;

namespace Engine.Cli.Oci;

/// <summary><c>engine oci delete ID</c>: runs the poststop hooks and removes what is left of a container.</summary>
public static class DeleteCommand
{
    /// <summary>Options and action.</summary>
    public static Command Build()
    {
        var root = Options.Root();
        var id = Options.Id();
        var force = Options.Switch("--force", "-f", "kill it first, whatever state it is in; an id that does not exist is fine");
        var command = new Command("delete", "remove a container") { root, id, force };
        command.SetAction(parsed =>
        {
            StateRoot states = Options.StateRoot(parsed, root);
            string name = parsed.GetValue(id)!;
            bool isForced = parsed.GetValue(force);
            ContainerId.Check(name);
            if (isForced)
            {
                states.Sweep(name);
                if (!states.Has(name))
                {
                    return 0;
                }
            }

            using ContainerHandle container = ContainerHandle.Open(states, name);
            foreach (string warning in DeleteContainer.Delete(container, isForced))
            {
                Report.Warning("engine oci delete", warning);
            }

            return 0;
        });
        return command;
    }
}
