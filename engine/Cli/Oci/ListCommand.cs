using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Engine.Diagnostics;
using Engine.State;

namespace Engine.Cli.Oci;

/// <summary><c>engine oci list</c>: every container, instances too, with runc's columns.</summary>
public static class ListCommand
{
    /// <summary>Options and action.</summary>
    public static Command Build()
    {
        var root = Options.Root();
        var format = new Option<string>("--format", "-f") { Description = "table or json", HelpName = "FORMAT", DefaultValueFactory = _ => "table" };
        var quiet = Options.Switch("--quiet", "-q", "print ids only");
        var command = new Command("list", "list containers") { root, format, quiet };
        command.SetAction(parsed =>
        {
            List<StateDocument> states = StateListing.Read(Options.StateRoot(parsed, root));
            if (parsed.GetValue(quiet))
            {
                states.ForEach(state => Console.Out.WriteLine(state.Id));
                return 0;
            }

            switch (parsed.GetValue(format))
            {
                case "json":
                    Console.Out.WriteLine(JsonSerializer.Serialize([.. states], StateJson.Default.StateDocumentArray));
                    return 0;
                case "table":
                    Print(states);
                    return 0;
                default:
                    throw new UsageException("unknown format: must be table or json");
            }
        });
        return command;
    }

    private static void Print(List<StateDocument> states)
    {
        var table = new Table(3, "ID", "PID", "STATUS", "BUNDLE", "CREATED", "OWNER");
        states.ForEach(state => table.Add(Row(state)));
        table.Print(Console.Out);
    }

    private static string[] Row(StateDocument state)
    {
        string created = state.CreatedAt is long nanoseconds
            ? DateTimeOffset.UnixEpoch.AddTicks(nanoseconds / 100).ToString("yyyy-MM-ddTHH:mm:ss.fffffffZ", CultureInfo.InvariantCulture)
            : "";
        string pid = state.Status == ContainerStatus.Stopped ? "0" : (state.Pid ?? 0).ToString(CultureInfo.InvariantCulture);
        return [state.Id, pid, state.Status, Printable.Of(state.Bundle), created, "#" + (state.Engine?.Uid ?? 0).ToString(CultureInfo.InvariantCulture)];
    }
}
