using System.Globalization;
using Engine.Tests.Integration.Setuid;

namespace Engine.Tests.Faults;

/// <summary>A column of every table here: who types, and what that makes of a payload.</summary>
/// <param name="Name">As in messages and on the command line.</param>
/// <param name="Open">Prepares the one who types, in a directory of the case.</param>
/// <param name="Missing">Why it cannot run on this machine, or null.</param>
/// <param name="Shapes">The bundles that the injected faults are tried with.</param>
/// <param name="Entries">Whether the other entries are for it, too: they do as root what they do.</param>
internal sealed record Workflow(string Name, Func<string, Seat> Open, string? Missing, IReadOnlyList<Shape> Shapes, bool Entries = false)
{
    /// <summary>A user whom no machine has, for the rootless workflow (the set-uid one has SetuidSite.Uid).</summary>
    public const uint RootlessUid = 64_500;

    public static IReadOnlyList<Workflow> All { get; } =
    [
        new("root", _ => new Seat(Profile.Root, null), null, [Shape.Plain, Shape.UserNamespace], Entries: true),
        new("setuid", Setuid, null, [Shape.Setuid]),
        new("rootless", Rootless, File.Exists("/usr/bin/newuidmap") ? null : "newuidmap is not installed", [Shape.Rootless]),
    ];

    private static Seat Setuid(string directory)
    {
        var site = new SetuidSite(directory);
        return new Seat(new Profile("set-uid", site.Prefix, null) { Engine = SetuidSite.Engine }, SetuidSite.Uid, site);
    }

    private static Seat Rootless(string directory) => new(
        new Profile("rootless", [Path.Combine(Installation.SourceRoot, "tests", "as-user.sh"), RootlessUid.ToString(CultureInfo.InvariantCulture), "ranges", "own"], null), RootlessUid);
}

/// <summary>One who types, prepared.</summary>
/// <param name="Profile">The command line.</param>
/// <param name="Owner">To whom state root and bundles belong; null for root.</param>
/// <param name="Site">What is taken back afterwards.</param>
internal sealed record Seat(Profile Profile, uint? Owner, IDisposable? Site = null);
