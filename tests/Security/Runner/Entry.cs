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
    /// <summary>Columns in which it is not tried, and why.</summary>
    public Without[] NotIn { get; init; } = [];

    /// <summary>
    /// Rules of the set-uid policy that what is tried breaks: in that workflow its refusal, by the rule's name, is what there is to be seen. All of
    /// them and no others must be.
    /// </summary>
    public string[] RefusedBy { get; init; } = [];

    /// <summary>Why it is not tried in the column, or null.</summary>
    public string? WhyNot(Column column) => NotIn.FirstOrDefault(w => w.Columns.Contains(column.Name))?.Why;
}

/// <summary>What keeps an entry out of the columns of these names.</summary>
internal sealed record Without(string Why, params string[] Columns);

/// <summary>Something got out, in, or more than it should have.</summary>
internal sealed class BreachException(string what) : Exception(what);

/// <summary>The machine keeps the entry from being tried.</summary>
internal sealed class SkipException(string reason) : Exception(reason);
