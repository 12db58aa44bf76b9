using System.CommandLine;
using Engine.Diagnostics;
using Engine.Lifecycle;
using Engine.Logs;
using Engine.Shared.Protocol;
using Engine.State;

namespace Engine.Cli.Oci;

/// <summary><c>engine oci logs ID</c>: what the payload wrote, stdout to stdout and stderr to stderr, without the log's own dress.</summary>
public static class LogsCommand
{
    /// <summary>Options and action of <c>engine oci logs</c>.</summary>
    public static Command Build() => Build(Subject.Container);

    /// <summary>Options and action.</summary>
    public static Command Build(Subject subject)
    {
        var root = Options.Root();
        var id = subject.Argument();
        var follow = Options.Switch("--follow", "-f", "wait for more until the container has stopped");
        var tail = new Option<long?>("--tail") { Description = "only the last lines", HelpName = "LINES" };
        var timestamps = Options.Switch("--timestamps", "-t", "show the time of each line");
        var command = new Command("logs", $"print the log of {subject.Some}") { root, id, follow, tail, timestamps };
        command.SetAction(parsed =>
        {
            if (parsed.GetValue(tail) is < 0)
            {
                throw new UsageException("--tail: must not be negative");
            }

            using ContainerHandle container = subject.Open(Options.StateRoot(parsed, root), parsed.GetValue(id)!);
            using Stream output = Console.OpenStandardOutput();
            using Stream error = Console.OpenStandardError();
            LogReader.Print(Request(container, parsed.GetValue(follow), parsed.GetValue(tail), parsed.GetValue(timestamps)), output, error);
            return 0;
        });
        return command;
    }

    private static LogRequest Request(ContainerHandle container, bool follow, long? tail, bool timestamps)
    {
        string path = container.State.Engine?.LogPath ?? throw new EngineException($"container \"{container.Id}\" has no log yet");
        LogFormat? format = Enum.TryParse(container.State.Engine.LogFormat, ignoreCase: true, out LogFormat known) ? known : null;
        return new LogRequest
        {
            Path = path,
            Format = format,
            Tail = tail,
            Follow = follow,
            Timestamps = timestamps,
            // The pump goes on without its supervisor, as long as the payload has it.
            HasEnded = () => !container.IsSupervised && !Liveness.PayloadLives(container.State),
        };
    }
}
