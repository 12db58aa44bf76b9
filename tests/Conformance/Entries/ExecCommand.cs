namespace Engine.Tests.Conformance.Entries;

/// <summary>runc's <c>exec</c>: a further process in a running container.</summary>
internal static class ExecCommand
{
    public static Entry[] All { get; } =
    [
        Exec("output", "the process's output and exit code are the command's", (t, c) =>
        {
            var result = t.Oci.Run("exec", c.Id, "/probe", "say", "hello", "exit", "7");
            Assert.Equal((7, "say hello\n"), (result.ExitCode, result.Text));
        }),
        Exec("stdin", "standard input reaches the process", (t, c) =>
        {
            var command = t.Oci.Prepare("exec", c.Id, "/probe", "echo");
            command.Input = "typed\n"u8.ToArray();
            Assert.Equal("typed\necho ended\n", command.Run().ShouldExit(0).Text);
        }),
        Exec("signal", "a process that dies of a signal makes exec end with 128+N", (t, c) => t.Oci.Run("exec", c.Id, "/bin/sh", "-c", "kill -9 $$").ShouldExit(137)),
        Exec("namespaces", "the process is in every namespace of the container", (t, c) =>
        {
            var seen = c.Exec([], "/probe", "ns");
            Assert.All(["pid", "net", "mnt", "ipc", "uts"], n => Assert.Equal(ProcFs.Namespace(c.Pid, n), seen[n]));
        }),
        Exec("cgroup", "the process is in the container's cgroup", (t, c) =>
        {
            var name = t.View.IsV2 ? "0::" : ":pids:";
            Assert.Equal(ProcFs.Read(c.Pid, "cgroup")!.Split('\n').First(l => l.Contains(name, StringComparison.Ordinal)),
                c.Exec([], "/probe", "cat", "/proc/self/cgroup").Text.Split('\n').First(l => l.Contains(name, StringComparison.Ordinal)));
        }),
        Exec("env", "--env adds to the container's environment", (t, c) =>
        {
            var env = c.Exec(["--env", "ADDED=1"], "/probe", "env").All("env");
            Assert.Contains("ADDED=1", env);
            Assert.Contains("HOME=/root", env);
        }),
        Exec("cwd", "--cwd is the working directory", (t, c) => Assert.Equal("/tmp", c.Exec(["--cwd", "/tmp"], "/probe", "cwd")["cwd"])),
        Exec("user", "--user UID:GID", (t, c) =>
        {
            var seen = c.Exec(["--user", "1000:1001"], "/probe", "id");
            Assert.Equal(("1000 1000 1000 1000", "1001 1001 1001 1001"), (seen["uid"], seen["gid"]));
        }),
        Exec("user.drops", "a process with another user has no effective capability", (t, c) => Assert.Equal("0000000000000000", c.Exec(["--user", "1000:1000"], "/probe", "caps")["effective"])),
        Exec("groups", "--additional-gids", (t, c) => Assert.Equal(["55", "66"], c.Exec(["--user", "1000:1001", "--additional-gids", "55", "--additional-gids", "66"], "/probe", "id")["groups"].Split(' ').Where(g => g != "1001").Order())),
        Exec("capabilities", "without --cap the process has the container's capabilities", (t, c) => Assert.Equal(ProcFs.Status(c.Pid, "CapBnd"), c.Exec([], "/probe", "caps")["bounding"])),
        Exec("cap", "--cap adds a capability", (t, c) => Assert.Equal(0x2000UL, Convert.ToUInt64(c.Exec(["--cap", "CAP_NET_RAW"], "/probe", "caps")["effective"], 16) & 0x2000UL)),
        Exec("no-new-privileges", "the process has no_new_privs as the container", (t, c) => Assert.Equal("1", c.Exec([], "/probe", "status")["no_new_privs"])),
        Exec("process", "--process FILE gives args, env, cwd, user and capabilities", (t, c) =>
        {
            var file = t.File("process.json", """
                {"args":["/probe","args","env","cwd","id","caps","rlimits","status"],"env":["PATH=/bin","ONLY=this"],"cwd":"/tmp","user":{"uid":5,"gid":6,"additionalGids":[7],"umask":31},
                 "capabilities":{"bounding":["CAP_KILL"],"permitted":["CAP_KILL"]},"rlimits":[{"type":"RLIMIT_CORE","soft":60,"hard":70}],"noNewPrivileges":true}
                """);
            var seen = new ProbeOutput(t.Oci.Ok("exec", "--process", file, c.Id).Text);
            Assert.Contains("ONLY=this", seen.All("env"));
            Assert.DoesNotContain("HOME=/root", seen.All("env"));
            Assert.Equal("/tmp", seen["cwd"]);
            Assert.StartsWith("5 5 ", seen["uid"], StringComparison.Ordinal);
            Assert.Contains("7", seen["groups"].Split(' '));
            Assert.Equal("0000000000000020", seen["bounding"]);
            Assert.Equal("60 70", seen["RLIMIT_CORE"]);
        }),
        Exec("process.umask", "user.umask of --process", (t, c) =>
            Assert.Equal("037", new ProbeOutput(t.Oci.Ok("exec", "--process", t.File("process.json", """{"args":["/probe","status"],"cwd":"/","user":{"uid":0,"gid":0,"umask":31},"env":["PATH=/bin"]}"""), c.Id).Text)["umask"].PadLeft(3, '0')[^3..])),
        Exec("tty", "--tty with a console socket gives the process a terminal", (t, c) =>
        {
            using var console = new DescriptorSocket(t.File("console.sock"));
            t.Oci.PrepareDetached(t.File("o"), t.File("e"), "exec", "--tty", "--detach", "--console-socket", console.Path, c.Id, "/probe", "tty", "say", "on a terminal").Run().ShouldExit(0);
            using var master = Terminals.Master(console);
            Assert.Contains("say on a terminal", Terminals.ReadAll(master), StringComparison.Ordinal);
        }),
        Exec("tty.foreground", "--tty joins the caller's terminal to the process", (t, c) =>
        {
            using var pty = new Pty(t.Oci.Prepare("exec", "--tty", c.Id, "/bin/sh", "-c", "read line; echo got $line; exit 4"));
            pty.Type("word\n");
            pty.WaitFor("got word");
            Assert.Equal(4, pty.Wait());
        }),
        Exec("detach", "--detach returns at once; --pid-file has the pid as the host sees it", (t, c) =>
        {
            var file = t.File("exec.pid");
            t.Oci.PrepareDetached(t.File("o"), t.File("e"), "exec", "--detach", "--pid-file", file, c.Id, "/probe", "forever").Run().ShouldExit(0);
            var pid = int.Parse(File.ReadAllText(file), System.Globalization.CultureInfo.InvariantCulture);
            Assert.True(Eventually.Holds(() => ProcFs.CommandLine(pid) == "/probe forever", 5), ProcFs.CommandLine(pid));
            Assert.True(Eventually.Holds(() => ProcFs.Parent(pid) == Environment.ProcessId, 5), $"the parent is {ProcFs.Parent(pid)}");
        }),
        Exec("descriptors", "the process has descriptors 0, 1 and 2 and no others", (t, c) => Assert.Equal(["0", "1", "2"], c.Exec([], "/probe", "fds").All("fd").Select(l => l.Split(' ')[0]))),
        Exec("preserve-fds", "--preserve-fds hands over descriptors from 3 on", (t, c) =>
        {
            var kept = t.File("kept", "kept\n");
            var result = new Command("/bin/sh", "-c", "exec 3<\"$0\"; exec \"$@\"", kept, t.Oci.Program, "--root", t.Oci.Root, "exec", "--preserve-fds", "1", c.Id, "/bin/sh", "-c", "cat <&3").Run();
            Assert.Equal("kept\n", result.ShouldExit(0).Text);
        }),
        Exec("not-found", "a program that does not exist is an error", (t, c) => Assert.NotEqual(0, t.Oci.Run("exec", c.Id, "/no/such/program").ExitCode)),
        Exec("no-command", "exec without a command is an error", (t, c) => t.Oci.Refused("exec", c.Id)),
        Exec("signals", "SIGTERM to a foreground exec reaches the process", (t, c) =>
        {
            using var running = t.Oci.Prepare("exec", c.Id, "/bin/sh", "-c", "trap 'echo caught; exit 9' TERM; echo up; while :; do sleep 0.05; done").Start();
            running.WaitForOutput("up");
            running.Signal(15);
            Assert.Equal(9, running.Wait(15).ExitCode);
        }),
        new("exec.unknown", "runc CLI exec", "exec in an unknown container is an error", t => t.Oci.Refused("exec", t.NewId(), "/probe", "say", "x")),
        new("exec.stopped", "runc CLI exec", "exec in a stopped container is an error", t =>
        {
            var container = t.Start(t.NewBundle().Probe("exit", "0"));
            container.WaitForEnd();
            t.Oci.Refused("exec", container.Id, "/probe", "say", "x");
        }),
        new("exec.paused", "runc CLI exec", "exec in a paused container is an error", t =>
        {
            Paused.NeedFreezer(t);
            var container = t.StartWaiting();
            t.Oci.Ok("pause", container.Id);
            t.Oci.Refused("exec", container.Id, "/probe", "say", "x");
            t.Oci.Ok("resume", container.Id);
        }),
        new("exec.user-namespace", "runc CLI exec", "exec in a container with a user namespace has its ids", t =>
        {
            var container = t.StartWaiting(t.NewWaiting().WithUserNamespace());
            Assert.StartsWith("0 0 ", container.Exec([], "/probe", "id")["uid"], StringComparison.Ordinal);
        }),
    ];

    private static Entry Exec(string id, string must, Action<Scenario, Container> prove) => new($"exec.{id}", "runc CLI exec", must, t => prove(t, t.StartWaiting()));
}
