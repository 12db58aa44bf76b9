using System.Text.Json.Nodes;
using Engine.Tests.Integration.Support;

namespace Engine.Tests.Integration.Setuid;

/// <summary>Base of the tests of an ordinary user behind the set-uid starter: his state root, his bundles, an engine.conf of the test's own.</summary>
public abstract class SetuidTest : EngineTest
{
    /// <summary>The user, and a second group of his.</summary>
    protected const uint Uid = SetuidSite.Uid, Group = SetuidSite.Group;

    protected SetuidTest()
        : base(directory => new SetuidProfile(new SetuidSite(directory))) => Own(Cli.Root);

    /// <summary>Writes engine.conf: allow_setuid = yes and these lines.</summary>
    protected void Configure(params string[] lines) => Site.Configure(lines);

    /// <summary>Host path of engine.conf.</summary>
    protected string Conf => Site.Conf;

    /// <summary>Another program as the user.</summary>
    protected Command AsUser(params string[] line) => As(Site.Prefix, line);

    /// <summary>A program as somebody else.</summary>
    protected Command AsOther(uint uid, params string[] line) => As(Site.PrefixOf(uid), line);

    /// <summary>A bundle of the user's: his ids, no capabilities, nothing that the policy denies.</summary>
    protected Bundle UserBundle()
    {
        var bundle = NewBundle();
        foreach (var entry in System.IO.Directory.EnumerateDirectories(bundle.Rootfs).Append(bundle.Rootfs).Append(Path.GetDirectoryName(bundle.Rootfs)!))
        {
            Own(entry);
        }
        bundle.Process.Remove("capabilities");
        var options = bundle.Config["mounts"]!.AsArray().Single(m => (string?)m!["destination"] == "/dev/pts")!["options"]!.AsArray();
        options.Remove(options.Single(o => (string?)o == "gid=5"));
        return bundle.WithUser(Uid, Uid);
    }

    /// <summary>Gives a file to the user.</summary>
    protected static void Own(string path) => Native.Check(Native.chown(path, Uid, Uid), $"chown {path}");

    /// <summary>A line of /proc/PID/status, without its name, with single blanks.</summary>
    protected static string Status(int pid, string name) => string.Join(
        ' ', ProcFs.Read(pid, "status")!.Split('\n').Single(l => l.StartsWith(name + ":", StringComparison.Ordinal))[(name.Length + 1)..]
            .Split(['\t', ' '], StringSplitOptions.RemoveEmptyEntries));

    /// <summary>The pid of a container's first process.</summary>
    protected int Pid(string id) => (int)Cli.State(id)["pid"]!;

    /// <summary>The pid of its supervisor.</summary>
    protected int Supervisor(string id) => (int)Cli.State(id)["supervisor"]!["pid"]!;

    /// <summary>A directory of the user's below the test's, with a file in it.</summary>
    protected string UserDirectory(string name)
    {
        var path = Path.Combine(Directory, name);
        System.IO.Directory.CreateDirectory(path);
        File.WriteAllText(Path.Combine(path, "file"), "text\n");
        Own(path);
        Own(Path.Combine(path, "file"));
        return path;
    }

    protected static JsonArray Array(params JsonNode[] items) => new(items);

    protected override void CleanUp() => Site.Dispose();

    private protected SetuidSite Site => ((SetuidProfile)Profile).Site;

    /// <summary>A program behind another prefix.</summary>
    private protected Command As(string[] prefix, params string[] line)
    {
        var command = new Command(prefix[0], [.. prefix[1..], .. line]);
        command.Environment["ENGINE_ROOT"] = Cli.Root;
        return command;
    }

    private sealed record SetuidProfile : Profile
    {
        public SetuidProfile(SetuidSite site)
            : base("set-uid", site.Prefix, null)
        {
            Engine = SetuidSite.Engine;
            Site = site;
        }

        public SetuidSite Site { get; }
    }
}
