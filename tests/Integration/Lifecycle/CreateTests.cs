using System.Globalization;
using System.Text.Json.Nodes;
using Engine.Tests.Integration.Support;

namespace Engine.Tests.Integration.Lifecycle;

/// <summary>The options of <c>create</c>, and what it must not do to its caller.</summary>
public sealed class CreateTests : EngineTest
{
    [RootFact]
    public void Options_stand_anywhere_and_paths_are_relative_to_the_caller()
    {
        var bundle = NewBundle().Shell("echo logged; exec sleep 1000").Path;
        var id = NewId();
        var command = Cli.Prepare("oci", "create", "--log-format=basic", id, "--pid-file", "the.pid", "-b", Path.GetFileName(bundle), "--log-path", "the.log");
        command.WorkingDirectory = Directory;
        command.Run().ShouldExit(0);
        Assert.Equal(bundle, (string?)Cli.State(id)["bundle"]);
        Assert.True(File.Exists(Path.Combine(Directory, "the.pid")));
        Cli.OciOk("start", id);
        Eventually.True(() => File.ReadAllText(Path.Combine(Directory, "the.log")).Contains("logged", StringComparison.Ordinal), "the log");
    }

    [RootFact]
    public void The_root_stands_before_the_verb_behind_it_or_in_the_environment()
    {
        var id = Create(NewBundle().Args("/bin/sleep", "1000"));
        foreach (var words in new[] { new[] { "oci", "--root", Cli.Root, "state", id }, ["oci", "state", "--root", Cli.Root, id], ["oci", "state", id, "--root=" + Cli.Root] })
        {
            var command = Cli.Prepare(words);
            command.Environment["ENGINE_ROOT"] = Path.Combine(Directory, "elsewhere");
            command.Run().ShouldExit(0);
        }
        var elsewhere = Cli.Prepare("oci", "state", id);
        elsewhere.Environment["ENGINE_ROOT"] = Path.Combine(Directory, "elsewhere");
        elsewhere.Run().ShouldFail(255, "does not exist");
    }

    [RootFact]
    public void Options_come_from_the_environment_too_and_the_line_beats_it()
    {
        var bundle = NewBundle().Args("/bin/sleep", "1000").Path;
        var id = NewId();
        var command = Cli.Prepare("oci", "create", id, "--pid-file", Path.Combine(Directory, "line.pid"));
        command.Environment["ENGINE_BUNDLE"] = bundle;
        command.Environment["APPTAINER_LOG_FORMAT"] = "json";
        command.Environment["ENGINE_PID_FILE"] = Path.Combine(Directory, "environment.pid");
        command.Run().ShouldExit(0);
        Assert.Equal("json", (string?)Cli.State(id)["engine"]!["logFormat"]);
        Assert.True(File.Exists(Path.Combine(Directory, "line.pid")));
        Assert.False(File.Exists(Path.Combine(Directory, "environment.pid")));
    }

    [RootFact]
    public void The_pid_file_has_the_bare_pid_and_goes_with_the_container()
    {
        var file = Path.Combine(Directory, "container.pid");
        var id = Start(NewBundle().Args("/bin/sleep", "1000"), "--pid-file", file);
        Assert.Equal(((int)Cli.State(id)["pid"]!).ToString(CultureInfo.InvariantCulture), File.ReadAllText(file));
        Cli.OciOk("kill", id, "KILL");
        Cli.OciOk("wait", id);
        Cli.OciOk("delete", id);
        Assert.False(File.Exists(file));
    }

    [RootFact]
    public void The_callers_pipes_end_with_create()
    {
        // Command fails by itself when anybody holds its output after its end; the container lives on here.
        var id = Create(NewBundle().Shell("echo not for the caller; exec sleep 1000"));
        var start = Cli.OciOk("start", id);
        Assert.Equal("", start.Text + start.Error);
        Assert.Equal("running", Cli.Status(id));
        foreach (var pid in LeakGate.Processes())
        {
            Assert.DoesNotContain(ProcFs.Descriptors(pid).Values, d => d.StartsWith("/dev/pts", StringComparison.Ordinal));
        }
    }

    [RootFact]
    public void An_empty_process_only_waits()
    {
        var id = Start(NewBundle().Args("/no/such/program"), "--empty-process");
        Assert.Equal("running", Cli.Status(id));
        Assert.Equal("bundle\n", Cli.OciOk("exec", id, "hostname").Text);
        Cli.OciOk("kill", id, "KILL");
        Assert.Equal("137\n", Cli.OciOk("wait", id).Text);
    }

    [RootFact]
    public void The_sync_socket_hears_every_state_in_order()
    {
        using var sync = new SyncListener(Path.Combine(Directory, "sync.sock"));
        var id = Start(NewBundle().Shell("trap 'exit 6' TERM; while :; do sleep 0.05; done").WithAnnotation("a", "b"), "--sync-socket", sync.Path);
        Cli.OciOk("pause", id);
        Cli.OciOk("resume", id);
        Cli.OciOk("kill", id);
        Cli.OciOk("wait", id);
        Cli.OciOk("delete", id);
        string[] expected = ["creating", "created", "running", "paused", "running", "stopped"];
        Eventually.True(() => sync.Messages.Count >= expected.Length, () => $"six messages: {string.Join('\n', sync.Messages)}");
        var messages = sync.Messages.Select(m => JsonNode.Parse(m)!).ToList();
        Assert.Equal(expected, messages.Select(m => (string?)m["status"]));
        Assert.All(messages, m => Assert.Equal(id, (string?)m["id"]));
        Assert.All(messages, m => Assert.Equal("b", (string?)m["annotations"]!["a"]));
        Assert.Equal(6, (int)messages[^1]["exitCode"]!);
    }

    [RootFact]
    public void A_sync_socket_that_nobody_hears_hurts_nothing()
    {
        var id = Start(NewBundle().Args("/bin/sleep", "1000"), "--sync-socket", Path.Combine(Directory, "nobody.sock"));
        Assert.Equal("running", Cli.Status(id));
    }

    [RootFact]
    public void The_plan_is_printed_and_nothing_is_done()
    {
        var bundle = NewBundle().Args("/bin/sleep", "1000").WithSysctl("kernel.domainname", "plan");
        var id = NewId();
        foreach (var verb in new[] { "create", "run" })
        {
            var plan = Cli.OciOk(verb, id, "-b", bundle.Path, "--plan").Text;
            foreach (var step in new[] { "Spawn", "AttachRoot", "MountFilesystem", "/dev/shm", "EnterRoot", "PrepareProcess", "kernel.domainname" })
            {
                Assert.Contains(step, plan, StringComparison.Ordinal);
            }
            Assert.True(plan.IndexOf("AttachRoot", StringComparison.Ordinal) < plan.IndexOf("EnterRoot", StringComparison.Ordinal));
            Assert.Null(Cli.Status(id));
        }
        Assert.Empty(System.IO.Directory.EnumerateFileSystemEntries(Cli.Root));
        bundle.WithSysctl("no.such", "1");
        Cli.Oci("create", id, "-b", bundle.Path, "--plan").ShouldFail(255, "linux.sysctl");
    }

    [RootFact]
    public void The_trace_is_a_chrome_trace_that_names_every_call()
    {
        var file = Path.Combine(Directory, "trace.json");
        Create(NewBundle().Args("/bin/sleep", "1000"), "--trace", file);
        var trace = JsonNode.Parse(File.ReadAllText(file))!;
        var events = (trace as JsonArray ?? trace["traceEvents"]!.AsArray()).Select(e => e!.AsObject()).ToList();
        var calls = events.Where(e => (string?)e["ph"] == "X").ToList();
        Assert.All(calls, e => Assert.True((double)e["ts"]! >= 0 && (double)e["dur"]! >= 0, e.ToJsonString()));
        Assert.All(events, e => Assert.NotNull(e["pid"]));
        var names = calls.Select(e => (string)e["name"]!).ToList();
        foreach (var method in new[] { "Hello", "SaveState", "Spawn", "AttachRoot", "MountFilesystem", "EnterRoot", "PrepareProcess", "Finish", "Created" })
        {
            Assert.Contains(names, n => n.Contains(method, StringComparison.Ordinal));
        }
    }

    [RootFact]
    public void A_trace_of_a_failed_creation_is_written_too()
    {
        var file = Path.Combine(Directory, "trace.json");
        Cli.Oci("create", NewId(), "-b", NewBundle().Args("/no/such").Path, "--trace", file).ShouldFail(255, "/no/such");
        Assert.Contains("PrepareProcess", File.ReadAllText(file), StringComparison.Ordinal);
        Assert.NotNull(JsonNode.Parse(File.ReadAllText(file)));
    }
}
