using Engine.Diagnostics;
using Engine.Lifecycle;
using Engine.Linux;
using Engine.State;

namespace Engine.Cli.Runc;

/// <summary>
/// <c>delete ID</c>: poststop hooks, then everything that is left. A container that was only created is killed first; one
/// that runs needs --force, with which an id that does not exist is fine.
/// </summary>
public static class DeleteCommand
{
    /// <summary>Options and action.</summary>
    public static RuncCommand Build() => new()
    {
        Options =
        [
            RuncOption.Switch("force", "Forcibly deletes the container if it is still running (uses SIGKILL)", 'f'),
            RuncOption.Switch("regex", "the operand is a POSIX extended regular expression: every container that it matches is deleted"),
        ],
        Run = Run,
    };

    private static int Run(RuncCall call)
    {
        bool isForced = call.Switch("force");
        if (!call.Switch("regex"))
        {
            Delete(call, call.Id, isForced);
            return 0;
        }

        using var pattern = new PosixPattern(call.Operands[0]);
        foreach (string id in call.Globals.Root.Ids().Where(pattern.Matches))
        {
            Delete(call, id, isForced);
        }

        return 0;
    }

    private static void Delete(RuncCall call, string id, bool isForced)
    {
        StateRoot root = call.Globals.Root;
        if (isForced)
        {
            root.Sweep(id);
            if (!root.Has(id))
            {
                return;
            }
        }

        using ContainerHandle container = ContainerHandle.Open(root, id);
        if (!isForced)
        {
            RuncTexts.Require("delete", id, container.State.Status);
        }

        foreach (string warning in DeleteContainer.Delete(container, isForced))
        {
            call.Log.Warning(warning);
        }
    }
}
