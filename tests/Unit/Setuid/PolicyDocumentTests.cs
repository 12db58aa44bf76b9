using System.Text;
using Engine.Setuid;
using Engine.Shared.Policy;

namespace Engine.Tests.Unit.Setuid;

/// <summary>docs/security/policy.md is printed from the table that the starter enforces. ENGINE_WRITE_DOCS=1 writes it anew.</summary>
public class PolicyDocumentTests
{
    private const string Head = """
        # The set-uid policy, row by row

        What an ordinary user may have through `starter-suid`. The rules are those of `shared/Policy/PolicyTable.cs`, which the starter enforces
        (`starter/Policy`) before any privileged system call of the request; this page is printed from them. An error carries the rule's name:
        `policy: NAME`. Verdicts: *allowed*; *limited*: something is forced or bounded; *site*: as `/etc/engine/engine.conf` says (`engine config
        check` explains it); *denied*.

        | rule | request | verdict | what holds | reference |
        |---|---|---|---|---|

        """;

    [Fact]
    public void The_page_is_the_table()
    {
        string path = Path.Combine(SourceTree(), "docs/security/policy.md");
        string expected = Print();
        if (Environment.GetEnvironmentVariable("ENGINE_WRITE_DOCS") == "1")
        {
            File.WriteAllText(path, expected);
        }

        Assert.Equal(expected, File.ReadAllText(path));
    }

    [Fact]
    public void Every_rule_has_a_whole_row_and_a_name_of_its_own()
    {
        var names = new HashSet<string>();
        Assert.Equal((int)PolicyRule.Count, PolicyPage.Rows.Length);
        for (PolicyRule rule = 0; rule < PolicyRule.Count; rule++)
        {
            var (of, request, verdict, reference) = PolicyPage.Rows[(int)rule];
            Assert.Equal(rule, of);
            Assert.NotEmpty(request);
            Assert.NotEmpty(reference);
            Assert.Contains(verdict, new[] { "allowed", "limited", "site", "denied" });
            Assert.True(names.Add(Name(rule)), $"{rule}: the name is there already");
            // "policy: " and the name are an error record's operation.
            Assert.InRange(Name(rule).Length, 2, 50);
            Assert.InRange(Reason(rule).Length, 10, 500);
        }
    }

    private static string Print()
    {
        var text = new StringBuilder(Head);
        foreach (var (rule, request, verdict, reference) in PolicyPage.Rows)
        {
            text.Append($"| `{Name(rule)}` | {request} | {verdict} | {Reason(rule)} | {reference} |\n");
        }

        return text.ToString();
    }

    private static string Name(PolicyRule rule) => Encoding.ASCII.GetString(PolicyTable.Name(rule));

    private static string Reason(PolicyRule rule) => Encoding.ASCII.GetString(PolicyTable.Reason(rule));

    private static string SourceTree()
    {
        string? at = AppContext.BaseDirectory;
        while (at is not null && !File.Exists(Path.Combine(at, "Engine.sln")))
        {
            at = Path.GetDirectoryName(at);
        }

        return at ?? throw new InvalidOperationException("not in a source tree");
    }
}
