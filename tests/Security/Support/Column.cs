namespace Engine.Tests.Security.Support;

/// <summary>Whose command line it is.</summary>
internal enum Dialect
{
    /// <summary>runc's: engine-runc, runc, crun.</summary>
    Runc,

    /// <summary><c>engine oci</c>: with master and pump.</summary>
    Oci,
}

/// <summary>One way to run a container: every entry that is for it is tried with it.</summary>
/// <param name="Name">As in the report.</param>
/// <param name="Dialect">Command line.</param>
/// <param name="Program">Below the installation's directory.</param>
/// <param name="Adapt">What the workflow asks of every config and root filesystem.</param>
internal sealed record Column(string Name, Dialect Dialect, string Program, Action<Bundle> Adapt)
{
    /// <summary>Program and arguments before the engine's: who types.</summary>
    public IReadOnlyList<string> Prefix { get; init; } = [];

    /// <summary>Uid and gid of who types; bundle, state and everything else of the entry are theirs.</summary>
    public uint Caller { get; init; }

    /// <summary>Why it cannot be tried on this machine, or null.</summary>
    public Func<string?> Missing { get; init; } = () => null;

    /// <summary>Whether root of the container is root of the host.</summary>
    public bool IsHostRoot { get; init; }
}

/// <summary>The workflows. Another one is a line here; entries that name no columns are for it, too.</summary>
internal static class Columns
{
    private const string Runc = "bin/engine-runc", Engine = "bin/engine";

    public static IReadOnlyList<Column> All { get; } =
    [
        new("root", Dialect.Runc, Runc, _ => { }) { IsHostRoot = true },
        new("oci", Dialect.Oci, Engine, _ => { }) { IsHostRoot = true },
        new("userns", Dialect.Runc, Runc, b => b.WithUserNamespace()),
    ];

    public static Column Get(string name) => All.Single(c => c.Name == name);
}
