using System.Globalization;
using Engine.Tests.Integration.Support;

namespace Engine.Tests.Integration.Setuid;

/// <summary>
/// An installation with the set-uid bit (<see cref="SetuidInstallation"/>) and a directory with an engine.conf: what tests/as-setuid.sh puts in the
/// place of /usr/local and /etc/engine for one command. The configuration is a test's own.
/// </summary>
internal sealed class SetuidSite : IDisposable
{
    /// <summary>A user and a group whom no machine has, and a group that he is in as well.</summary>
    public const uint Uid = 64_600, Group = 64_601;

    private readonly string _installation, _etc;

    /// <param name="directory">Of the test.</param>
    /// <param name="user">Who types.</param>
    /// <param name="installation">Whose programs: a directory with bin and libexec, by default the one that is tested.</param>
    public SetuidSite(string directory, uint user = Uid, string? installation = null)
    {
        User = user;
        _installation = SetuidInstallation.Of(installation ?? Installation.Out);
        // The starter wants root's directories all the way down, which /tmp is not: as a mount this one has no way up.
        _etc = Path.Combine(directory, "etc");
        Directory.CreateDirectory(_etc, (UnixFileMode)0b111_101_101);
        Configure();
    }

    /// <summary>Uid and gid of who types.</summary>
    public uint User { get; }

    /// <summary>The command that stands before another one.</summary>
    public string[] Prefix => PrefixOf(User);

    /// <summary>The engine as the user finds it.</summary>
    public static string Engine => "/usr/local/bin/engine";

    /// <summary>The starter as the user finds it.</summary>
    public static string Starter => "/usr/local/libexec/engine/starter-suid";

    /// <summary>Host path of the file.</summary>
    public string Conf => Path.Combine(_etc, "engine.conf");

    /// <summary>The same for another user, or for other groups than his own and <see cref="Group"/>.</summary>
    public string[] PrefixOf(uint uid, string? groups = null) =>
        [Script, uid.ToString(CultureInfo.InvariantCulture), groups ?? $"{uid},{Group}", _installation, _etc];

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
            var own = Path.Combine(engine, $"user-{User}");
            foreach (var directory in new[] { own, engine }.Where(Directory.Exists))
            {
                _ = Native.rmdir(directory);
            }
        }
        foreach (var seat in Directory.Exists("/run/engine-users") ? Directory.GetFiles("/run/engine-users", $"{User}.*") : [])
        {
            File.Delete(seat);
        }
        _ = Native.rmdir("/run/engine-users");
    }

    private static string Script => Path.Combine(Installation.SourceRoot, "tests", "as-setuid.sh");
}
