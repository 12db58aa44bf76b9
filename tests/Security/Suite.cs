using Engine.Tests.Security.Entries;
using Engine.Tests.Security.Faults;

namespace Engine.Tests.Security;

/// <summary>What is to be run.</summary>
/// <param name="Only">Ids, or their beginnings; none: all.</param>
/// <param name="In">Columns, and the controls in them; none: all.</param>
/// <param name="Part">Of <paramref name="Parts"/>, from 0: every n-th entry, so that several programs share the work.</param>
/// <param name="Caught">Where the names of the controls that were caught go, or null.</param>
internal sealed record Choice(IReadOnlyList<string> Only, IReadOnlyList<string> In, int Part, int Parts, string? Caught, bool Long)
{
    public bool Has(Entry entry) => (Only.Count == 0 || Only.Any(o => entry.Id.StartsWith(o, StringComparison.Ordinal))) && Suite.All.TakeWhile(e => e != entry).Count() % Parts == Part;

    public bool Has(string column) => In.Count == 0 || In.Contains(column);
}

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
        .. SetuidStarter.All,
        .. SetuidContainer.All,
        .. Invariants.All,
        .. Conduct.All,
    ];

    /// <summary>Runs those that are chosen; 0 when all passed.</summary>
    public static int Run(TextWriter output, Choice choice)
    {
        var report = new Report(output);
        var programs = Programs();
        var runner = new EntryRunner(choice.Long);
        var caught = new HashSet<string>();
        foreach (var entry in All.Where(choice.Has))
        {
            var engines = Columns.All.Where(c => choice.Has(c.Name)).Select(c => runner.Try(entry, c)).ToList();
            var controls = entry.Controls.Where(c => choice.Has(c.Column)).Select(c => runner.Try(entry, c)).ToList();
            caught.UnionWith(entry.Controls.OfType<FaultControl>().Where(c => controls.Any(a => a.Against == c.Name && a.Outcome == Outcome.Breach)).Select(c => c.Fault.Name));
            report.Add(entry, engines, controls);
        }
        report.Check("I37 the installed programs are what they were", programs.SequenceEqual(Programs()) ? null : "they changed");
        if (choice.Caught is { } file)
        {
            File.WriteAllLines(file, caught);
        }
        report.Close();
        return report.Failed == 0 ? 0 : 1;
    }

    /// <summary>What is asked of the suite itself, once all of it has run: the files hold what each part of the run caught. 0 when all holds.</summary>
    public static int Check(TextWriter output, IReadOnlyList<string> files)
    {
        var report = new Report(output);
        var caught = files.SelectMany(File.ReadLines).ToHashSet();
        foreach (var fault in FaultTable.All)
        {
            report.Check($"fault {fault.Name} is caught: {fault.Without}", caught.Contains(fault.Name) ? null : "it survives every entry");
        }
        foreach (var reference in Elsewhere.Proved)
        {
            report.Check($"{reference.Id} {reference.What}: {reference.File}, {reference.Test}", reference.Holds ? null : "the test is not there");
        }
        report.Check("docs/security/cves.md is made from these entries", File.Exists(Document.Path) && File.ReadAllText(Document.Path) == Document.Text() ? null : "it differs: ./build.sh test-security --document");
        report.Check("I41 the installed starter is what its sources make, without a fault", Release.Difference(TestRun.Directory));
        report.Close();
        return report.Failed == 0 ? 0 : 1;
    }

    private static List<string> Programs() => [.. new[] { "bin/engine", "libexec/engine/starter", "libexec/engine/pump" }.Select(p => Path.Combine(Installation.Out, p))
        .Select(p => $"{new Command("/usr/bin/stat", "-c", "%i %s %A %u:%g %Y", p).Run().ShouldExit(0).Trimmed} {Convert.ToHexString(System.Security.Cryptography.SHA256.HashData(File.ReadAllBytes(p)))}")];
}
