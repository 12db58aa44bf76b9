using Engine.Tests.Integration.Support;

namespace Engine.Tests.Integration.Starter;

/// <summary>A directory of the host's that a hostile root filesystem points at. Nothing in it may change.</summary>
internal sealed class HostSentinel
{
    private readonly string[] _before;

    public HostSentinel(string path)
    {
        Path = path;
        Directory.CreateDirectory(System.IO.Path.Combine(path, "d"));
        File.WriteAllText(System.IO.Path.Combine(path, "f"), "the host's");
        File.WriteAllText(System.IO.Path.Combine(path, "ptmx"), "the host's ptmx");
        _before = Listing();
    }

    public string Path { get; }

    /// <summary>Fails when something was made, removed, written or given away.</summary>
    public void AssertUntouched() => Assert.Equal(_before, Listing());

    private string[] Listing() => [.. Directory.EnumerateFileSystemEntries(Path, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal)
        .Select(name => $"{name} {File.GetUnixFileMode(name)} {(Directory.Exists(name) ? "" : File.ReadAllText(name))} {File.GetLastWriteTimeUtc(name).Ticks}")];
}
