using Engine.Cli.Oci;

namespace Engine.Cli;

/// <summary>The table of contents of <c>engine oci</c>.</summary>
public static class OciCommands
{
    /// <summary>Every verb, in the order in which a container meets them.</summary>
    public static readonly CommandEntry[] Table =
    [
        new("create", "create a container from a bundle", CreateCommand.Build),
        new("start", "start a created container", StartCommand.Build),
        new("run", "create, start, attach, wait and delete", RunCommand.Build),
        new("state", "print the state of a container as JSON", StateCommand.Build),
        new("list", "list containers", ListCommand.Build),
        new("attach", "connect the terminal to a container", AttachCommand.Build),
        new("exec", "run a process in a container", ExecCommand.Build, StopAt: 2),
        new("logs", "print the log of a container", LogsCommand.Build),
        new("kill", "send a signal to a container", KillCommand.Build),
        new("pause", "freeze every process of a container", PauseCommand.Build),
        new("resume", "thaw a paused container", ResumeCommand.Build),
        new("update", "change the resource limits of a container", UpdateCommand.Build),
        new("wait", "wait until a container has stopped and print its exit code", WaitCommand.Build),
        new("delete", "remove a container", DeleteCommand.Build),
    ];
}
