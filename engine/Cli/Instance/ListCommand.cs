using System.CommandLine;
using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using Engine.Diagnostics;
using Engine.Instances;
using Engine.State;

namespace Engine.Cli.Instance;

/// <summary><c>engine instance list [PATTERN]</c>, with Apptainer's columns and members. An image is a bundle here.</summary>
public static class ListCommand
{
    private const int Gap = 4;

    /// <summary>Options and action.</summary>
    public static Command Build()
    {
        var root = Options.Root();
        var pattern = new Argument<string>("PATTERN") { Arity = ArgumentArity.ZeroOrOne, Description = "names, with * ? [a-z] (default: all)", DefaultValueFactory = _ => "*" };
        var user = OwnerOption.Build();
        var json = Options.Switch("--json", "-j", "print JSON", "JSON");
        var logs = Options.Switch("--logs", "-l", "show the log files", "LOGS");
        var all = Options.Switch("--all", "-a", "also those that have ended, with status and exit code", "ALL");
        var command = new Command("list", "list instances") { root, pattern, user, json, logs, all };
        command.SetAction(parsed =>
        {
            (bool asJson, bool withLogs, bool withEnded) = (parsed.GetValue(json), parsed.GetValue(logs), parsed.GetValue(all));
            if (asJson && withLogs)
            {
                throw new UsageException("--json and --logs: one of them; the JSON has the log files");
            }

            OwnerOption.Apply(parsed, user);
            List<StateDocument> states = InstanceLookup.List(Options.StateRoot(parsed, root), parsed.GetValue(pattern)!, withEnded);
            if (asJson)
            {
                WriteJson(states);
            }
            else if (withLogs)
            {
                PrintLogs(states);
            }
            else
            {
                Print(states, withEnded);
            }

            return 0;
        });
        return command;
    }

    private static void Print(List<StateDocument> states, bool withStatus)
    {
        string[] header = ["INSTANCE NAME", "PID", "IP", "IMAGE"];
        var table = new Table(Gap, withStatus ? [.. header, "STATUS"] : header);
        foreach (StateDocument state in states)
        {
            string[] row = [state.Id, Pid(state).ToString(CultureInfo.InvariantCulture), Address(state), Printable.Of(state.Bundle)];
            table.Add(withStatus ? [.. row, StatusOf(state)] : row);
        }

        table.Print(Console.Out);
    }

    private static void PrintLogs(List<StateDocument> states)
    {
        var table = new Table(Gap, "INSTANCE NAME", "PID", "LOGS");
        states.ForEach(state => table.Add(state.Id, Pid(state).ToString(CultureInfo.InvariantCulture), Printable.Of(state.Engine?.LogPath ?? "")));
        table.Print(Console.Out);
    }

    private static string StatusOf(StateDocument state) =>
        state is { Status: ContainerStatus.Stopped, ExitCode: int code } ? string.Create(CultureInfo.InvariantCulture, $"{state.Status} ({code})") : state.Status;

    private static void WriteJson(List<StateDocument> states)
    {
        using Stream output = Console.OpenStandardOutput();
        using (var json = new Utf8JsonWriter(output, new JsonWriterOptions { Indented = true, IndentCharacter = '\t', IndentSize = 1, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            json.WriteStartObject();
            json.WriteStartArray("instances");
            states.ForEach(state => Write(json, state));
            json.WriteEndArray();
            json.WriteEndObject();
        }

        output.WriteByte((byte)'\n');
    }

    // Apptainer's members first; one log has both streams here.
    private static void Write(Utf8JsonWriter json, StateDocument state)
    {
        string log = state.Engine?.LogPath ?? "";
        json.WriteStartObject();
        json.WriteString("instance", state.Id);
        json.WriteNumber("pid", Pid(state));
        json.WriteString("img", state.Bundle);
        json.WriteString("ip", Address(state));
        json.WriteString("logErrPath", log);
        json.WriteString("logOutPath", log);
        json.WriteString("status", state.Status);
        if (state.ExitCode is int code)
        {
            json.WriteNumber("exitCode", code);
        }

        json.WriteEndObject();
    }

    private static int Pid(StateDocument state) => state.Status == ContainerStatus.Stopped ? 0 : state.Pid ?? 0;

    private static string Address(StateDocument state) => Pid(state) is > 0 and int pid ? InstanceAddress.Of(pid) : "";
}
