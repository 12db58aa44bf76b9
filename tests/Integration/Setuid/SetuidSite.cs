using System.Globalization;
using Engine.Tests.Integration.Support;

namespace Engine.Tests.Integration.Setuid;

/// <summary>
/// An installation with the set-uid bit, as <c>build.sh install --setuid</c> makes it, and a directory with an engine.conf: what tests/as-setuid.sh
/// puts in the place of /usr/local and /etc/engine for one command. Made once a run; the configuration is a test's own.
/// </summary>
internal sealed class SetuidSite : IDisposable
{
    /// <summary>A user and a group whom no machine has, and a group that he is in as well.</summary>
    public const uint Uid = 64_600, Group = 64_601;

    private static readonly Lazy<string> s_installation = new(Install);

    private readonly string _etc;

    /// <param name="directory">Of the test.</param>
    public SetuidSite(string directory)
    {
        // The starter wants root's directories all the way down, which /tmp is not: as a mount this one has no way up.
        _etc = Path.Combine(directory, "etc");
        Directory.CreateDirectory(_etc, (UnixFileMode)0b111_101_101);
        Configure();
    }

    /// <summary>The command that stands before another one.</summary>
    public string[] Prefix => PrefixOf(Uid);

    /// <summary>The engine as the user finds it.</summary>
    public static string Engine => "/usr/local/bin/engine";

    /// <summary>The starter as the user finds it.</summary>
    public static string Starter => "/usr/local/libexec/engine/starter-suid";

    /// <summary>Host path of the file.</summary>
    public string Conf => Path.Combine(_etc, "engine.conf");

    /// <summary>The same for another user.</summary>
    public string[] PrefixOf(uint uid) =>
        [Script, uid.ToString(CultureInfo.InvariantCulture), $"{uid},{Group}", s_installation.Value, _etc];

    /// <summary>Writes the file: allow_setuid = yes and these lines.</summary>
    public void Configure(params string[] lines)
    {
        File.Delete(Conf);
        File.WriteAllLines(Conf, lines.Prepend("allow_setuid = yes"));
        File.SetUnixFileMode(Conf, (UnixFileMode)0b110_100_100);
    }

    public void Dispose()
    {
        // What the starter made for the user and leaves for his next container.
        foreach (var hierarchy in TestRun.Hierarchies)
        {
            var engine = Path.Combine(hierarchy, "engine");
            var own = Path.Combine(engine, $"user-{Uid}");
            foreach (var directory in new[] { own, engine }.Where(Directory.Exists))
            {
                _ = Native.rmdir(directory);
            }
        }
        foreach (var seat in Directory.Exists("/run/engine-users") ? Directory.GetFiles("/run/engine-users", $"{Uid}.*") : [])
        {
            File.Delete(seat);
        }
        _ = Native.rmdir("/run/engine-users");
    }

    private static string Script => Path.Combine(Installation.SourceRoot, "tests", "as-setuid.sh");

    private static string Install()
    {
        var prefix = Path.Combine(TestRun.Directory, "usr-local");
        const UnixFileMode directory = (UnixFileMode)0b111_101_101;
        Directory.CreateDirectory(Path.Combine(prefix, "bin"), directory);
        Directory.CreateDirectory(Path.Combine(prefix, "libexec", "engine"), directory);
        Directory.CreateDirectory(Path.Combine(prefix, "libexec", "hostile"), directory);
        void Put(string from, string to, int mode)
        {
            File.Copy(from, Path.Combine(prefix, to));
            File.SetUnixFileMode(Path.Combine(prefix, to), (UnixFileMode)mode);
        }
        Put(Installation.Engine, "bin/engine", 0b111_101_101);
        File.CreateSymbolicLink(Path.Combine(prefix, "bin/engine-runc"), "engine");
        Put(Installation.Engine, "libexec/engine/master", 0b111_001_001);
        Put(Installation.Starter, "libexec/engine/starter", 0b111_101_101);
        Put(Installation.Pump, "libexec/engine/pump", 0b111_101_101);
        Put(Installation.Starter, "libexec/engine/starter-suid", 0b100_111_101_101);
        // A master that gives its sockets away.
        Put(Installation.Probe, "libexec/hostile/master", 0b111_101_101);
        Put(Installation.Pump, "libexec/hostile/pump", 0b111_101_101);
        return prefix;
    }
}
