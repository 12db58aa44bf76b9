using System.Text;
using Engine.Shared.Policy;

namespace Engine.Tests.Unit.Setuid;

/// <summary>docs/security/policy.md is printed from the table that the starter enforces. ENGINE_WRITE_DOCS=1 writes it anew.</summary>
public class PolicyDocumentTests
{
    private const string Head = """
        # The set-uid policy, row by row

        What an ordinary user may have through `starter-suid`. The rows are those of `shared/Policy/PolicyTable.cs`, which the starter enforces
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
        for (PolicyRule rule = 0; rule < PolicyRule.Count; rule++)
        {
            foreach (PolicyTable.Column column in Enum.GetValues<PolicyTable.Column>())
            {
                Assert.True(Text(rule, column).Length > 0, $"{rule} has no {column}");
            }

            Assert.True(names.Add(Text(rule, PolicyTable.Column.Name)), $"{rule}: the name is there already");
            // "policy: " and the name are an error record's operation.
            Assert.InRange(Text(rule, PolicyTable.Column.Name).Length, 1, 50);
            Assert.Contains(Text(rule, PolicyTable.Column.Verdict), new[] { "allowed", "limited", "site", "denied" });
        }
    }

    private static string Print()
    {
        var text = new StringBuilder(Head);
        for (PolicyRule rule = 0; rule < PolicyRule.Count; rule++)
        {
            text.Append($"| `{Text(rule, PolicyTable.Column.Name)}` | {Text(rule, PolicyTable.Column.Request)} | {Text(rule, PolicyTable.Column.Verdict)} ")
                .Append($"| {Text(rule, PolicyTable.Column.Reason)} | {Text(rule, PolicyTable.Column.Reference)} |\n");
        }

        return text.ToString();
    }

    private static string Text(PolicyRule rule, PolicyTable.Column column) => Encoding.ASCII.GetString(PolicyTable.Get(rule, column));

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
