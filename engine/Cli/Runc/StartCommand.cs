using Engine.Lifecycle;
using Engine.Runtime;

namespace Engine.Cli.Runc;

/// <summary><c>start ID</c>: runs the program of a created container.</summary>
public static class StartCommand
{
    /// <summary>Options and action.</summary>
    public static RuncCommand Build() => new() { Run = Run };

    private static int Run(RuncCall call)
    {
        using ContainerHandle container = ContainerHandle.Open(call.Globals.Root, call.Id);
        RuncTexts.Require("start", container.Id, container.State.Status);
        RuntimeStart.Start(container);
        return 0;
    }
}
