using System.Globalization;
using System.Text;
using Engine.Tests.Security.Entries;
using Engine.Tests.Security.Faults;

namespace Engine.Tests.Security.Runner;

/// <summary>docs/security/cves.md: made from the entries, and compared with them by every run.</summary>
internal static class Document
{
    private const string Head = """
        # Published ways out, and why they are none here

        Made by `./build.sh test-security --document`; the suite fails when this file differs from its entries. "Against" is what the same proof
        must catch, or the entry fails: an old runtime of Debian's (runc 1.1.5, crun 1.8.1), a starter with one mechanism taken out (*fault*, the
        list is below), or a sample in which the attack works.

        The same proof is run in every workflow, a column of the suite's report; where one has no meaning is said in the table before the last two.

        | column | what |
        |---|---|
        COLUMNS
        | id | published as | what is tried | what prevents it | columns | against |
        |---|---|---|---|---|---|

        """;

    public static string Path => System.IO.Path.Combine(Installation.SourceRoot, "docs/security/cves.md");

    public static string Text()
    {
        var text = new StringBuilder(Head.Replace("COLUMNS\n", string.Concat(Columns.All.Select(c => $"| {c.Name} | {c.What} |\n").Append("\n")), StringComparison.Ordinal));
        foreach (var e in Suite.All)
        {
            var columns = string.Join(", ", Columns.All.Where(c => e.WhyNot(c) is null).Select(c => c.IsPrivileged || e.RefusedBy.Length == 0 ? c.Name : $"{c.Name} (refused by {string.Join(", ", e.RefusedBy)})"));
            text.AppendLine(CultureInfo.InvariantCulture, $"| {e.Id} | {e.Cves} | {e.What} | {e.Mechanism} | {columns} | {string.Join("; ", e.Controls.Select(c => c.Name))} |");
        }
        text.Append("\n## Proved in other suites\n\n| id | published as | what holds | test |\n|---|---|---|---|\n");
        foreach (var r in Elsewhere.Proved)
        {
            text.AppendLine(CultureInfo.InvariantCulture, $"| {r.Id} | {r.Cves} | {r.What} | {r.File}: {r.Test} |");
        }
        text.Append("\n## Columns in which an entry is not tried\n\n| id | columns | why |\n|---|---|---|\n");
        foreach (var (entry, without) in Suite.All.SelectMany(e => e.NotIn.Select(w => (e, w))))
        {
            text.AppendLine(CultureInfo.InvariantCulture, $"| {entry.Id} | {string.Join(", ", without.Columns)} | {without.Why} |");
        }
        text.Append("\n## Not applicable\n\n| id | why |\n|---|---|\n");
        foreach (var (id, why) in Elsewhere.NotApplicable)
        {
            text.AppendLine(CultureInfo.InvariantCulture, $"| {id} | {why} |");
        }
        text.Append("\n## Faults\n\n| name | the starter that has it |\n|---|---|\n");
        foreach (var fault in FaultTable.All)
        {
            text.AppendLine(CultureInfo.InvariantCulture, $"| {fault.Name} | {fault.Without} |");
        }
        return text.ToString();
    }
}
