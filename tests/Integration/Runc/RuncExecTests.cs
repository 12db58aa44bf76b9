using System.Globalization;
using System.Text.Json.Nodes;
using Engine.Tests.Integration.Support;

namespace Engine.Tests.Integration.Runc;

/// <summary>exec under runc's command line: exit codes, texts, stdio, documents, what may be added to the container's process.</summary>
public sealed class RuncExecTests : RuncTest
{
    public static TheoryData<string[]> Failures => new(
    [
        ["nonesuch"], ["/bin"], ["/nonesuch"], [],
    ]);

    [RootTheory(Needs.Runc)]
    [MemberData(nameof(Failures))]
    public void A_program_that_cannot_be_executed_fails_in_runc_s_words(string[] command)
    {
        var (reference, other) = Reference();
        var id = Running();
        string log = Path.Combine(Directory, "log");
        var expected = reference.Failure(log, ["exec", other, .. command]);
        var (code, message) = Own.Failure(log, ["exec", id, .. command]);
        Assert.Equal(expected.ExitCode, code);
        Assert.Equal(expected.Message, message.Replace(" (ENOENT)", "", StringComparison.Ordinal).Replace(" (EACCES)", "", StringComparison.Ordinal));
    }

    [RootFact]
    public void The_exit_code_is_the_process_s_and_the_streams_are_the_caller_s()
    {
        var id = Running();
        foreach (var code in new[] { 0, 1, 7, 255 })
        {
            Own.Run("exec", id, "sh", "-c", $"exit {code}").ShouldExit(code);
        }

        Own.Run("exec", id, "sh", "-c", "kill -KILL $$").ShouldExit(137);
        var command = Own.Prepare("exec", id, "sh", "-c", "cat; echo err >&2");
        command.Input = "typed"u8.ToArray();
        var result = command.Run().ShouldExit(0);
        Assert.Equal("typed", result.Text);
        Assert.Equal("err\n", result.Error);
    }

    [RootFact]
    public void Options_add_to_the_container_s_process()
    {
        var id = Running();
        Assert.Equal("1000 1001 1001 5 6\n", Own.Ok("exec", "-u", "1000:1001", "-g", "5", "--additional-gids", "6", id, "sh", "-c", "echo $(id -u) $(id -g) $(id -G)").Text);
        Assert.Equal("/home 1 a=b\n", Own.Ok("exec", "--cwd=/home", "-e", "ONE=1", "--env", "TWO=a=b", id, "sh", "-c", "echo $PWD $ONE $TWO").Text);
        Assert.Equal("NoNewPrivs:\t0\n", Own.Ok("exec", "--no-new-privs=false", id, "grep", "NoNewPrivs", "/proc/self/status").Text);
        Assert.Equal("NoNewPrivs:\t1\n", Own.Ok("exec", "--no-new-privs", id, "grep", "NoNewPrivs", "/proc/self/status").Text);
        ulong Bounding(params string[] options) => ulong.Parse(
            Own.Ok(["exec", .. options, id, "grep", "CapBnd", "/proc/self/status"]).Trimmed.Split('\t')[1], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
        Assert.Equal(Bounding() | (1UL << 10) | (1UL << 13), Bounding("--cap", "CAP_NET_RAW", "-c", "CAP_NET_BIND_SERVICE"));
        Own.Run("exec", "--cap", "CAP_NONE", id, "true").ShouldFail(255, "CAP_NONE");
        Own.Run("exec", "--env", "FOO", id, "true").ShouldFail(255, "exec failed: invalid environment variable: \\\"FOO\\\"");
        Own.Run("exec", "-g", "-1", id, "true").ShouldFail(255, "additional-gids must be a positive number -1");
        Assert.Equal("--user 5\n", Own.Ok("exec", id, "echo", "--user", "5").Text);
    }

    [RootFact]
    public void A_document_is_the_whole_process()
    {
        var id = Running();
        string Document(JsonObject process)
        {
            var file = Path.Combine(Directory, "process.json");
            File.WriteAllText(file, process.ToJsonString());
            return file;
        }

        var process = new JsonObject { ["args"] = new JsonArray("sh", "-c", "echo $A $PWD; id -u"), ["cwd"] = "/tmp", ["env"] = new JsonArray("A=b", "PATH=/bin"), ["user"] = new JsonObject { ["uid"] = 7, ["gid"] = 8 } };
        Assert.Equal("b /tmp\n7\n", Own.Ok("exec", "--process", Document(process), id).Text);
        process["args"] = new JsonArray();
        Own.Run("exec", "-p", Document(process), id).ShouldFail(255, "exec failed: ", "args");
        Own.Run("exec", "-p", "nope", id).ShouldFail(255, "exec failed: open nope: no such file or directory");
        process["args"] = new JsonArray("true");
        process["terminal"] = true;
        Own.Run("exec", "-d", "-p", Document(process), id).ShouldFail(255, "cannot allocate tty if runc will detach without setting console socket");
        Own.Run("exec", "--console-socket", "/x", id, "true").ShouldFail(255, "cannot use console socket if runc will not detach or allocate tty");
    }

    [RootFact]
    public void Detached_it_is_left_to_the_caller_s_reaper_with_its_pid_in_the_file()
    {
        var id = Running();
        var file = Path.Combine(Directory, "pid");
        var command = new Command(
            "/bin/sh", "-c", "cd \"$2\"; \"$1\" --root \"$3\" exec --detach --pid-file pid \"$4\" sh -c 'echo out; exec sleep 1000' >out 2>&1 </dev/null", "sh", Own.Program, Directory, Own.Root, id);
        command.Run().ShouldExit(0);
        int pid = int.Parse(File.ReadAllText(file), CultureInfo.InvariantCulture);
        Eventually.True(() => File.ReadAllText(Path.Combine(Directory, "out")) == "out\n", () => "the output is in the caller's file");
        Eventually.True(() => ProcFs.CommandLine(pid).StartsWith("sleep", StringComparison.Ordinal), () => "the process sleeps");
        Assert.NotEqual(ProcFs.Parent((int)Own.State(id)["pid"]!), pid);
        Assert.DoesNotContain("starter", ProcFs.CommandLine(ProcFs.Parent(pid)), StringComparison.Ordinal);
        Assert.Contains(pid, JsonNode.Parse(Own.Ok("ps", "-f", "json", id).Text)!.AsArray().Select(node => (int)node!));
    }

    [RootFact]
    public void It_runs_in_an_existing_cgroup_below_the_container_s()
    {
        var id = Running();
        var cgroup = ProcFs.Read((int)Own.State(id)["pid"]!, "cgroup")!;
        string PathIn(string controller) => cgroup.Split('\n').First(line => line.Split(':')[1].Split(',').Contains(controller)).Split(':', 3)[2];
        foreach (var controller in new[] { "pids", "memory" })
        {
            System.IO.Directory.CreateDirectory($"/sys/fs/cgroup/{controller}{PathIn(controller)}/sub");
        }

        var inside = Own.Ok("exec", "--cgroup", "pids,memory:sub", id, "cat", "/proc/self/cgroup").Text;
        Assert.Contains($":pids:{PathIn("pids")}/sub\n", inside, StringComparison.Ordinal);
        Assert.Contains($":memory:{PathIn("memory")}/sub\n", inside, StringComparison.Ordinal);
        Assert.Contains($":cpuset:{PathIn("cpuset")}\n", inside, StringComparison.Ordinal);
        Own.Run("exec", "--cgroup", "pids:none", id, "true").ShouldFail(255, "none", "no such file or directory");
        Own.Run("exec", "--cgroup", "pids:../..", id, "true").ShouldFail(255, "is not a sub cgroup path");
        Own.Run("exec", "--cgroup", "nosuch:sub", id, "true").ShouldFail(255, "unknown controller nosuch");
    }

    [RootFact]
    public void It_is_in_a_cgroup_namespace_of_the_container_s_own()
    {
        var id = Running(Sleeper().WithNamespace("cgroup"));
        var init = (int)Own.State(id)["pid"]!;
        Assert.NotEqual(ProcFs.Namespace(Environment.ProcessId, "cgroup"), ProcFs.Namespace(init, "cgroup"));
        Assert.Equal(ProcFs.Namespace(init, "cgroup"), Own.Ok("exec", id, "readlink", "/proc/self/ns/cgroup").Trimmed);
        // What is the container's root there is its own cgroup, in every hierarchy that it has one in.
        Assert.Contains(":pids:/\n", Own.Ok("exec", id, "cat", "/proc/self/cgroup").Text, StringComparison.Ordinal);
    }

    [RootFact]
    public void A_label_that_no_module_takes_is_refused()
    {
        var id = Running();
        if (!File.Exists("/sys/module/apparmor/parameters/enabled"))
        {
            Own.Run("exec", "--apparmor", "docker-default", id, "true").ShouldFail(255, "exec failed: ", "AppArmor");
        }

        if (!System.IO.Directory.Exists("/sys/fs/selinux"))
        {
            Own.Run("exec", "--process-label", "a:b:c:d", id, "true").ShouldFail(255, "exec failed: ");
        }
    }

    [RootFact]
    public void Signals_reach_a_foreground_process()
    {
        var id = Running();
        using var exec = Own.Prepare("exec", id, "sh", "-c", "trap 'echo got; exit 5' USR1; echo ready; while :; do sleep 0.05; done").Start();
        exec.WaitForOutput("ready");
        exec.Signal(10);
        var result = exec.Wait().ShouldExit(5);
        Assert.Equal("ready\ngot\n", result.Text);
    }

    [RootFact]
    public void A_paused_container_takes_a_process_that_asks_for_it()
    {
        var id = Running();
        Own.Ok("pause", id);
        using var exec = Own.Prepare("exec", "--ignore-paused", id, "true").Start();
        Eventually.True(() => JsonNode.Parse(Own.Ok("ps", "-f", "json", id).Text)!.AsArray().Count == 2, () => "its process is in the cgroup");
        Own.Ok("resume", id);
        exec.Wait().ShouldExit(0);
    }

    [RootFact]
    public void Preserved_descriptors_and_sockets_of_activation_reach_the_process()
    {
        var id = Running();
        const string script = "exec 3<<A 4<<B\nthree\nA\nfour\nB\nexec \"$@\"";
        CommandResult Exec(string? listen, params string[] options)
        {
            var command = new Command("/bin/sh", ["-c", script, "sh", Own.Program, "--root", Own.Root, "exec", .. options, id, "sh", "-c", "cat <&3; cat <&4; echo $LISTEN_FDS $LISTEN_PID; ls /proc/self/fd"]);
            if (listen is not null)
            {
                command.Environment["LISTEN_FDS"] = listen;
            }

            return command.Run().ShouldExit(0);
        }

        Assert.StartsWith("three\nfour\n\n0\n1\n2\n3\n4\n", Exec(null, "--preserve-fds", "2").Text, StringComparison.Ordinal);
        Assert.StartsWith("three\nfour\n1 1\n", Exec("1", "--preserve-fds=1").Text, StringComparison.Ordinal);
        Own.Run("exec", "--preserve-fds", "3", id, "true").ShouldFail(255, "exec failed: ", "preserved", "not open");
    }

    [RootFact(Needs.Python)]
    public void A_terminal_and_a_pidfd_go_to_the_caller_s_sockets()
    {
        var id = Running();
        string console = Path.Combine(Directory, "console"), pidfd = Path.Combine(Directory, "pidfd");
        // One descriptor from each socket; then what the terminal shows, and the pid that the other descriptor is of.
        const string receiver = """
            import array, os, socket, sys
            def listener(path):
                s = socket.socket(socket.AF_UNIX); s.bind(path); s.listen(1); return s
            def receive(s):
                c, _ = s.accept()
                data, control, _, _ = c.recvmsg(4096, socket.CMSG_SPACE(4))
                return data.decode(), array.array("i", control[0][2])[0]
            a, b = listener(sys.argv[1]), listener(sys.argv[2])
            print("listening", flush=True)
            name, process = receive(b)
            print([l.split()[1] for l in open(f"/proc/self/fdinfo/{process}") if l.startswith("Pid:")][0], flush=True)
            name, terminal = receive(a)
            print(name, flush=True)
            text = b""
            while not text.endswith(b"\n"):
                text += os.read(terminal, 100)
            print(repr(text), flush=True)
            """;
        using var python = new Command("/usr/bin/python3", "-c", receiver, console, pidfd) { Input = null }.Start();
        python.WaitForOutput("listening");
        var file = Path.Combine(Directory, "pid");
        Own.Ok("exec", "-d", "-t", "--console-socket", console, "--pidfd-socket", pidfd, "--pid-file", file, id, "sh", "-c", "echo text; exec sleep 1000");
        var lines = python.Wait().ShouldExit(0).Trimmed.Split('\n');
        Assert.Equal(File.ReadAllText(file), lines[1]);
        Assert.Equal("/dev/ptmx", lines[2]);
        Assert.Equal("b'text\\n'", lines[3]);
    }
}
