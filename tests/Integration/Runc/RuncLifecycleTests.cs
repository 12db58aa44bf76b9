using System.Text.Json.Nodes;
using Engine.Tests.Integration.Support;

namespace Engine.Tests.Integration.Runc;

/// <summary>create, start and run of containers that nobody monitors: who is left, who starts, what a caller hands in, what a failure leaves.</summary>
public sealed class RuncLifecycleTests : RuncTest
{
    private const int SIGKILL = 9;

    [RootFact]
    public void Create_leaves_one_process_which_is_the_subreaper_s_child_and_becomes_the_payload()
    {
        var id = NewId();
        var pidFile = Path.Combine(Directory, "pid");
        // The shell is no subreaper: python is, and shows who its children are when create has returned.
        var seen = Python(
            """
            import ctypes, os, subprocess, sys
            ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)
            null = open("/dev/null", "r+")
            subprocess.run(sys.argv[1:], stdin=null, stdout=null, stderr=null, check=True)
            for pid in os.listdir("/proc"):
                try: stat = open(f"/proc/{pid}/stat").read()
                except OSError: continue
                rest = stat[stat.rindex(")") + 2:].split() if ")" in stat else []
                if len(rest) > 1 and rest[1] == str(os.getpid()): print(pid, "dead" if rest[0] == "Z" else "alive")
            """,
            ["create", "--bundle", Sleeper().Path, "--pid-file", pidFile, id]);
        var pid = File.ReadAllText(pidFile);
        Assert.Equal($"{pid} alive\n", seen);
        Assert.Equal("created", Status(id));
        Assert.Empty(ProcFs.Children(int.Parse(pid, System.Globalization.CultureInfo.InvariantCulture)));
        Own.Ok("start", id);
        Assert.Equal("running", Status(id));
        Assert.Contains("sleep", ProcFs.CommandLine(int.Parse(pid, System.Globalization.CultureInfo.InvariantCulture)), StringComparison.Ordinal);
    }

    [RootFact]
    public void Start_counts_once()
    {
        var id = Created();
        var several = Enumerable.Range(0, 4).Select(_ => Own.Prepare("start", id).Start()).ToList();
        var results = several.Select(command => command.Wait()).ToList();
        several.ForEach(command => command.Dispose());
        Assert.Single(results, result => result.ExitCode == 0);
        Assert.All(results.Where(result => result.ExitCode != 0), result => Assert.Contains("cannot start", result.Error, StringComparison.Ordinal));
        Assert.Equal("running", Status(id));
    }

    [RootFact]
    public void A_connection_that_says_nothing_or_nonsense_starts_nothing()
    {
        var id = Created();
        var socket = Path.Combine(Own.Root, id, "start.sock");
        var said = new Command(
            "/usr/bin/python3", "-c",
            """
            import socket, sys
            for word in (None, b"", b"\x00" * 40, b"\x93\x03\x00\x95", b"x" * 20000):
                s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
                s.connect(sys.argv[1])
                if word is not None:
                    try: s.send(word)
                    except OSError: pass
                s.close()
            """, socket).Run().ShouldExit(0);
        Assert.Equal("", said.Error);
        Assert.Equal("created", Status(id));
        Own.Ok("start", id);
        Assert.Equal("running", Status(id));
    }

    [RootFact]
    public void Run_in_the_foreground_ends_with_the_payload_s_code_and_leaves_nothing()
    {
        foreach (var (script, code) in new[] { ("exit 7", 7), ("kill -TERM $$; sleep 9", 143) })
        {
            var id = NewId();
            Own.Run("run", "--bundle", NewBundle().Shell("trap 'trap - TERM; exit 143' TERM; " + script).Path, id).ShouldExit(code);
            Own.Run("state", id).ShouldFail(1, "container does not exist");
        }
    }

    [RootFact]
    public void Run_passes_signals_on_and_takes_its_streams()
    {
        var id = NewId();
        using var run = Own.Prepare("run", "--bundle", NewBundle().Shell("trap 'echo caught; exit 3' USR1; echo ready; while :; do sleep 0.1; done").Path, id).Start();
        run.WaitForOutput("ready");
        run.Signal(10);
        var result = run.Wait();
        Assert.Equal(3, result.ExitCode);
        Assert.Contains("caught", result.Text, StringComparison.Ordinal);
        Assert.Equal("", result.Error);
    }

    [RootFact]
    public void A_killed_run_takes_its_container_with_it_when_asked()
    {
        var id = NewId();
        using var run = Own.Prepare("run", "--kill-on-exit", "--bundle", NewBundle().Shell("echo ready; sleep 1000").Path, id).Start();
        run.WaitForOutput("ready");
        var pid = (int)State(id)["pid"]!;
        run.Signal(SIGKILL);
        Eventually.True(() => !ProcFs.Lives(pid), () => ProcFs.CommandLine(pid));
        Assert.Equal("stopped", Status(id));
        Own.Ok("delete", id);
    }

    [RootFact]
    public void Preserved_descriptors_and_activation_arrive_under_their_numbers()
    {
        var bundle = NewBundle().Shell("cat <&3; cat <&4; cat <&5; echo $LISTEN_FDS $LISTEN_PID $LISTEN_FDNAMES; ls /proc/self/fd | wc -l");
        var text = new Command(
            "/bin/sh", "-c", "printf 'a\\n' >$0.a; printf 'b\\n' >$0.b; printf 'c\\n' >$0.c; exec \"$@\" 3<$0.a 4<$0.b 5<$0.c", Path.Combine(Directory, "file"),
            "/usr/bin/env", "LISTEN_FDS=1", "LISTEN_FDNAMES=web", Own.Program, "--root", Own.Root, "run", "--preserve-fds", "2", "--bundle", bundle.Path, NewId())
            .Run().ShouldExit(0).Text;
        // ls has its three streams, the directory, and the three that it inherited.
        Assert.Equal("a\nb\nc\n1 1 web\n7\n", text);
    }

    [RootFact]
    public void A_descriptor_that_was_not_given_is_named_and_nothing_is_left()
    {
        var id = NewId();
        Own.Run("run", "--preserve-fds", "40", "--bundle", Sleeper().Path, id).ShouldFail(1, "is to be preserved", "is not open");
        Own.Run("state", id).ShouldFail(1, "container does not exist");
    }

    [RootFact]
    public void The_console_socket_gets_the_terminal()
    {
        var id = NewId();
        var bundle = NewBundle().Shell("read line; echo \"got $line\"; stty size").WithTerminal(33, 77);
        var text = new Command(
            "/usr/bin/python3", "-c",
            """
            import array, os, socket, subprocess, sys
            path = sys.argv[1]
            server = socket.socket(socket.AF_UNIX); server.bind(path); server.listen()
            null = open("/dev/null", "r+")
            subprocess.run([*sys.argv[3:], "create", "--bundle", sys.argv[2], "--console-socket", path, os.environ["ID"]], stdin=null, stdout=null, stderr=null, check=True)
            connection = server.accept()[0]
            name, fds, _, _ = socket.recv_fds(connection, 4096, 4)
            print("descriptors", len(fds), os.isatty(fds[0]), "name", len(name) > 0)
            subprocess.run([*sys.argv[3:], "start", os.environ["ID"]], check=True)
            os.write(fds[0], b"word\n")
            out = b""
            while True:
                try: piece = os.read(fds[0], 4096)
                except OSError: break
                if not piece: break
                out += piece
            print(out)
            """, Path.Combine(Directory, "console"), bundle.Path, Own.Program, "--root", Own.Root);
        text.Environment["ID"] = id;
        var result = text.Run().ShouldExit(0).Text;
        Assert.Contains("descriptors 1 True name True", result, StringComparison.Ordinal);
        // ONLCR is off: no carriage return before a newline.
        Assert.Contains(@"got word\n33 77\n", result, StringComparison.Ordinal);
        Own.Ok("delete", "--force", id);
    }

    [RootFact]
    public void A_terminal_without_a_socket_and_a_socket_without_a_terminal_are_refused()
    {
        var id = NewId();
        Own.Run("create", "--bundle", Sleeper().WithTerminal().Path, id).ShouldFail(1, "cannot allocate tty if runc will detach without setting console socket");
        Own.Run("create", "--console-socket", "/nonesuch", "--bundle", Sleeper().Path, id).ShouldFail(1, "cannot use console socket if runc will not detach or allocate tty");
        Own.Run("state", id).ShouldFail(1, "container does not exist");
    }

    [RootFact(Needs.Python)]
    public void Readiness_reaches_the_manager_and_no_other_word_does()
    {
        var id = NewId();
        var bundle = NewBundle().Shell("echo $NOTIFY_SOCKET; sleep 1000");
        var command = new Command(
            "/usr/bin/python3", "-c",
            """
            import os, socket, subprocess, sys
            path = sys.argv[1]
            manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM); manager.bind(path); manager.settimeout(30)
            null = open("/dev/null", "r+")
            environment = {**os.environ, "NOTIFY_SOCKET": path}
            def run(*words, **more): return subprocess.Popen([*sys.argv[3:], *words], env=environment, stdin=null, stdout=null, stderr=null, **more)
            assert run("create", "--bundle", sys.argv[2], os.environ["ID"]).wait() == 0
            inside = os.path.join(sys.argv[5], os.environ["ID"], "notify", "notify.sock")
            start = run("start", os.environ["ID"])
            payload = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
            while True:
                try: payload.connect(inside); break
                except OSError: os.sched_yield()
            for word in (b"MAINPID=1", b"STATUS=x\nWATCHDOG=1", b"READY=1\nMAINPID=1"): payload.send(word)
            print(manager.recv(4096).decode().replace("\n", " "), start.wait())
            manager.setblocking(False)
            try: print(manager.recv(4096))
            except BlockingIOError: print("nothing else")
            """, Path.Combine(Directory, "manager"), bundle.Path, Own.Program, "--root", Own.Root);
        command.Environment["ID"] = id;
        var text = command.Run().ShouldExit(0).Text;
        Assert.Equal($"MAINPID={(int)State(id)["pid"]!} READY=1 0\nnothing else\n", text);
    }

    [RootFact]
    public void A_poststart_hook_that_fails_ends_the_container()
    {
        var id = Created(Sleeper().WithHook("poststart", "/bin/sh", ["sh", "-c", "exit 4"]));
        var pid = (int)State(id)["pid"]!;
        Own.Run("start", id).ShouldFail(1, "hooks.poststart[0]", "exit code 4");
        Eventually.True(() => !ProcFs.Lives(pid), "the payload's end");
        Assert.Equal("stopped", Status(id));
    }

    [RootFact]
    public void A_creation_that_fails_leaves_nothing()
    {
        foreach (var bundle in new[] { NewBundle().Args("/nonesuch"), NewBundle().WithBind("/nonesuch", "/mnt"), NewBundle().WithHook("createRuntime", "/bin/false", ["false"]) })
        {
            var id = NewId();
            Own.Run("create", "--bundle", bundle.Path, id).ShouldExit(1);
            Assert.False(System.IO.Directory.Exists(Path.Combine(Own.Root, id)));
        }
    }

    [RootFact]
    public void The_host_s_null_device_stays_root_s()
    {
        var before = new Command("/bin/stat", "-c", "%u %g %a", "/dev/null").Run().Text;
        var bundle = NewBundle().Args("true").WithUserNamespace();
        bundle.WithUser(0, 0);
        new Command("/bin/sh", "-c", "exec \"$@\" </dev/null >/dev/null 2>&1", "sh", Own.Program, "--root", Own.Root, "run", "--bundle", bundle.Path, NewId()).Run().ShouldExit(0);
        Assert.Equal(before, new Command("/bin/stat", "-c", "%u %g %a", "/dev/null").Run().Text);
    }

    private JsonNode State(string id) => JsonNode.Parse(Own.Ok("state", id).Text)!;

    private string Status(string id) => (string)State(id)["status"]!;

    private string Python(string program, string[] arguments) =>
        new Command("/usr/bin/python3", ["-c", program, Own.Program, "--root", Own.Root, .. arguments]).Run().ShouldExit(0).Text;
}
