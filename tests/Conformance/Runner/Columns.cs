using System.Text.Json.Nodes;

namespace Engine.Tests.Conformance.Runner;

/// <summary>Prints several result files side by side: a row per entry, a column per runtime and view, as a Markdown table.</summary>
internal static class Columns
{
    public static void Print(TextWriter output, IReadOnlyList<string> paths)
    {
        // A lane that did not come to its end has no file.
        var files = paths.Where(File.Exists).Select(p => JsonNode.Parse(File.ReadAllText(p))!.AsObject()).ToList();
        var outcomes = files.Select(Outcomes).ToList();
        output.WriteLine($"| entry | section | {string.Join(" | ", files.Select(Title))} |");
        output.WriteLine($"|---|---|{string.Concat(files.Select(_ => "---|"))}");
        foreach (var entry in Suite.All)
        {
            if (outcomes.Any(o => o.ContainsKey(entry.Id)))
            {
                output.WriteLine($"| {entry.Id} | {entry.Section} | {string.Join(" | ", outcomes.Select(o => o.GetValueOrDefault(entry.Id, "")))} |");
            }
        }
        output.WriteLine($"| passed / failed / skipped | | {string.Join(" | ", outcomes.Select(Sums))} |");
    }

    private static Dictionary<string, string> Outcomes(JsonObject file) =>
        file["entries"]!.AsArray().ToDictionary(e => (string)e!["id"]!, e => (string)e!["outcome"]!);

    private static string Title(JsonObject file) => $"{Path.GetFileName((string)file["runtime"]!)} {(string?)file["view"]}";

    private static string Sums(Dictionary<string, string> outcomes) =>
        string.Join(" / ", new[] { Outcome.Ok, Outcome.Fail, Outcome.Skip }.Select(o => outcomes.Values.Count(v => v == Report.Word(o))));
}
