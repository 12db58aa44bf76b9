using System.Globalization;
using Engine.Tests.Integration.Rootless;
using Engine.Tests.Integration.Setuid;

namespace Engine.Tests.Security.Support;

/// <summary>Whose command line it is.</summary>
internal enum Dialect
{
    /// <summary>runc's: engine-runc, runc, crun.</summary>
    Runc,

    /// <summary><c>engine oci</c>: with master and pump.</summary>
    Oci,
}

/// <summary>One way to run a container: every entry is tried with it, or says why not.</summary>
/// <param name="Name">As in the report.</param>
/// <param name="What">As the document explains it.</param>
/// <param name="Dialect">Command line.</param>
/// <param name="Type">
/// The words before the engine's own for the programs below a directory (with bin and libexec): who types. What that takes besides is put into the
/// scenario's directory, and cleaned up with it.
/// </param>
internal sealed record Column(string Name, string What, Dialect Dialect, Func<Scenario, string, IReadOnlyList<string>> Type)
{
    /// <summary>What the workflow asks of every config and root filesystem, before the entry changes them.</summary>
    public Action<Bundle> Adapt { get; init; } = _ => { };

    /// <summary>Uid and gid of who types; bundle, state, the host's directory and everything else of the entry are theirs.</summary>
    public uint Caller { get; init; }

    /// <summary>Whom a set-uid file must belong to so that a container could gain something by it: root of the container, or the machine's.</summary>
    public uint Root { get; init; }

    /// <summary>Uid and gid, in the container, of a payload that is not root.</summary>
    public uint User { get; init; } = 1000;

    /// <summary>Supplementary groups that every payload has, whatever the config says.</summary>
    public IReadOnlyList<uint> KeptGroups { get; init; } = [];

    /// <summary>A payload may be root of its container, have capabilities and change its ids. If not, the set-uid policy says so.</summary>
    public bool IsPrivileged { get; init; } = true;

    /// <summary>The starter as who types finds it.</summary>
    public Func<string> Starter { get; init; } = () => Installation.Starter;

    /// <summary>Options of create and run without which another workflow might be chosen.</summary>
    public IReadOnlyList<string> CreateOptions { get; init; } = [];

    /// <summary>The container has a user namespace below the one that the starter is executed in: its root is nobody outside.</summary>
    public bool IsNested { get; init; }

    /// <summary>Devices are bound for the container here, not made.</summary>
    public bool BindsDevices { get; init; }

    /// <summary>Why it cannot be tried on this machine, or null.</summary>
    public Func<string?> Missing { get; init; } = () => null;
}

/// <summary>The workflows. Another one is a line here.</summary>
internal static class Columns
{
    private const string Runc = "bin/engine-runc", Engine = "bin/engine";
    private const uint UserNamespaceRoot = 200_000;

    // Whom no machine has, and another in each part of a run: what belongs to a user (processes, seats) is not shared with the other part's.
    private static readonly uint s_caller = 64_700 + (uint)(Environment.ProcessId % 256);

    public static IReadOnlyList<Column> All { get; } =
    [
        new("root", "engine-runc", Dialect.Runc, (_, d) => [Path.Combine(d, Runc)]),
        new("oci", "`engine oci`", Dialect.Oci, (_, d) => [Path.Combine(d, Engine)]),
        new("userns", "engine-runc with a user namespace in the config", Dialect.Runc, (_, d) => [Path.Combine(d, Runc)])
        {
            Adapt = b => b.WithUserNamespace(UserNamespaceRoot),
            Root = UserNamespaceRoot,
            IsNested = true,
            BindsDevices = true,
        },
        new("rootless", "engine-runc typed by an ordinary user with subordinate ids", Dialect.Runc, (_, d) =>
            [Path.Combine(Installation.SourceRoot, "tests/as-user.sh"), s_caller.ToString(CultureInfo.InvariantCulture), "ranges", "own", Path.Combine(d, Runc)])
        {
            Caller = s_caller,
            Root = s_caller,
            BindsDevices = true,
            Missing = () => UserRequirement.Missing,
        },
        new("setuid", "`engine oci` typed by an ordinary user, through the set-uid starter; what its policy refuses is seen to be refused, by the rule's name",
            Dialect.Oci, (t, d) => [.. (t.Site = t.Owned(new SetuidSite(t.Directory, s_caller, d))).Prefix, SetuidSite.Engine])
        {
            Adapt = b => WithoutPrivilege(b).WithUser(s_caller, s_caller),
            Caller = s_caller,
            User = s_caller,
            KeptGroups = [SetuidSite.Group, s_caller],
            IsPrivileged = false,
            Starter = () => SetuidSite.Starter,
            CreateOptions = ["--workflow", "setuid"],
            BindsDevices = true,
        },
    ];

    public static Column Get(string name) => All.Single(c => c.Name == name);

    private static Bundle WithoutPrivilege(Bundle bundle)
    {
        bundle.Process.Remove("capabilities");
        var terminals = bundle.Config["mounts"]!.AsArray().Single(m => (string?)m!["destination"] == "/dev/pts")!["options"]!.AsArray();
        terminals.Remove(terminals.Single(o => (string?)o == "gid=5"));
        return bundle;
    }
}
