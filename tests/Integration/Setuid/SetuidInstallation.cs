using Engine.Tests.Integration.Support;

namespace Engine.Tests.Integration.Setuid;

/// <summary>
/// Installations with the set-uid bit, as <c>build.sh install --setuid</c> makes them, each made once a run. They stand behind a directory that root
/// alone passes through, for a starter with the bit is everybody's who can reach it, also one that a test has broken: as a mount in the place of
/// /usr/local it has no way up.
/// </summary>
internal static class SetuidInstallation
{
    private const string Engine = "bin/engine";
    private const UnixFileMode RootAlone = (UnixFileMode)0b111_000_000, ForAll = (UnixFileMode)0b111_101_101;

    private static readonly Dictionary<string, string> s_made = [];

    /// <summary>Host path of the one whose starter is that of <paramref name="directory"/> (with bin and libexec).</summary>
    public static string Of(string directory)
    {
        if (!s_made.TryGetValue(directory, out var made))
        {
            var place = Path.Combine(TestRun.Directory, "set-uid");
            Directory.CreateDirectory(place, RootAlone);
            made = Path.Combine(place, $"{s_made.Count}");
            Make(directory, made, s_made.Values.FirstOrDefault());
            s_made[directory] = made;
        }
        return made;
    }

    // What is the same in all of them, and large, is there once.
    private static void Make(string from, string prefix, string? first)
    {
        foreach (var directory in new[] { "", "bin", "libexec", "libexec/engine", "libexec/hostile" })
        {
            Directory.CreateDirectory(Path.Combine(prefix, directory), ForAll);
        }
        void Put(string file, string name, int mode)
        {
            var to = Path.Combine(prefix, name);
            if (first is not null && file == Engine)
            {
                Native.Check(Native.link(Path.Combine(first, name), to), $"link {to}");
                return;
            }
            File.Copy(Path.Combine(from, file), to);
            File.SetUnixFileMode(to, (UnixFileMode)mode);
        }
        Put(Engine, Engine, 0b111_101_101);
        File.CreateSymbolicLink(Path.Combine(prefix, "bin/engine-runc"), "engine");
        Put(Engine, "libexec/engine/master", 0b111_001_001);
        Put("libexec/engine/starter", "libexec/engine/starter", 0b111_101_101);
        Put("libexec/engine/pump", "libexec/engine/pump", 0b111_101_101);
        Put("libexec/engine/starter", "libexec/engine/starter-suid", 0b100_111_101_101);
        // A master that gives its sockets away.
        File.Copy(Installation.Probe, Path.Combine(prefix, "libexec/hostile/master"));
        File.SetUnixFileMode(Path.Combine(prefix, "libexec/hostile/master"), ForAll);
        Put("libexec/engine/pump", "libexec/hostile/pump", 0b111_101_101);
    }
}
