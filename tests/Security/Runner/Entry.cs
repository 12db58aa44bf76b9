namespace Engine.Tests.Security.Runner;

/// <summary>One way that engines were broken, and the proof that this one does not break so.</summary>
/// <param name="Id">A01 to G09, X01: the way's name in docs/security/cves.md; I..: an invariant; S..: set-uid and privileges.</param>
/// <param name="Cves">The published cases, separated by blanks; empty for a shape without one.</param>
/// <param name="What">What is done, in one line.</param>
/// <param name="Mechanism">What of ours prevents it: file and idea.</param>
/// <param name="Controls">What must be caught by the same proof.</param>
/// <param name="Prove">
/// Tries it, and returns what was seen, in some words. Throws <see cref="BreachException"/> when it worked, <see cref="SkipException"/>
/// when this machine cannot tell, anything else when the attempt itself went wrong.
/// </param>
internal sealed record Entry(string Id, string Cves, string What, string Mechanism, Control[] Controls, Func<Scenario, string> Prove)
{
    /// <summary>Names of the columns it is for; none: all.</summary>
    public string[] Columns { get; init; } = [];

    public bool IsFor(Column column) => Columns.Length == 0 || Columns.Contains(column.Name);
}

/// <summary>Something got out, in, or more than it should have.</summary>
internal sealed class BreachException(string what) : Exception(what);

/// <summary>The machine keeps the entry from being tried.</summary>
internal sealed class SkipException(string reason) : Exception(reason);
