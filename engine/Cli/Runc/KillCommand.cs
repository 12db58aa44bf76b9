using Engine.Diagnostics;
using Engine.Lifecycle;
using Engine.Linux;
using Engine.State;

namespace Engine.Cli.Runc;

/// <summary>
/// <c>kill ID [SIGNAL]</c>: by number, or by name with or without SIG. 0 asks whether the process is there. With --all every
/// process of the container is meant, and a container that has stopped is fine: nothing is left to be signalled.
/// </summary>
public static class KillCommand
{
    /// <summary>Options and action.</summary>
    public static RuncCommand Build() => new()
    {
        Operands = "<container-id> [signal]",
        Most = 2,
        Description = "The signal is a number, or a name with or without SIG; SIGTERM when there is none.",
        Options = [RuncOption.Switch("all", "send the specified signal to all processes inside the container", 'a')],
        Run = Run,
    };

    private static int Run(RuncCall call)
    {
        bool all = call.Switch("all");
        using ContainerHandle container = ContainerHandle.Open(call.Globals.Root, call.Id);
        string name = call.Operands.Count > 1 ? call.Operands[1] : "SIGTERM";
        int number = 0;
        if (name != "0" && !Signals.TryParse(name, out number))
        {
            throw new EngineException($"unknown signal {Quote.Text(name)}");
        }

        if (all && container.State.Status == ContainerStatus.Stopped)
        {
            return 0;
        }

        RuncTexts.Require("kill", container.Id, container.State.Status);
        if (number > 0)
        {
            container.Kill(number, all);
        }

        return 0;
    }
}
