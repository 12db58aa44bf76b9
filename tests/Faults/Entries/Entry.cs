namespace Engine.Tests.Faults.Entries;

/// <summary>One fault of docs/security/faults.md and its proof.</summary>
/// <param name="Id">Its number there, and a word.</param>
/// <param name="Expected">What holds, in one line.</param>
/// <param name="Prove">Brings the fault about. What it leaves is deleted by force afterwards, and the gate looks for the rest.</param>
internal sealed record Entry(string Id, string Expected, Action<Ground> Prove);

/// <summary>Every entry, in the order of the numbers.</summary>
internal static class EntryList
{
    public static IReadOnlyList<Entry> All { get; } =
        [.. Kills.All.Concat(Storage.All).Concat(Surroundings.All).Concat(Limits.All).Concat(Records.All).Concat(Concurrency.All).Concat(Payloads.All).Concat(Replacement.All).Concat(Programs.All).Concat(PowerLoss.All).Concat(Many.All).OrderBy(e => e.Id, StringComparer.Ordinal)];

    /// <summary>Those whose id contains the word, on a ground of their own each.</summary>
    public static void Run(Report report, Workflow workflow, string word)
    {
        foreach (var entry in All.Where(e => e.Id.Contains(word, StringComparison.OrdinalIgnoreCase)))
        {
            report.Entry($"{workflow.Name} {entry.Id} {entry.Expected}", () =>
            {
                var ground = new Ground(workflow);
                try
                {
                    entry.Prove(ground);
                }
                catch (Exception)
                {
                    // What is left after a failure is no second one.
                    ground.Abandon();
                    report.Guard(null, ground.Finish);
                    throw;
                }
                ground.Finish();
            });
        }
    }
}
