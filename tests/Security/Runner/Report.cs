namespace Engine.Tests.Security.Runner;

/// <summary>A line per entry and column, one for each control, and the sums of entries.</summary>
internal sealed class Report(TextWriter output)
{
    private int _passed, _failed, _skipped;

    public int Failed => _failed;

    /// <summary>Judges an entry: every workflow clean, every control caught.</summary>
    public void Add(Entry entry, IReadOnlyList<Attempt> engines, IReadOnlyList<Attempt> controls)
    {
        output.WriteLine($"{entry.Id} {(entry.Cves.Length > 0 ? entry.Cves + " " : "")}| {entry.What}");
        var failed = entry.Controls.Length == 0;
        if (failed)
        {
            Line("FAIL", "-", "it has no control", 0);
        }
        foreach (var without in engines.Where(a => a.Outcome == Outcome.Without).GroupBy(a => a.Seen))
        {
            Line("-", string.Join(' ', without.Select(a => a.Against)), without.Key, 0);
        }
        foreach (var attempt in engines.Where(a => a.Outcome != Outcome.Without))
        {
            failed |= attempt.Outcome is Outcome.Breach or Outcome.Error;
            Line(attempt.Outcome switch { Outcome.Clean => "ok", Outcome.Skip => "skip", _ => "FAIL" }, attempt.Against, attempt.Seen, attempt.Milliseconds);
        }
        foreach (var attempt in controls)
        {
            failed |= attempt.Outcome is Outcome.Clean or Outcome.Error;
            Line(attempt.Outcome switch { Outcome.Breach => "ok", Outcome.Skip => "skip", _ => "FAIL" }, attempt.Against,
                (attempt.Outcome switch { Outcome.Breach => "caught: ", Outcome.Clean => "NOT CAUGHT: ", _ => "" }) + attempt.Seen, attempt.Milliseconds);
        }
        // Without any engine or any control that could be tried nothing was proved.
        var proved = engines.Any(a => a.Outcome == Outcome.Clean) && controls.Any(a => a.Outcome == Outcome.Breach);
        if (failed)
        {
            _failed++;
        }
        else if (proved)
        {
            _passed++;
        }
        else
        {
            _skipped++;
        }
        output.Flush();
    }

    /// <summary>Something about the suite itself.</summary>
    public void Check(string what, string? wrong)
    {
        Line(wrong is null ? "ok" : "FAIL", "suite", wrong is null ? what : $"{what}: {wrong}", 0);
        if (wrong is null)
        {
            _passed++;
        }
        else
        {
            _failed++;
        }
    }

    public void Close() => output.WriteLine($"{_passed} passed, {_failed} failed{(_skipped > 0 ? $", {_skipped} skipped" : "")}");

    private void Line(string word, string against, string seen, long milliseconds) =>
        output.WriteLine($"  {word,-4} {against,-24} {OneLine(seen)}{(milliseconds > 0 ? $" ({milliseconds} ms)" : "")}");

    private static string OneLine(string text)
    {
        var line = string.Join("; ", text.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries));
        line = string.Concat(line.Select(c => char.IsControl(c) ? '?' : c));
        return line.Length <= 500 ? line : line[..500] + "…";
    }
}
