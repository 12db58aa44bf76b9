namespace Engine.Seccomp;

/// <summary>What a profile says about one system call, gathered over its rules.</summary>
/// <param name="Name">As the profile has it.</param>
internal sealed record KnownCall(string Name)
{
    /// <summary>With the JSON path of the rule, in the profile's order.</summary>
    public List<(Alternative Alternative, string Path)> Alternatives { get; } = [];

    /// <summary>
    /// Of several rules for one system call libseccomp lets the first without comparisons decide, whatever the others say and
    /// wherever they stand.
    /// </summary>
    public (Alternative Alternative, string Path)? Deciding =>
        Alternatives.FindIndex(a => a.Alternative.Comparisons.Length == 0) is >= 0 and var i ? Alternatives[i] : null;

    /// <summary>A line for each rule that libseccomp drops without a word: with another action than the one that decides.</summary>
    public IEnumerable<string> WithoutEffect => Deciding is not { } deciding
        ? []
        : Alternatives.Where(a => a.Alternative.Action != deciding.Alternative.Action)
            .Select(a => $"{a.Path}: {Name}: without effect, {deciding.Path} decides for every call of it").Distinct();
}
