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
        list is below), or a sample in which the attack works. Columns: `root` is engine-runc, `oci` is `engine oci`, `userns` is engine-runc with a
        user namespace in the config.

        | id | published as | what is tried | what prevents it | columns | against |
        |---|---|---|---|---|---|

        """;

    public static string Path => System.IO.Path.Combine(Installation.SourceRoot, "docs/security/cves.md");

    public static string Text()
    {
        var text = new StringBuilder(Head);
        foreach (var e in Suite.All)
        {
            var columns = string.Join(", ", Columns.All.Where(e.IsFor).Select(c => c.Name));
            text.AppendLine(CultureInfo.InvariantCulture, $"| {e.Id} | {e.Cves} | {e.What} | {e.Mechanism} | {columns} | {string.Join("; ", e.Controls.Select(c => c.Name))} |");
        }
        text.Append("\n## Proved in other suites\n\n| id | published as | what holds | test |\n|---|---|---|---|\n");
        foreach (var r in Elsewhere.Proved)
        {
            text.AppendLine(CultureInfo.InvariantCulture, $"| {r.Id} | {r.Cves} | {r.What} | {r.File}: {r.Test} |");
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
