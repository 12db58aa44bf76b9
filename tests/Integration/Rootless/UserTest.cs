using System.Globalization;
using System.Text.Json.Nodes;
using Engine.Tests.Integration.Support;

namespace Engine.Tests.Integration.Rootless;

/// <summary>
/// Base of the tests of an ordinary user. Every command runs as that user, in a private mount namespace with account files of its own
/// (tests/as-user.sh), so that the machine's are never changed. State root and bundles belong to the user.
/// </summary>
public abstract class UserTest : EngineTest
{
    /// <summary>A user whom no machine has.</summary>
    protected const uint Uid = 64_500;

    /// <summary>The first subordinate id that as-user.sh gives.</summary>
    protected const uint FirstSub = Uid * 65_536;

    private readonly string _ids;

    /// <param name="ids">ranges or single.</param>
    /// <param name="cgroup">own, or a cgroup v2 directory that is delegated to the user; TAG in it stands for this run.</param>
    protected UserTest(string ids, string cgroup = "own")
        : base(new Profile($"user, {ids}", [Script, Uid.ToString(CultureInfo.InvariantCulture), ids, Tagged(cgroup)], null))
    {
        _ids = ids;
        Own(Cli.Root);
        Runc = new RuncCli(Path.Combine(Installation.Out, "bin", "engine-runc"), Path.Combine(Directory, "runc"));
        System.IO.Directory.CreateDirectory(Runc.Root);
        Own(Runc.Root);
        Delegated = Tagged(cgroup);
    }

    /// <summary>The delegated cgroup, without a slash before it.</summary>
    protected string Delegated { get; }

    /// <summary>The user has one id only.</summary>
    protected bool IsSingle => _ids == "single";

    /// <summary>State root of engine-runc, which the user runs by <see cref="AsUser"/>.</summary>
    protected RuncCli Runc { get; }

    private static string Script => Path.Combine(Installation.SourceRoot, "tests", "as-user.sh");

    private static string Tagged(string cgroup) => cgroup.Replace("TAG", TestRun.Tag, StringComparison.Ordinal);

    /// <summary>Another program as the user.</summary>
    protected Command AsUser(params string[] line)
    {
        var command = new Command(Script, [Uid.ToString(CultureInfo.InvariantCulture), _ids, Delegated, .. line]);
        command.Environment["ENGINE_ROOT"] = Cli.Root;
        return command;
    }

    /// <summary>engine-runc's create as the user, whose stdio the container does not keep: that is the test's.</summary>
    protected CommandResult CreateRunc(params string[] arguments) => AsUser(["/bin/sh", "-c", "exec \"$@\" </dev/null >/dev/null 2>&1", "sh", Runc.Program, .. arguments]).Run();

    /// <summary>engine-runc as the user.</summary>
    protected CommandResult RunRunc(params string[] arguments) => AsUser([Runc.Program, "--root", Runc.Root, .. arguments]).Run();

    /// <summary>A bundle of the user's, with the config that engine-runc's <c>spec --rootless</c> has: one id, no network namespace.</summary>
    protected Bundle SingleBundle() => Map(UserBundle().WithoutNamespace("network").WithoutMount("/sys").WithMount("/sys", "none", "/sys", "rbind", "nosuid", "noexec", "nodev", "ro"), (0, Uid, 1));

    /// <summary>A bundle of the user's without a user namespace; without ranges the terminals' group is left out.</summary>
    protected Bundle UserBundle()
    {
        var bundle = NewBundle();
        foreach (var entry in System.IO.Directory.EnumerateDirectories(bundle.Rootfs).Append(bundle.Rootfs).Append(Path.GetDirectoryName(bundle.Rootfs)!))
        {
            Own(entry);
        }
        return IsSingle ? WithoutTerminalGroup(bundle) : bundle;
    }

    /// <summary>A new user namespace with these maps, for users and groups alike.</summary>
    protected static Bundle Map(Bundle bundle, params (uint Container, uint Host, uint Size)[] map)
    {
        bundle.WithNamespace("user");
        foreach (var name in new[] { "uidMappings", "gidMappings" })
        {
            bundle.Linux[name] = new JsonArray(map.Select(m => (JsonNode)new JsonObject { ["containerID"] = m.Container, ["hostID"] = m.Host, ["size"] = m.Size }).ToArray());
        }
        return map.Length == 1 ? WithoutTerminalGroup(bundle) : bundle;
    }

    /// <summary>Gives a file to the user.</summary>
    protected static void Own(string path) => Native.Check(Native.chown(path, Uid, Uid), $"chown {path}");

    /// <summary>A line of /proc/PID/status, without its name.</summary>
    protected static string Status(int pid, string name) =>
        ProcFs.Read(pid, "status")!.Split('\n').Single(l => l.StartsWith(name + ":", StringComparison.Ordinal))[(name.Length + 1)..].Trim();

    /// <summary>/proc/PID/uid_map with single blanks.</summary>
    protected static string Map(int pid, string file = "uid_map") =>
        string.Join('\n', ProcFs.Read(pid, file)!.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(l => string.Join(' ', l.Split(' ', StringSplitOptions.RemoveEmptyEntries))));

    private static Bundle WithoutTerminalGroup(Bundle bundle)
    {
        var options = bundle.Config["mounts"]!.AsArray().Single(m => (string?)m!["destination"] == "/dev/pts")!["options"]!.AsArray();
        if (options.FirstOrDefault(o => (string?)o == "gid=5") is { } group)
        {
            options.Remove(group);
        }
        return bundle;
    }
}

/// <summary>As RootFact, where the machine lets an ordinary user make a user namespace and has newuidmap.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class UserFactAttribute : FactAttribute
{
    public UserFactAttribute(Needs needs = Needs.Engine) => Skip = Requirement.Missing(needs) ?? UserRequirement.Missing;
}

/// <summary>As <see cref="UserFactAttribute"/>, with data.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class UserTheoryAttribute : TheoryAttribute
{
    public UserTheoryAttribute(Needs needs = Needs.Engine) => Skip = Requirement.Missing(needs) ?? UserRequirement.Missing;
}
