using Engine.Cli.Instance;
using Engine.Cli.Oci;

namespace Engine.Cli;

/// <summary>The table of contents of <c>engine instance</c>.</summary>
public static class InstanceCommands
{
    /// <summary>Every verb, in the order in which an instance meets them.</summary>
    public static readonly CommandEntry[] Table =
    [
        new("start", "start an instance from a bundle", () => Instance.StartCommand.Build("start"), StopAt: 3, ApptainerOptions.Explain),
        new("run", "the same: a bundle has one program", () => Instance.StartCommand.Build("run"), StopAt: 3, ApptainerOptions.Explain),
        new("list", "list instances", Instance.ListCommand.Build),
        new("exec", "run a process in an instance", () => ExecCommand.Build(Subject.Instance), StopAt: 2),
        new("attach", "connect the terminal to an instance", () => AttachCommand.Build(Subject.Instance)),
        new("logs", "print the log of an instance", () => LogsCommand.Build(Subject.Instance)),
        new("stats", "show what an instance uses", StatsCommand.Build),
        new("stop", "stop instances and remove them", StopCommand.Build),
    ];
}
