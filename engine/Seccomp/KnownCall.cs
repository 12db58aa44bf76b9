namespace Engine.Seccomp;

/// <summary>What a profile says about one system call, gathered over its rules.</summary>
/// <param name="Name">As the profile has it.</param>
internal sealed record KnownCall(string Name)
{
    /// <summary>With the JSON path of the rule, in the profile's order.</summary>
    public List<(Alternative Alternative, string Path)> Alternatives { get; } = [];

    /// <summary>
    /// Of several rules for one system call the first without comparisons decides, whatever the others say and wherever they
    /// stand: so libseccomp has it, and runc and crun with it.
    /// </summary>
    public (Alternative Alternative, string Path)? Deciding =>
        Alternatives.FindIndex(a => a.Alternative.Comparisons.Length == 0) is >= 0 and var i ? Alternatives[i] : null;

    /// <summary>Too much for libseccomp: see <see cref="ArgumentRules"/>.</summary>
    public bool IsOurs => Alternatives.Count > 1 && Deciding is null;

    /// <summary>Rules that change nothing although their action is another, each with the rule that decides.</summary>
    public IEnumerable<(string Path, string Decides)> WithoutEffect()
    {
        var deciding = Deciding;
        for (var i = 0; i < Alternatives.Count; i++)
        {
            var (alternative, path) = Alternatives[i];
            var winner = deciding ?? Alternatives.Take(i).FirstOrDefault(a => a.Alternative.Comparisons.SequenceEqual(alternative.Comparisons));
            if (winner.Alternative is { } decides && decides.Action != alternative.Action)
                yield return (path, winner.Path);
        }
    }
}
