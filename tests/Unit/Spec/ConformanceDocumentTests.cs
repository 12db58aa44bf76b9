using System.Text.RegularExpressions;
using Engine.Cli.Runc;

namespace Engine.Tests.Unit.Spec;

/// <summary>docs/spec-conformance.md: every test that it names is there, every row has its word and its proof, no verb and no option is left out.</summary>
public partial class ConformanceDocumentTests
{
    private static readonly string Root = FindRoot();

    [GeneratedRegex("`([A-Z][A-Za-z0-9]+Tests)\\.([A-Z][A-Za-z0-9_]+)`")]
    private static partial Regex TestName();

    // An entry of tests/Conformance.
    [GeneratedRegex("`oci:([a-z][A-Za-z0-9.-]+)`")]
    private static partial Regex EntryName();

    private static string FindRoot()
    {
        for (var dir = new DirectoryInfo(AppContext.BaseDirectory); dir is not null; dir = dir.Parent)
        {
            if (File.Exists(Path.Combine(dir.FullName, "docs", "spec-conformance.md")))
                return dir.FullName;
        }
        throw new DirectoryNotFoundException("docs/spec-conformance.md is in no directory above");
    }

    private static string[] Rows => [.. File.ReadAllLines(Path.Combine(Root, "docs", "spec-conformance.md"))
        .Where(l => l.StartsWith("| ", StringComparison.Ordinal) && !l.Contains("proved by", StringComparison.Ordinal))];

    // Verb (or "(global)") and options of the rows of the command line.
    private static List<(string[] Verbs, string[] Options)> CommandLine()
    {
        static string[] Quoted(string cell) => [.. Regex.Matches(cell, "`([^`]+)`").Select(m => m.Groups[1].Value)];
        var rows = new List<(string[], string[])>();
        var table = File.ReadAllLines(Path.Combine(Root, "docs", "spec-conformance.md")).SkipWhile(l => !l.StartsWith("| verb |", StringComparison.Ordinal)).Skip(2);
        foreach (var row in table.TakeWhile(l => l.StartsWith("| ", StringComparison.Ordinal)))
        {
            var cells = row.Split(" | ");
            rows.Add((cells[0].Contains("(global)", StringComparison.Ordinal) ? ["(global)"] : Quoted(cells[0]), Quoted(cells[1])));
        }
        return rows;
    }

    [Fact]
    public void Every_test_that_is_named_exists()
    {
        var sources = Directory.EnumerateFiles(Path.Combine(Root, "tests"), "*Tests.cs", SearchOption.AllDirectories)
            .GroupBy(Path.GetFileNameWithoutExtension).ToDictionary(g => g.Key!, g => string.Concat(g.Select(File.ReadAllText)));
        var named = Rows.SelectMany(row => TestName().Matches(row)).Select(m => (m.Groups[1].Value, m.Groups[2].Value)).Distinct().ToList();
        Assert.NotEmpty(named);
        var missing = named.Where(n => !sources.TryGetValue(n.Item1, out var text) || !Regex.IsMatch(text, $@"public (async )?(void|Task) {n.Item2}\("));
        Assert.Equal([], missing.ToArray());
    }

    [Fact]
    public void Every_entry_that_is_named_exists()
    {
        var sources = string.Concat(Directory.EnumerateFiles(Path.Combine(Root, "tests", "Conformance", "Entries"), "*.cs").Select(File.ReadAllText));
        var named = Rows.SelectMany(row => EntryName().Matches(row)).Select(m => m.Groups[1].Value).Distinct().ToList();
        Assert.NotEmpty(named);
        // Those of exec are written without their first word.
        var missing = named.Where(id => !sources.Contains($"new(\"{id}\"", StringComparison.Ordinal)
            && !(id.StartsWith("exec.", StringComparison.Ordinal) && sources.Contains($"Exec(\"{id[5..]}\"", StringComparison.Ordinal)));
        Assert.Equal([], missing.ToArray());
    }

    [Fact]
    public void The_command_line_s_table_has_every_verb_and_every_option_and_no_other()
    {
        var rows = CommandLine();
        string[] Listed(string verb) => [.. rows.Where(row => row.Verbs.Contains(verb)).SelectMany(row => row.Options).Order(StringComparer.Ordinal)];
        static string[] Shown(IEnumerable<RuncOption> options) => [.. options.Where(o => !o.IsHidden).Select(o => "--" + o.Name).Order(StringComparer.Ordinal)];
        Assert.Equal(RuncCommands.Table.Select(entry => entry.Name).Append("(global)").Order(StringComparer.Ordinal), rows.SelectMany(row => row.Verbs).Distinct().Order(StringComparer.Ordinal));
        Assert.Equal(Shown([.. RuncGlobals.Options, RuncHelp.Option, RuncHelp.VersionOption]), Listed("(global)"));
        foreach (var entry in RuncCommands.Table)
            Assert.Equal((entry.Name, string.Join(' ', Shown(entry.Build().Options))), (entry.Name, string.Join(' ', Listed(entry.Name))));
    }

    [Fact]
    public void Every_row_has_its_word_and_names_a_proof()
    {
        var lacking = Rows.Where(row => !(TestName().IsMatch(row) || EntryName().IsMatch(row)) || !Regex.IsMatch(row, @"\| (done|refused|departs)"));
        Assert.Equal([], lacking.ToArray());
    }
}
