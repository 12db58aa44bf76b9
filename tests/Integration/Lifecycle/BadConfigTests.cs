using System.Text.Json.Nodes;
using Engine.Tests.Integration.Support;

namespace Engine.Tests.Integration.Lifecycle;

/// <summary>A config.json that cannot be honoured: one line that names the place, our exit code, and nothing left.</summary>
public sealed class BadConfigTests : EngineTest
{
    private static readonly (string Name, string Edit, string[] Parts)[] Edits =
    [
        ("unknown namespace", """{"linux":{"namespaces":[{"type":"pid"},{"type":"bogus"}]}}""", ["linux.namespaces[1].type", "bogus"]),
        ("namespace twice", """{"linux":{"namespaces":[{"type":"uts"},{"type":"mount"},{"type":"pid"},{"type":"pid"}]}}""", ["linux.namespaces", "pid"]),
        ("namespace path that is none", """{"hostname":null,"linux":{"namespaces":[{"type":"mount"},{"type":"network","path":"/no/such/ns"}]}}""", ["linux.namespaces[1]", "/no/such/ns"]),
        ("namespace path of another kind", """{"hostname":null,"linux":{"namespaces":[{"type":"mount"},{"type":"network","path":"/proc/self/ns/uts"}]}}""", ["linux.namespaces[1]"]),
        ("unknown rlimit", """{"process":{"rlimits":[{"type":"RLIMIT_BOGUS","soft":1,"hard":2}]}}""", ["process.rlimits[0].type", "RLIMIT_BOGUS"]),
        ("rlimit soft above hard", """{"process":{"rlimits":[{"type":"RLIMIT_NOFILE","soft":3,"hard":2}]}}""", ["process.rlimits[0]"]),
        ("rlimit twice", """{"process":{"rlimits":[{"type":"RLIMIT_NOFILE","soft":1,"hard":2},{"type":"RLIMIT_NOFILE","soft":1,"hard":2}]}}""", ["process.rlimits[1]", "RLIMIT_NOFILE"]),
        ("relative cwd", """{"process":{"cwd":"tmp"}}""", ["process.cwd"]),
        ("no args", """{"process":{"args":[]}}""", ["process.args"]),
        ("env without a name", """{"process":{"env":["=x"]}}""", ["process.env[0]"]),
        ("umask too large", """{"process":{"user":{"uid":0,"gid":0,"umask":4096}}}""", ["process.user.umask"]),
        ("oom_score_adj too large", """{"process":{"oomScoreAdj":2000}}""", ["process.oomScoreAdj"]),
        ("missing rootfs", """{"root":{"path":"nosuch"}}""", ["nosuch"]),
        ("rootfs that is a file", """{"root":{"path":"config.json"}}""", ["root.path"]),
        ("unknown mount type", """{"mounts":[{"destination":"/x","type":"nosuchfs","source":"x"}]}""", ["mounts[0]", "nosuchfs"]),
        ("unknown mount option", """{"mounts":[{"destination":"/x","type":"tmpfs","source":"x","options":["nosuid","bogus=1"]}]}""", ["mounts[0]"]),
        ("bad size of tmpfs", """{"mounts":[{"destination":"/x","type":"tmpfs","source":"x","options":["size=many"]}]}""", ["mounts[0]"]),
        ("destination that is the root", """{"mounts":[{"destination":"/","type":"tmpfs","source":"x"}]}""", ["mounts[0]"]),
        ("bind source that is not there", """{"mounts":[{"destination":"/x","type":"bind","source":"/no/such/source","options":["bind"]}]}""", ["mounts[0]", "/no/such/source"]),
        ("directory over a file", """{"mounts":[{"destination":"/etc/passwd","type":"tmpfs","source":"x"}]}""", ["mounts[0]", "/etc/passwd"]),
        ("unknown sysctl", """{"linux":{"sysctl":{"no.such.key":"1"}}}""", ["linux.sysctl"]),
        ("sysctl of the host", """{"linux":{"sysctl":{"vm.swappiness":"1"}}}""", ["linux.sysctl", "vm.swappiness"]),
        ("nonsense in a sysctl", """{"linux":{"sysctl":{"net.ipv4.ip_forward":"several"}}}""", ["linux.sysctl", "ip_forward"]),
        ("unknown device type", """{"linux":{"devices":[{"path":"/dev/x","type":"q"}]}}""", ["linux.devices[0].type"]),
        ("unknown seccomp action", """{"linux":{"seccomp":{"defaultAction":"SCMP_ACT_BOGUS"}}}""", ["linux.seccomp.defaultAction"]),
        ("negative memory", """{"linux":{"resources":{"memory":{"limit":-5}}}}""", ["linux.resources.memory.limit"]),
        ("unknown propagation", """{"linux":{"rootfsPropagation":"sideways"}}""", ["linux.rootfsPropagation"]),
        ("apparmor where there is none, or an unknown profile", """{"process":{"apparmorProfile":"no-such-profile"}}""", ["process.apparmorProfile"]),
        ("hook with a relative path", """{"hooks":{"createRuntime":[{"path":"bin/true"}]}}""", ["hooks.createRuntime[0].path"]),
        ("hook that is not there", """{"hooks":{"createRuntime":[{"path":"/no/such/hook"}]}}""", ["hooks.createRuntime[0]", "/no/such/hook"]),
        ("version of the future", """{"ociVersion":"2.0.0"}""", ["ociVersion", "2.0.0"]),
        ("no process", """{"process":null}""", ["process"]),
        ("text where a number is due", """{"process":{"user":{"uid":"zero","gid":0}}}""", ["process.user.uid"]),
        ("hostname without its namespace", """{"hostname":"x","linux":{"namespaces":[{"type":"mount"},{"type":"pid"}]}}""", ["hostname"]),
    ];

    [RootFact]
    public void The_place_is_named()
    {
        var bundle = NewBundle().Args("/bin/sleep", "1000");
        var original = bundle.Config.DeepClone().AsObject();
        var wrong = new List<string>();
        foreach (var (name, edit, parts) in Edits)
        {
            var config = original.DeepClone().AsObject();
            Merge(config, JsonNode.Parse(edit)!.AsObject());
            var id = NewId();
            var result = Cli.Oci("create", id, "-b", bundle.Raw(config.ToJsonString()).Path);
            if (result.ExitCode != 255 || result.Error.TrimEnd('\n').Contains('\n', StringComparison.Ordinal) || !parts.All(p => result.Error.Contains(p, StringComparison.Ordinal)))
            {
                wrong.Add($"{name}: expected 255, one line and {string.Join(", ", parts)}\n{result}");
            }
            wrong.AddRange(System.IO.Directory.EnumerateFileSystemEntries(Cli.Root).Select(f => $"{name}: left {f}"));
            _ = Cli.Oci("delete", "--force", id);
        }
        Assert.True(wrong.Count == 0, string.Join('\n', wrong));
    }

    [RootFact]
    public void What_is_no_json_is_refused_with_its_line()
    {
        Create("{\n  \"ociVersion\": \"1.0.2\",\n  \"process\": {,\n}").ShouldFail(255, "config.json:3");
        Create("").ShouldFail(255, "config.json", "empty");
        Create("[]").ShouldFail(255, "config.json");
        Create("{}").ShouldFail(255, "config.json", "ociVersion");
        Create("{\n\"ociVersion\": \"1.0.2\",\n\"root\": {\"path\": 5},\n\"process\": {\"cwd\": \"/\", \"args\": [\"x\"]}}").ShouldFail(255, "root.path", "config.json:3");
        Create("{\"ociVersion\": \"1.0.2\"} trailing").ShouldFail(255, "config.json");
    }

    [RootFact]
    public void A_config_that_cannot_be_read_is_named()
    {
        var bundle = NewBundle();
        var path = bundle.Path;
        var config = Path.Combine(path, "config.json");
        File.Delete(config);
        Cli.Oci("create", NewId(), "-b", path).ShouldFail(255, config, "ENOENT");
        System.IO.Directory.CreateDirectory(config);
        Cli.Oci("create", NewId(), "-b", path).ShouldFail(255, config);
        System.IO.Directory.Delete(config);
        Native.Check(Native.mkfifo(config, 0x180), "mkfifo");
        Cli.Oci("create", NewId(), "-b", path).ShouldFail(255, config);
        Cli.Oci("create", NewId(), "-b", Path.Combine(Directory, "nosuch")).ShouldFail(255, "nosuch", "no such directory");
        Cli.Oci("create", NewId()).ShouldFail(1, "--bundle");
    }

    [RootFact]
    public void A_working_directory_that_is_not_there_is_made()
    {
        var bundle = NewBundle().Args("/bin/pwd").WithCwd("/made/for/me");
        Assert.Equal("/made/for/me\n", Cli.Oci("run", NewId(), "-b", bundle.Path).ShouldExit(0).Text);
        Assert.True(System.IO.Directory.Exists(bundle.Rootfs + "/made/for/me"));
    }

    [RootFact]
    public void A_working_directory_that_leads_out_is_refused_or_stays_inside()
    {
        foreach (var number in new[] { 3, 5, 7, 8, 10 })
        {
            var bundle = NewBundle().Args("/bin/pwd").WithCwd($"/proc/self/fd/{number}");
            // The text of such a link may name a place inside; what it is a link to is never entered.
            var refused = Cli.Oci("run", NewId(), "-b", bundle.Path);
            Assert.True(refused.ExitCode == 255 || refused.Text == "/proc/1/fd\n", refused.ToString());
        }
        var outside = Path.Combine(Directory, "outside");
        System.IO.Directory.CreateDirectory(outside);
        var inside = NewBundle().Shell("pwd; touch here");
        File.CreateSymbolicLink(inside.Rootfs + "/out", outside);
        inside.WithCwd("/out");
        // The link counts below the container's root, where its target does not exist: it is made there, or refused.
        var result = Cli.Oci("run", NewId(), "-b", inside.Path);
        Assert.Contains(result.ExitCode, new[] { 0, 255 });
        Assert.Empty(System.IO.Directory.EnumerateFileSystemEntries(outside));
        var dots = NewBundle().Args("/bin/pwd").WithCwd("/../../../../tmp");
        Assert.Equal("/tmp\n", Cli.Oci("run", NewId(), "-b", dots.Path).ShouldExit(0).Text);
    }

    [RootFact]
    public void A_mount_that_leads_out_stays_inside()
    {
        var outside = Path.Combine(Directory, "outside");
        System.IO.Directory.CreateDirectory(outside);
        File.WriteAllText(Path.Combine(outside, "secret"), "host");
        var bundle = NewBundle().Shell("ls -a /link/ | grep secret; true").WithMount("/link", "tmpfs", "tmpfs");
        File.CreateSymbolicLink(bundle.Rootfs + "/link", outside);
        var result = Cli.Oci("run", NewId(), "-b", bundle.Path);
        Assert.Contains(result.ExitCode, new[] { 0, 255 });
        Assert.Equal("", result.Text);
        Assert.Equal(["secret"], System.IO.Directory.EnumerateFileSystemEntries(outside).Select(Path.GetFileName));
    }

    [RootFact]
    public void The_same_destination_twice_shows_the_second()
    {
        var bundle = NewBundle().Shell("ls /x; mount | grep -c ' /x '").WithMount("/x", "tmpfs", "first").WithBind(Directory, "/x", "ro");
        File.WriteAllText(Path.Combine(Directory, "marker"), "");
        var result = Cli.Oci("run", NewId(), "-b", bundle.Path).ShouldExit(0);
        Assert.Contains("marker\n", result.Text, StringComparison.Ordinal);
        Assert.EndsWith("2\n", result.Text, StringComparison.Ordinal);
    }

    private CommandResult Create(string config) => Cli.Oci("create", NewId(), "-b", NewBundle().Raw(config).Path);

    // Objects are merged; null takes a member away.
    private static void Merge(JsonObject into, JsonObject edit)
    {
        foreach (var (name, value) in edit)
        {
            if (value is JsonObject inner && into[name] is JsonObject target)
            {
                Merge(target, inner);
            }
            else if (value is null)
            {
                into.Remove(name);
            }
            else
            {
                into[name] = value.DeepClone();
            }
        }
    }
}
