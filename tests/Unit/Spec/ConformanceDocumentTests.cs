using System.Text.RegularExpressions;

namespace Engine.Tests.Unit.Spec;

/// <summary>docs/spec-conformance.md: every test that it names is there, every row has its word and its proof.</summary>
public partial class ConformanceDocumentTests
{
    private static readonly string Root = FindRoot();

    [GeneratedRegex("`([A-Z][A-Za-z0-9]+Tests)\\.([A-Z][A-Za-z0-9_]+)`")]
    private static partial Regex TestName();

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
    public void Every_row_is_done_or_refused_and_names_a_test()
    {
        var lacking = Rows.Where(row => !TestName().IsMatch(row) || !Regex.IsMatch(row, @"\| (done|refused)"));
        Assert.Equal([], lacking.ToArray());
    }
}
