using Engine.Tests.Security.Entries;
using Engine.Tests.Security.Faults;

namespace Engine.Tests.Security;

/// <summary>Every entry, in the order of the document.</summary>
internal static class Suite
{
    public static IReadOnlyList<Entry> All { get; } =
    [
        .. Paths.All,
        .. Planted.All,
        .. Races.All,
        .. Sources.All,
        .. Procfs.All,
        .. Descriptors.All,
        .. Identities.All,
        .. Settings.All,
        .. Shapes.All,
        .. Invariants.All,
    ];

    /// <summary>Runs those whose id is, or begins with, one of the words (none: all); 0 when all passed.</summary>
    public static int Run(TextWriter output, IReadOnlyList<string> only, bool isLong)
    {
        var entries = All.Where(e => only.Count == 0 || only.Any(o => e.Id.StartsWith(o, StringComparison.Ordinal))).ToList();
        var report = new Report(output);
        var programs = Programs();
        var runner = new EntryRunner(isLong);
        var caught = new HashSet<string>();
        foreach (var entry in entries)
        {
            var engines = Columns.All.Where(entry.IsFor).Select(c => runner.Try(entry, c)).ToList();
            var controls = entry.Controls.Select(c => runner.Try(entry, c)).ToList();
            caught.UnionWith(controls.Where(a => a.Outcome == Outcome.Breach).Select(a => a.Against));
            report.Add(entry, engines, controls);
        }
        if (only.Count == 0)
        {
            foreach (var reference in Elsewhere.Proved)
            {
                report.Check($"{reference.Id} {reference.What}: {reference.File}, {reference.Test}", reference.Holds ? null : "the test is not there");
            }
            report.Check("docs/security/cves.md is made from these entries", File.Exists(Document.Path) && File.ReadAllText(Document.Path) == Document.Text() ? null : "it differs: ./build.sh test-security --document");
            report.Check("I41 the installed starter is what its sources make, without a fault", Release.Difference(TestRun.Directory));
            report.Check("I37 the installed programs are what they were", programs.SequenceEqual(Programs()) ? null : "they changed");
            foreach (var fault in FaultTable.All)
            {
                report.Check($"fault {fault.Name} is caught: {fault.Without}", caught.Contains("fault " + fault.Name) ? null : "it survives every entry");
            }
        }
        report.Close();
        return report.Failed == 0 ? 0 : 1;
    }

    private static List<string> Programs() => [.. new[] { "bin/engine", "libexec/engine/starter", "libexec/engine/pump" }.Select(p => Path.Combine(Installation.Out, p))
        .Select(p => $"{new Command("/usr/bin/stat", "-c", "%i %s %A %u:%g %Y", p).Run().ShouldExit(0).Trimmed} {Convert.ToHexString(System.Security.Cryptography.SHA256.HashData(File.ReadAllBytes(p)))}")];
}
