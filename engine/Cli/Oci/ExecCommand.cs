using System.CommandLine;
using Engine.Diagnostics;
using Engine.Lifecycle;

namespace Engine.Cli.Oci;

/// <summary>
/// <c>engine oci exec ID COMMAND...</c>: a further process in a running container. Options stand before the command's
/// first word. Exit code: the process's; 126 when it cannot be executed, 127 when it is not found.
/// </summary>
public static class ExecCommand
{
    /// <summary>Options and action of <c>engine oci exec</c>.</summary>
    public static Command Build() => Build(Subject.Container);

    /// <summary>Options and action.</summary>
    public static Command Build(Subject subject)
    {
        var root = Options.Root();
        var id = subject.Argument();
        var args = new Argument<string[]>("COMMAND") { Arity = ArgumentArity.ZeroOrMore, Description = "command and its arguments" };
        var tty = Options.Switch("--tty", "-t", "give it a terminal");
        var user = new Option<string?>("--user", "-u") { Description = "name or uid, with group or gid behind a colon", HelpName = "USER[:GROUP]" };
        var cwd = new Option<string?>("--cwd") { Description = "working directory in the container", HelpName = "DIR" };
        var env = new Option<string[]>("--env", "-e") { Description = "set a variable; may be repeated", HelpName = "KEY=VALUE", Arity = ArgumentArity.ZeroOrMore };
        var detach = Options.Switch("--detach", "-d", "do not wait for it");
        var pidFile = new Option<string?>("--pid-file") { Description = "file to write its pid to", HelpName = "FILE" };
        var command = new Command("exec", $"run a process in {subject.Some}") { root, id, args, tty, user, cwd, env, detach, pidFile };
        command.SetAction(parsed =>
        {
            string[] words = parsed.GetValue(args) ?? [];
            if (words.Length == 0)
            {
                throw new UsageException($"no command was given; '{subject.Group} exec {subject.Operand} COMMAND [ARG...]'");
            }

            using ContainerHandle container = subject.Open(Options.StateRoot(parsed, root), parsed.GetValue(id)!);
            container.Require("exec");
            string? path = parsed.GetValue(pidFile);
            return ExecProcess.Run(container, new ExecOptions
            {
                Args = words,
                Terminal = parsed.GetValue(tty),
                User = parsed.GetValue(user),
                Cwd = parsed.GetValue(cwd),
                Env = parsed.GetValue(env) ?? [],
                Detach = parsed.GetValue(detach),
                PidFile = path is null ? null : Path.GetFullPath(path),
            });
        });
        return command;
    }
}
