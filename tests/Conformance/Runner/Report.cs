using System.Text.Json;
using System.Text.Json.Nodes;

namespace Engine.Tests.Conformance.Runner;

/// <summary>Prints a line per entry and the sums, and keeps the results for the file that <see cref="Columns"/> reads.</summary>
internal sealed class Report(TextWriter output, string runtime, string version, string view, Expectations expectations)
{
    private readonly List<Result> _results = [];
    private int _unexpected;
    private int _known;

    /// <summary>New failures and known failures that passed.</summary>
    public int Unexpected => _unexpected;

    public void Add(Result result)
    {
        _results.Add(result);
        var known = expectations.Reason(result.Entry.Id);
        var reason = OneLine(result.Reason);
        switch (result.Outcome, known)
        {
            case (Outcome.Fail, null):
                _unexpected++;
                break;
            case (Outcome.Fail, _):
                _known++;
                reason = $"known: {known}";
                break;
            case (Outcome.Ok, not null):
                _unexpected++;
                reason = $"PASSES although it is listed as a known failure: {known}";
                break;
            default:
                break;
        }
        output.WriteLine($"{Word(result.Outcome),-4} {result.Entry.Id} {result.Entry.Must}{(reason.Length > 0 ? $" — {reason}" : "")}");
        output.Flush();
    }

    /// <summary>The closing line. With a list of known failures, these are counted apart.</summary>
    public void Close()
    {
        var failed = Count(Outcome.Fail) - _known;
        var apart = expectations == Expectations.None ? "" : $", {_known} known failures";
        output.WriteLine($"{Count(Outcome.Ok)} passed, {failed} failed, {Count(Outcome.Skip)} skipped{apart}");
    }

    /// <summary>Writes the result file: what was run where, and every entry with its outcome, whole reason and time.</summary>
    public void Write(string path)
    {
        var entries = new JsonArray();
        foreach (var result in _results)
        {
            entries.Add(new JsonObject
            {
                ["id"] = result.Entry.Id,
                ["section"] = result.Entry.Section,
                ["must"] = result.Entry.Must,
                ["outcome"] = Word(result.Outcome),
                ["reason"] = result.Reason,
                ["known"] = expectations.Reason(result.Entry.Id),
                ["milliseconds"] = result.Milliseconds,
            });
        }
        var document = new JsonObject
        {
            ["runtime"] = runtime,
            ["version"] = version,
            ["view"] = view,
            ["kernel"] = File.ReadAllText("/proc/sys/kernel/osrelease").Trim(),
            ["entries"] = entries,
        };
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
        File.WriteAllText(path, document.ToJsonString(new JsonSerializerOptions { WriteIndented = true }));
    }

    /// <summary>The word of an outcome in lines and files.</summary>
    public static string Word(Outcome outcome) => outcome switch
    {
        Outcome.Ok => "ok",
        Outcome.Skip => "skip",
        _ => "FAIL",
    };

    private int Count(Outcome outcome) => _results.Count(r => r.Outcome == outcome);

    private static string OneLine(string reason)
    {
        var line = string.Join("; ", reason.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries));
        return line.Length <= 600 ? line : line[..600] + "…";
    }
}
