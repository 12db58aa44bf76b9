namespace Engine.Tests.Integration.Support;

/// <summary>
/// A directory of the host's that a hostile root filesystem points at. Nothing in it may change: no name, content, type, mode, owner or time.
/// </summary>
public sealed class HostSentinel
{
    private readonly string[] _before;

    /// <summary>
    /// Makes the directory with files, one of them named as the engine names what it makes, and one of another user. The rest is <paramref name="owner"/>'s:
    /// what that user's container gets out of, it could change.
    /// </summary>
    public HostSentinel(string path, uint owner = 0)
    {
        Path = path;
        Directory.CreateDirectory(System.IO.Path.Combine(path, "d"));
        File.WriteAllText(System.IO.Path.Combine(path, "f"), Words);
        File.WriteAllText(System.IO.Path.Combine(path, "ptmx"), "the host's ptmx");
        File.WriteAllText(System.IO.Path.Combine(path, "owned"), Words);
        foreach (var name in new[] { "", "d", "f", "ptmx" })
        {
            Native.Check(Native.chown(System.IO.Path.Combine(path, name), owner, owner), "chown");
        }
        Native.Check(Native.chown(System.IO.Path.Combine(path, "owned"), 1234, 1234), "chown");
        _before = Listing();
    }

    /// <summary>What its files say: a payload that prints it has seen the host.</summary>
    public const string Words = "the host's";

    public string Path { get; }

    /// <summary>What was made, removed, written or given away, a line each.</summary>
    public IReadOnlyList<string> Changes()
    {
        var now = Listing();
        return [.. _before.Except(now).Select(l => "was " + l), .. now.Except(_before).Select(l => "is " + l)];
    }

    /// <summary>Fails when something changed.</summary>
    public void AssertUntouched() => Assert.Equal([], Changes());

    // One program for all names: proofs ask often. It does not follow what was planted.
    private string[] Listing() => [.. new Command("/usr/bin/find", Path, "-printf", "%p %M %U:%G %s %T@ %l\n").Run().Text.Split('\n', StringSplitOptions.RemoveEmptyEntries)
        .Order(StringComparer.Ordinal), .. new[] { "f", "ptmx", "owned" }.Select(name => System.IO.Path.Combine(Path, name)).Where(IsPlain).Select(name => $"{name}: {File.ReadAllText(name)}")];

    private static bool IsPlain(string path) => File.Exists(path) && (File.GetAttributes(path) & (FileAttributes.ReparsePoint | FileAttributes.Device)) == 0;
}
