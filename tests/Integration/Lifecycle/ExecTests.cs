using System.Globalization;
using Engine.Tests.Integration.Support;

namespace Engine.Tests.Integration.Lifecycle;

/// <summary><c>exec</c>: every option, streams, exit codes and signals.</summary>
public sealed class ExecTests : EngineTest
{
    [RootFact]
    public void Options_stand_anywhere_before_the_command_and_never_behind_it()
    {
        var id = Start(Sleeper());
        Assert.Equal("1000\n", Cli.OciOk("exec", id, "--user", "1000", "/bin/id", "-u").Text);
        Assert.Equal("1000\n", Cli.OciOk("exec", "--user", "1000", id, "/bin/id", "-u").Text);
        Assert.Equal("1000\n", Cli.OciOk("exec", "--user=1000", id, "--", "/bin/id", "-u").Text);
        Assert.Equal("--user 5\n", Cli.OciOk("exec", id, "/bin/echo", "--user", "5").Text);
        Assert.Equal("-- -t\n", Cli.OciOk("exec", id, "--", "/bin/echo", "--", "-t").Text);
        Cli.Oci("exec", id, "--bogus", "/bin/true").ShouldFail(1, "--bogus");
        Cli.Oci("exec", id).ShouldFail(1, "no command");
        Cli.Oci("exec").ShouldFail(1);
    }

    [RootFact]
    public void The_exit_code_is_the_process_s()
    {
        var id = Start(Sleeper());
        foreach (var code in new[] { 0, 1, 7, 255 })
        {
            Cli.Oci("exec", id, "sh", "-c", $"exit {code}").ShouldExit(code);
        }
        Cli.Oci("exec", id, "sh", "-c", "kill -KILL $$").ShouldExit(137);
        Cli.Oci("exec", id, "sh", "-c", "kill -TERM $$").ShouldExit(143);
        Cli.Oci("exec", id, "nosuchcommand").ShouldFail(127, "nosuchcommand", "ENOENT");
        Cli.Oci("exec", id, "/no/such/file").ShouldFail(127, "/no/such/file");
        Cli.Oci("exec", id, "/etc/passwd").ShouldFail(126, "/etc/passwd", "EACCES");
        Cli.Oci("exec", id, "/bin").ShouldFail(126, "/bin");
        Assert.Equal("running", Cli.Status(id));
    }

    [RootFact]
    public void Streams_are_the_callers()
    {
        var id = Start(Sleeper());
        var command = Cli.Prepare("oci", "exec", id, "sh", "-c", "cat; echo err >&2");
        command.Input = "typed"u8.ToArray();
        var result = command.Run().ShouldExit(0);
        Assert.Equal("typed", result.Text);
        Assert.Equal("err\n", result.Error);
        Assert.Equal("", Cli.OciOk("logs", id).Text);
    }

    [RootFact]
    public void User_names_groups_and_numbers()
    {
        var id = Start(Sleeper());
        Assert.Equal("uid=1000(user) gid=1000(user) groups=100(users)", Id(id, "user"));
        Assert.StartsWith("uid=1000(user) gid=100(users)", Id(id, "user:users"), StringComparison.Ordinal);
        Assert.StartsWith("uid=4242 gid=4343", Id(id, "4242:4343"), StringComparison.Ordinal);
        Cli.Oci("exec", id, "--user", "nosuch", "id").ShouldFail(255, "nosuch", "/etc/passwd");
        Cli.Oci("exec", id, "--user", "user:nosuch", "id").ShouldFail(255, "nosuch", "/etc/group");
    }

    [RootFact]
    public void Directory_and_environment()
    {
        var id = Start(Sleeper().WithEnvironment("STORED=yes"));
        Assert.Equal("/home\n", Cli.OciOk("exec", id, "--cwd", "/home", "pwd").Text);
        Assert.Equal("yes 1 a=b\n", Cli.OciOk("exec", id, "--env", "ONE=1", "-e", "TWO=a=b", "sh", "-c", "echo $STORED $ONE $TWO").Text);
        Assert.Equal("no\n", Cli.OciOk("exec", id, "-e", "STORED=no", "sh", "-c", "echo $STORED").Text);
        Cli.Oci("exec", id, "--env", "NOVALUE", "true").ShouldFail(1, "NOVALUE", "KEY=VALUE");
        Cli.Oci("exec", id, "--cwd", "relative", "true").ShouldFail(1, "--cwd", "absolute");
        Cli.Oci("exec", id, "--cwd", "/proc/self/fd/3", "pwd").ShouldFail(255, "/proc/self/fd/3");
    }

    [RootFact]
    public void Detached_it_returns_at_once_and_writes_the_pid_file()
    {
        var id = Start(Sleeper());
        var file = Path.Combine(Directory, "exec.pid");
        Cli.OciOk("exec", "--detach", "--pid-file", file, id, "/bin/sleep", "777");
        var text = File.ReadAllText(file);
        var pid = int.Parse(text, NumberStyles.None, CultureInfo.InvariantCulture);
        Assert.True(ProcFs.Lives(pid));
        Assert.Equal("/bin/sleep 777", ProcFs.CommandLine(pid));
        Cli.OciOk("delete", "--force", id);
        Assert.False(ProcFs.Lives(pid));
    }

    [RootFact]
    public void Of_a_relative_pid_file_the_callers_directory_counts()
    {
        var id = Start(Sleeper());
        var command = Cli.Prepare("oci", "exec", "--pid-file", "relative.pid", id, "/bin/true");
        command.WorkingDirectory = Directory;
        command.Run().ShouldExit(0);
        Assert.Matches("^[0-9]+$", File.ReadAllText(Path.Combine(Directory, "relative.pid")));
    }

    [RootFact]
    public void A_terminal_of_its_own_with_the_callers_size()
    {
        var id = Start(Sleeper());
        using var pty = new Pty(Cli.Prepare("oci", "exec", "--tty", id, "sh", "-c", "tty; stty size; read line; echo \"got $line\"; until stty size | grep '^41'; do sleep 0.05; done; exit 5"), rows: 31, columns: 77);
        var before = pty.Settings();
        pty.WaitFor("31 77");
        Assert.Contains("/dev/pts/", pty.Screen, StringComparison.Ordinal);
        pty.Resize(41, 87);
        pty.Type("hello\r");
        pty.WaitFor("got hello");
        pty.WaitFor("41 87");
        Assert.NotEqual("", before);
        Assert.Equal(5, pty.Wait());
    }

    [RootFact]
    public void Signals_are_passed_on()
    {
        var id = Start(Sleeper());
        using var exec = Cli.StartOci("exec", id, "sh", "-c", "trap 'echo term; exit 8' TERM; echo ready; while :; do sleep 0.05; done");
        exec.WaitForOutput("ready");
        exec.Signal(15);
        Assert.Equal("ready\nterm\n", exec.Wait().ShouldExit(8).Text);
    }

    [RootFact(Needs.Probe)]
    public void It_has_the_containers_namespaces_and_cgroups_and_nothing_of_the_hosts()
    {
        var id = Start(Sleeper().WithCapabilities(["CAP_KILL"]));
        var pid = (int)Cli.State(id)["pid"]!;
        using var exec = Cli.StartOci("exec", id, "/probe", "id", "caps", "fds", "host", "say", "ready", "forever");
        exec.WaitForOutput("say ready");
        var lines = exec.Output.Split('\n');
        Assert.Contains("hostname bundle", lines);
        Assert.Contains("effective 0000000000000020", lines);
        Assert.Equal(3, lines.Count(l => l.StartsWith("fd ", StringComparison.Ordinal)));
        var process = ProcFs.Pids().Single(p => ProcFs.CommandLine(p) == "/probe id caps fds host say ready forever");
        foreach (var kind in new[] { "mnt", "pid", "net", "ipc", "uts" })
        {
            Assert.Equal(ProcFs.Namespace(pid, kind), ProcFs.Namespace(process, kind));
        }
        Assert.Equal(ProcFs.Read(pid, "cgroup"), ProcFs.Read(process, "cgroup"));
        Cli.OciOk("kill", id, "KILL");
        exec.Wait().ShouldExit(137);
    }

    [RootFact]
    public void A_created_container_can_be_looked_into_before_it_starts()
    {
        var id = Create(Sleeper());
        Assert.Equal("bundle\n", Cli.OciOk("exec", id, "hostname").Text);
        Assert.Equal("created", Cli.Status(id));
    }

    private static string Trim(string text) => text.TrimEnd('\n');

    private string Id(string id, string user) => Trim(Cli.OciOk("exec", id, "-u", user, "id").Text);

    private Bundle Sleeper() => NewBundle().Args("/bin/sleep", "1000");
}
