using Engine.Lifecycle;

namespace Engine.Cli.Runc;

/// <summary><c>pause ID</c> and <c>resume ID</c>: freezes every process of the container, and lets them go on. Also before it is started.</summary>
public static class PauseCommand
{
    /// <summary>pause.</summary>
    public static RuncCommand Pause() => new()
    {
        Description = "The pause command suspends all processes in the instance of the container.",
        Run = call => Do("pause", call, container => container.Pause()),
    };

    /// <summary>resume.</summary>
    public static RuncCommand Resume() => new()
    {
        Description = "The resume command resumes all processes in the instance of the container.",
        Run = call => Do("resume", call, container => container.Resume()),
    };

    private static int Do(string verb, RuncCall call, Action<ContainerHandle> action)
    {
        using ContainerHandle container = ContainerHandle.Open(call.Globals.Root, call.Id);
        RuncTexts.Require(verb, container.Id, container.State.Status);
        action(container);
        return 0;
    }
}
