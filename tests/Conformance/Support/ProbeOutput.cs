namespace Engine.Tests.Conformance;

/// <summary>What the probe printed: lines of <c>name value</c> (docs/testing.md lists the verbs).</summary>
internal sealed class ProbeOutput(string text)
{
    public string Text { get; } = text;

    /// <summary>The value of the only, or first, line with the name. Fails when there is none.</summary>
    public string this[string name] => All(name) is [var first, ..] ? first : throw new Xunit.Sdk.XunitException($"the payload printed no '{name}':\n{Text}");

    /// <summary>The values of every line with the name.</summary>
    public IReadOnlyList<string> All(string name) => Text.Split('\n').Where(l => l == name || l.StartsWith(name + " ", StringComparison.Ordinal))
        .Select(l => l.Length > name.Length ? l[(name.Length + 1)..] : "").ToList();

    /// <summary>The topmost mount at a path, from the verb <c>mounts</c>. Fails when nothing is mounted there.</summary>
    public MountLine Mount(string path) => MountLine.Parse(Text).LastOrDefault(m => m.Point == path)
        ?? throw new Xunit.Sdk.XunitException($"nothing is mounted on {path}:\n{Text}");

    public bool HasMount(string path) => MountLine.Parse(Text).Any(m => m.Point == path);
}

/// <summary>A line of mountinfo. <paramref name="Tags"/> are the optional fields (<c>shared:7</c>, <c>master:3</c>, <c>unbindable</c>).</summary>
internal sealed record MountLine(string Point, string[] Options, string[] Tags, string Type, string[] SuperOptions)
{
    public static IEnumerable<MountLine> Parse(string text)
    {
        foreach (var halves in text.Split('\n').Select(l => l.Split(" - ")).Where(h => h.Length == 2))
        {
            var (left, right) = (halves[0].Split(' '), halves[1].Split(' '));
            if (left.Length >= 6 && right.Length >= 3)
            {
                yield return new MountLine(left[4], left[5].Split(','), left[6..], right[0], right[2].Split(','));
            }
        }
    }

    public bool HasTag(string name) => Tags.Any(t => t.Split(':')[0] == name);
}
