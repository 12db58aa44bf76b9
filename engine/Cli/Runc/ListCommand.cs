using System.Globalization;
using System.Text;
using Engine.Diagnostics;
using Engine.State;

namespace Engine.Cli.Runc;

/// <summary><c>list</c>: every container below the root, as runc's table or JSON.</summary>
public static class ListCommand
{
    // Go's tabwriter, as runc sets it: columns of at least 12 characters, 3 of them blank.
    private const int LeastWidth = 12;
    private const int Padding = 3;
    private static readonly string[] Header = ["ID", "PID", "STATUS", "BUNDLE", "CREATED", "OWNER"];

    /// <summary>Options and action.</summary>
    public static RuncCommand Build() => new()
    {
        Operands = "",
        Least = 0,
        Most = 0,
        Description = "Where the given root is specified via the global option \"--root\".",
        Options =
        [
            RuncOption.Text("format", "select one of: table or json", 'f', "table"),
            RuncOption.Switch("quiet", "display only container IDs", 'q'),
        ],
        Run = Run,
    };

    private static int Run(RuncCall call)
    {
        List<StateDocument> states = StateListing.Read(call.Globals.Root);
        if (call.Switch("quiet"))
        {
            states.ForEach(state => Console.Out.WriteLine(state.Id));
            return 0;
        }

        Console.Out.Write(call.Text("format") switch
        {
            "table" => Table(states),
            "json" => Json(states),
            _ => throw new EngineException("invalid format option"),
        });
        return 0;
    }

    // An empty list is null in Go.
    private static string Json(List<StateDocument> states) => states.Count == 0 ? "null\n" : RuncState.Text(indented: false, json =>
    {
        json.WriteStartArray();
        states.ForEach(state => RuncState.Write(json, state, RuncState.Owner(state)));
        json.WriteEndArray();
    }) + "\n";

    private static string Table(List<StateDocument> states)
    {
        List<string[]> rows = [Header, .. states.Select(Row)];
        var text = new StringBuilder();
        int[] widths = [.. Enumerable.Range(0, Header.Length).Select(column => Math.Max(LeastWidth, rows.Max(row => row[column].Length) + Padding))];
        foreach (string[] row in rows)
        {
            for (int column = 0; column < row.Length; column++)
            {
                text.Append(column == row.Length - 1 ? row[column] : row[column].PadRight(widths[column]));
            }

            text.Append('\n');
        }

        return text.ToString();
    }

    private static string[] Row(StateDocument state) =>
    [
        state.Id, RuncState.Pid(state).ToString(CultureInfo.InvariantCulture), state.Status, Printable.Of(state.Bundle), RuncState.Created(state),
        RuncState.Owner(state),
    ];
}
