using System.CommandLine;
using Engine.Attach;
using Engine.Diagnostics;
using Engine.Lifecycle;
using Engine.Rpc.Linux;
using Engine.Shared.Linux;
using Engine.State;

namespace Engine.Cli.Oci;

/// <summary><c>engine oci attach ID</c>: this terminal becomes the container's, until it ends or the detach keys are typed.</summary>
public static class AttachCommand
{
    /// <summary>Options and action of <c>engine oci attach</c>.</summary>
    public static Command Build() => Build(Subject.Container);

    /// <summary>Options and action.</summary>
    public static Command Build(Subject subject)
    {
        var root = Options.Root();
        var id = subject.Argument();
        var keys = DetachOption();
        var noStdin = Options.Switch("--no-stdin", null, "leave standard input alone");
        var command = new Command("attach", $"connect the terminal to {subject.Some}") { root, id, keys, noStdin };
        command.SetAction(parsed =>
        {
            DetachKeys sequence = Keys(parsed, keys);
            using ContainerHandle container = subject.Open(Options.StateRoot(parsed, root), parsed.GetValue(id)!);
            container.Require("attach");
            return Run(subject, container, sequence, hasInput: !parsed.GetValue(noStdin));
        });
        return command;
    }

    /// <summary><c>--detach-keys</c>, which run has too.</summary>
    public static Option<string?> DetachOption() =>
        Options.Text("--detach-keys", null, "keys that detach, as ctrl-p,ctrl-q (the default); empty for none", "KEYS", "DETACH_KEYS");

    /// <summary>The sequence it names.</summary>
    public static DetachKeys Keys(ParseResult parsed, Option<string?> option) =>
        parsed.GetValue(option) is { } text ? DetachKeys.Parse(text) : DetachKeys.Default;

    private static int Run(Subject subject, ContainerHandle container, DetachKeys keys, bool hasInput)
    {
        bool isTerminal = container.State.Engine?.Terminal ?? false;
        AttachOutcome outcome;
        try
        {
            using AttachClient client = AttachClient.Connect(container.Directory.Descriptor, ContainerDirectory.AttachSocket);
            outcome = client.Run(keys, isTerminal, hasInput);
        }
        catch (SyscallException error) when (error.Errno is Errno.ENOENT or Errno.ECONNREFUSED)
        {
            throw new EngineException($"cannot attach to container \"{container.Id}\": nobody listens; it is {container.Refresh().Status}", inner: error);
        }

        if (outcome.LostBytes > 0)
        {
            Report.Warning(subject.Group + " attach", $"{outcome.LostBytes} bytes of output were lost, for they were not read in time; the log has them");
        }

        if (outcome.Signal != 0)
        {
            return 128 + outcome.Signal;
        }

        return outcome.IsDetached ? 0 : outcome.ExitCode ?? EndOf(container);
    }

    // The stream ended without an exit code: the pump was killed, or the container is gone. The record knows.
    private static int EndOf(ContainerHandle container)
    {
        container.WaitUntilStopped(TimeSpan.FromSeconds(5));
        return container.Refresh().ExitCode ?? 1;
    }
}
