using System.CommandLine;
using Engine.Diagnostics;
using Engine.Lifecycle;
using Engine.Linux;

namespace Engine.Cli.Oci;

/// <summary>
/// <c>engine oci kill ID [SIGNAL]</c>. The operand beats <c>--signal</c>, <c>--force</c> (SIGKILL) beats both. With
/// <c>--timeout N</c> it waits so many seconds for the end and then sends SIGKILL.
/// </summary>
public static class KillCommand
{
    private const int SigKill = 9;

    /// <summary>Options and action.</summary>
    public static Command Build()
    {
        var root = Options.Root();
        var id = Options.Id();
        var operand = new Argument<string?>("SIGNAL") { Arity = ArgumentArity.ZeroOrOne, Description = "signal, by name (with or without SIG) or number" };
        var signal = Options.Text("--signal", "-s", "signal (default SIGTERM)", "SIGNAL", "SIGNAL");
        var force = Options.Switch("--force", "-f", "send SIGKILL", "FORCE");
        var timeout = new Option<int>("--timeout", "-t") { Description = "seconds to wait before SIGKILL", HelpName = "SECONDS" };
        var all = Options.Switch("--all", "-a", "send the signal to every process of the container");
        var command = new Command("kill", "send a signal to a container") { root, id, operand, signal, force, timeout, all };
        command.SetAction(parsed =>
        {
            string name = parsed.GetValue(force) ? "SIGKILL" : parsed.GetValue(operand) ?? parsed.GetValue(signal) ?? "SIGTERM";
            if (!Signals.TryParse(name, out int number))
            {
                throw new UsageException($"unknown signal \"{Printable.Of(name)}\"");
            }

            int seconds = parsed.GetValue(timeout);
            if (seconds < 0)
            {
                throw new UsageException("--timeout: must not be negative");
            }

            using ContainerHandle container = ContainerHandle.Open(Options.StateRoot(parsed, root), parsed.GetValue(id)!);
            container.Require("kill");
            container.Kill(number, parsed.GetValue(all));
            if (seconds > 0 && !container.WaitUntilStopped(TimeSpan.FromSeconds(seconds)))
            {
                container.Kill(SigKill, all: true);
            }

            return 0;
        });
        return command;
    }
}
