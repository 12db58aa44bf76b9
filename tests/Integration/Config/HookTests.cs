using System.Text.Json.Nodes;
using Engine.Tests.Integration.Support;

namespace Engine.Tests.Integration.Config;

/// <summary>runtime.md, Lifecycle, and config.md, POSIX-platform Hooks: when, where, with what, and what a failure means.</summary>
public sealed class HookTests : ConfigTest
{
    private static readonly string[] HostKinds = ["prestart", "createRuntime", "poststart", "poststop"];

    private static readonly string[] Kinds = ["prestart", "createRuntime", "createContainer", "startContainer", "poststart", "poststop"];

    // Where a hook can write: startContainer sees the container's root only.
    private string Record => Path.Combine(Directory, "record");

    private Bundle Recording(string body, IEnumerable<string>? kinds = null)
    {
        System.IO.Directory.CreateDirectory(Record);
        var bundle = NewBundle().Shell("echo payload >>/record/order; sleep 1000").WithBind(Record, "/record");
        foreach (var kind in kinds ?? Kinds)
        {
            var at = kind == "startContainer" ? "/record" : Record;
            bundle.WithHook(kind, "/bin/sh", ["sh", "-c", body.Replace("@", at, StringComparison.Ordinal).Replace("KIND", kind, StringComparison.Ordinal)], ["PATH=/bin:/usr/bin"], 30);
        }
        return bundle;
    }

    private string[] Recorded(string name) => File.Exists(Path.Combine(Record, name)) ? File.ReadAllLines(Path.Combine(Record, name)) : [];

    [RootFact]
    public void They_run_once_each_in_the_order_of_the_specification()
    {
        var bundle = Recording("echo KIND >>@/order");
        foreach (var kind in Kinds)
        {
            var at = kind == "startContainer" ? "/record" : Record;
            bundle.WithHook(kind, "/bin/sh", ["sh", "-c", $"echo {kind} again >>{at}/order"]);
        }
        var id = Create(bundle);
        Assert.Equal(["prestart", "prestart again", "createRuntime", "createRuntime again", "createContainer", "createContainer again"], Recorded("order"));
        Cli.OciOk("start", id);
        Eventually.True(() => Recorded("order").Length == 11, () => string.Join('\n', Recorded("order")));
        Assert.Equal(["startContainer", "startContainer again"], Recorded("order")[6..8]);
        // The payload and the poststart hooks run at the same time.
        Assert.Equal(["poststart", "poststart again"], Recorded("order")[8..].Where(l => l != "payload"));
        Cli.OciOk("kill", id, "KILL");
        Cli.WaitForStatus(id, "stopped");
        Assert.Equal(11, Recorded("order").Length);
        Cli.OciOk("delete", id);
        Assert.Equal(["poststop", "poststop again"], Recorded("order")[11..]);
    }

    [RootFact]
    public void Each_gets_the_state_with_the_status_of_its_moment()
    {
        var bundle = Recording("cat >@/KIND").WithAnnotation("org.example.key", "värde \"x\"");
        var id = Create(bundle);
        var pid = (int)Cli.State(id)["pid"]!;
        Cli.OciOk("start", id);
        Eventually.True(() => Recorded("poststart").Length > 0, "the poststart hook");
        Cli.OciOk("kill", id, "KILL");
        Cli.WaitForStatus(id, "stopped");
        Cli.OciOk("delete", id);
        foreach (var kind in Kinds)
        {
            var state = JsonNode.Parse(File.ReadAllText(Path.Combine(Record, kind)))!;
            Assert.Equal(id, (string?)state["id"]);
            Assert.Equal(bundle.Path, (string?)state["bundle"]);
            Assert.Equal("värde \"x\"", (string?)state["annotations"]!["org.example.key"]);
            Assert.NotNull((string?)state["ociVersion"]);
            var expected = kind switch { "startContainer" => "created", "poststart" => "running", "poststop" => "stopped", _ => "creating" };
            Assert.Equal((kind, expected), (kind, (string?)state["status"]));
            // In the container's own pid namespace the payload is 1; elsewhere it is the host's number; at the end there is none.
            var seen = (int?)state["pid"] ?? 0;
            Assert.True(kind switch { "poststop" => seen == 0, "createContainer" or "startContainer" => seen == 1 || seen == pid, _ => seen == pid }, $"{kind}: pid {seen}, payload {pid}");
        }
    }

    [RootFact]
    public void Their_namespaces_are_the_hosts_or_the_containers()
    {
        var bundle = Recording("for n in mnt pid net uts; do readlink /proc/self/ns/$n; done >@/KIND; pwd >>@/KIND");
        var id = Start(bundle);
        Eventually.True(() => Recorded("poststart").Length == 5, "the poststart hook");
        var pid = (int)Cli.State(id)["pid"]!;
        string?[] names = ["mnt", "pid", "net", "uts"];
        var host = names.Select(n => ProcFs.Namespace(Environment.ProcessId, n!)).ToArray();
        var container = names.Select(n => ProcFs.Namespace(pid, n!)).ToArray();
        Cli.OciOk("delete", "--force", id);
        foreach (var kind in HostKinds)
        {
            Assert.Equal(host, Recorded(kind)[..4]);
        }
        foreach (var kind in new[] { "createContainer", "startContainer" })
        {
            Assert.Equal(container, Recorded(kind)[..4]);
        }
        Assert.Equal("/", Recorded("startContainer")[4]);
    }

    [RootFact]
    public void Before_the_root_switch_the_container_is_at_its_rootfs_in_its_own_mount_namespace()
    {
        // As a GPU hook does it: by the process's mount namespace and the bundle's path, on what the config mounted there.
        System.IO.Directory.CreateDirectory(Record);
        foreach (var userNamespace in new[] { false, true })
        {
            var bundle = NewBundle().Shell("cat /mnt/by/*").WithMount("/mnt/by", "tmpfs", "tmpfs", "mode=777");
            if (userNamespace)
            {
                bundle.WithNamespace("user").Edit(c =>
                {
                    c["linux"]!["uidMappings"] = JsonNode.Parse("""[{"containerID":0,"hostID":0,"size":65536}]""");
                    c["linux"]!["gidMappings"] = JsonNode.Parse("""[{"containerID":0,"hostID":0,"size":65536}]""");
                });
            }
            var enter = $"pid=$(sed 's/.*\"pid\":\\([0-9]*\\).*/\\1/'); nsenter -m -t $pid /bin/sh -c 'echo KIND >{bundle.Rootfs}/mnt/by/KIND; test -d {Record}'";
            bundle.WithHook("prestart", "/bin/sh", ["sh", "-c", enter.Replace("KIND", "1prestart", StringComparison.Ordinal)], ["PATH=/bin:/usr/bin"])
                .WithHook("createRuntime", "/bin/sh", ["sh", "-c", enter.Replace("KIND", "2createRuntime", StringComparison.Ordinal)], ["PATH=/bin:/usr/bin"])
                .WithHook("createContainer", "/bin/sh", ["sh", "-c", $"echo 3createContainer >{bundle.Rootfs}/mnt/by/3; test -d {Record}"], ["PATH=/bin:/usr/bin"]);
            Assert.Equal(["1prestart", "2createRuntime", "3createContainer"], Lines(bundle));
            // The mount is the container's alone.
            Assert.Empty(System.IO.Directory.GetFileSystemEntries(Path.Combine(bundle.Rootfs, "mnt/by")));
        }
    }

    [RootFact]
    public void Arguments_and_environment_are_exactly_the_configs()
    {
        System.IO.Directory.CreateDirectory(Record);
        var bundle = NewBundle().Shell("sleep 1000");
        foreach (var kind in HostKinds)
        {
            // argv[0] is the config's, not the path.
            bundle.WithHook(kind, "/bin/sh", ["named", "-c", $"tr '\\0' '|' </proc/$$/cmdline >{Record}/{kind}.args; tr '\\0' '|' </proc/$$/environ >{Record}/{kind}.env; :", "zero", "", "two words"], ["B=2", "A=1", "E=", "Q=x=y"]);
        }
        var id = Start(bundle);
        Eventually.True(() => Recorded("poststart.env").Length > 0, "the poststart hook");
        Cli.OciOk("delete", "--force", id);
        foreach (var kind in HostKinds)
        {
            Assert.Equal((kind, "B=2|A=1|E=|Q=x=y|"), (kind, File.ReadAllText($"{Record}/{kind}.env")));
            Assert.Equal((kind, "named"), (kind, File.ReadAllText($"{Record}/{kind}.args").Split('|')[0]));
            Assert.EndsWith("|zero||two words|", File.ReadAllText($"{Record}/{kind}.args"), StringComparison.Ordinal);
        }
    }

    [RootFact]
    public void A_hook_that_fails_before_the_start_undoes_the_creation()
    {
        foreach (var kind in new[] { "prestart", "createRuntime", "createContainer" })
        {
            Refused(NewBundle().WithHook(kind, "/bin/sh", ["sh", "-c", "echo because of this >&2; exit 3"]), $"hooks.{kind}[0]", "because of this", "3");
            Refused(NewBundle().WithHook(kind, "/no/such/hook", ["x"]), $"hooks.{kind}[0]", "/no/such/hook");
        }
    }

    [RootFact]
    public void A_hook_that_fails_at_the_start_fails_it()
    {
        var id = Create(NewBundle().Shell("sleep 1000").WithHook("startContainer", "/bin/sh", ["sh", "-c", "echo because of this >&2; exit 3"]));
        Cli.Oci("start", id).ShouldFail(255, "because of this");
        Cli.WaitForStatus(id, "stopped");
    }

    [RootFact]
    public void A_poststart_hook_that_fails_stops_the_container_and_a_poststop_hook_only_warns()
    {
        var bundle = NewBundle().Shell("sleep 1000").WithHook("poststart", "/bin/sh", ["sh", "-c", "exit 3"]).WithHook("poststop", "/bin/sh", ["sh", "-c", "echo why; exit 4"]);
        var id = Create(bundle);
        Cli.Oci("start", id).ShouldFail(255, "hooks.poststart[0]", "3");
        Cli.WaitForStatus(id, "stopped");
        var deleted = Cli.OciOk("delete", id);
        Assert.Contains("exit code 4: why", deleted.Error, StringComparison.Ordinal);
        Assert.Null(Cli.Status(id));
    }

    [RootFact]
    public void A_hook_beyond_its_timeout_is_killed_with_its_children()
    {
        foreach (var kind in new[] { "createRuntime", "createContainer" })
        {
            Refused(NewBundle().WithHook(kind, "/bin/sh", ["sh", "-c", "sleep 1000 & sleep 1000"], timeout: 1), $"hooks.{kind}[0]", "timeout");
        }
        var id = Create(NewBundle().Shell("sleep 1000").WithHook("startContainer", "/bin/sh", ["sh", "-c", "sleep 1000"], timeout: 1)
            .WithHook("poststop", "/bin/sh", ["sh", "-c", "sleep 1000 & sleep 1000"], timeout: 1));
        Cli.Oci("start", id).ShouldFail(255, "timeout");
        Cli.WaitForStatus(id, "stopped");
        Assert.Contains("timeout", Cli.OciOk("delete", id).Error, StringComparison.Ordinal);
    }

    [RootFact]
    public void A_hook_holds_nothing_of_the_engine()
    {
        var bundle = Recording("ls /proc/self/fd | tr '\\n' ' ' >@/KIND; echo >>@/KIND; id -u >>@/KIND; grep -E 'SigBlk|SigIgn' /proc/self/status | tr -d '\\n' >>@/KIND");
        var id = NewId();
        WithOpenFiles("oci", "create", id, "-b", bundle.Path);
        WithOpenFiles("oci", "start", id);
        Eventually.True(() => Recorded("poststart").Length == 3, "the poststart hook");
        WithOpenFiles("oci", "delete", "--force", id);
        foreach (var kind in Kinds)
        {
            // The standard streams, and the directory that ls reads.
            Assert.Equal((kind, "0 1 2 3"), (kind, Recorded(kind)[0].Trim()));
            Assert.Equal("0", Recorded(kind)[1]);
            // glibc's posix_spawn, which makes a poststop hook, ignores its own two real-time signals.
            var ignored = kind == "poststop" ? Recorded(kind)[2].Replace("180000000", "000000000", StringComparison.Ordinal) : Recorded(kind)[2];
            Assert.Equal((kind, "SigBlk:\t0000000000000000SigIgn:\t0000000000000000"), (kind, ignored));
        }
    }

    // A careless caller: descriptors of its own stay open in the command that it runs.
    private void WithOpenFiles(params string[] words)
    {
        var careless = new Command("/bin/bash", ["-c", "exec 3</etc/passwd 7</etc/hostname 200>/dev/null; exec \"$0\" \"$@\"", Installation.Engine, .. words]);
        careless.Environment["ENGINE_ROOT"] = Cli.Root;
        careless.Run().ShouldExit(0);
    }
}
