using Engine.Tests.Integration.Support;

namespace Engine.Tests.Integration.Rootless;

/// <summary>A container's life under an ordinary user, whose config says nothing of a user namespace.</summary>
public abstract class RootlessLifecycleTests(string ids) : UserTest(ids)
{
    private string ExpectedMap => IsSingle ? $"0 {Uid} 1" : $"0 {Uid} 1\n1 {FirstSub} 65536";

    [UserFact]
    public void Every_verb_works_and_nothing_is_left()
    {
        var id = Create(UserBundle().Shell("echo up; read line; echo \"got $line\"; exit 7"));
        var state = Cli.State(id);
        Assert.Equal("created", (string?)state["status"]);
        Assert.Equal("rootless", (string?)state["engine"]!["workflow"]);
        Assert.Equal(ExpectedMap, Map((int)state["pid"]!));
        Assert.Contains("uid=0", Cli.OciOk("exec", id, "/bin/id").Text, StringComparison.Ordinal);

        Cli.OciOk("start", id);
        Assert.Equal("running", Cli.Status(id));
        Assert.Equal("7", Cli.Oci("exec", id, "/bin/sh", "-c", "exit 7").ExitCode.ToString(System.Globalization.CultureInfo.InvariantCulture));
        using (var attach = Cli.StartOci("attach", id))
        {
            attach.WaitForOutput("up");
            attach.Send("word\n");
            attach.WaitForOutput("got word");
            attach.CloseInput();
            Assert.Equal(7, attach.Wait().ExitCode);
        }
        Assert.Equal("7", Cli.OciOk("wait", id).Trimmed);
        Assert.Equal("up\ngot word\n", Cli.OciOk("logs", id).Text);
        Cli.OciOk("delete", id);
        Assert.Empty(System.IO.Directory.GetFileSystemEntries(Cli.Root));
    }

    [UserFact]
    public void A_killed_container_reports_the_signal()
    {
        var id = Start(UserBundle().Shell("sleep 1000"));
        Cli.OciOk("kill", id, "KILL");
        Assert.Equal("137", Cli.OciOk("wait", id).Trimmed);
        Cli.OciOk("delete", id);
    }

    [UserFact]
    public void Nobody_of_the_container_is_anybody_but_the_user()
    {
        var id = Start(UserBundle().Shell("sleep 1000"));
        var state = Cli.State(id);
        var supervisor = (int)state["supervisor"]!["pid"]!;
        var helpers = ProcFs.Pids().Where(p => ProcFs.Parent(p) == supervisor).ToList();
        Assert.True(helpers.Count >= 2, $"a payload and a pump at least, found {helpers.Count}");
        var u = $"{Uid}\t{Uid}\t{Uid}\t{Uid}";
        foreach (var pid in helpers.Append(supervisor))
        {
            Assert.Equal(u, Status(pid, "Uid"));
            Assert.Equal(u, Status(pid, "Gid"));
        }
        // Master and pump have no capability in the user namespace either, and can get none.
        foreach (var pid in helpers.Where(p => p != (int)state["pid"]!))
        {
            Assert.Equal("0000000000000000", Status(pid, "CapPrm"));
            Assert.Equal("0000000000000000", Status(pid, "CapBnd"));
            Assert.Equal("1", Status(pid, "NoNewPrivs"));
        }
    }

    [UserFact]
    public void Run_with_a_terminal()
    {
        var bundle = UserBundle().WithTerminal().Shell("tty; read line; echo \"got $line\"; exit 3");
        using var pty = new Pty(Cli.Prepare("oci", "run", NewId(), "-b", bundle.Path));
        pty.WaitFor("/dev/pts/0");
        pty.Type("hello\r");
        pty.WaitFor("got hello");
        Assert.Equal(3, pty.Wait());
    }

    [UserFact]
    public void Run_passes_the_exit_code_and_the_output()
    {
        var (code, output) = RunToEnd(UserBundle().Shell("id -u; cat /proc/self/uid_map | wc -l; exit 5"));
        Assert.Equal((5, IsSingle ? "0\n1\n" : "0\n2\n"), (code, output));
    }

    [UserFact]
    public void The_runtime_flavour_creates_starts_executes_and_deletes()
    {
        var bundle = UserBundle().Shell("echo up; sleep 1000");
        var id = NewId();
        try
        {
            CreateRunc("--root", Runc.Root, "create", "--bundle", bundle.Path, id).ShouldExit(0);
            Assert.Contains("\"status\": \"created\"", RunRunc("state", id).ShouldExit(0).Text, StringComparison.Ordinal);
            RunRunc("start", id).ShouldExit(0);
            Assert.Equal("0", RunRunc("exec", id, "/bin/id", "-u").ShouldExit(0).Trimmed);
            Assert.Contains("sleep 1000", RunRunc("ps", "--format", "table", id).ShouldExit(0).Text + RunRunc("exec", id, "/bin/ps").Text, StringComparison.Ordinal);
            RunRunc("kill", id, "KILL").ShouldExit(0);
            Eventually.True(() => RunRunc("state", id).Text.Contains("stopped", StringComparison.Ordinal), "stopped");
            RunRunc("delete", id).ShouldExit(0);
        }
        finally
        {
            RunRunc("delete", "--force", id);
        }
        Assert.Empty(System.IO.Directory.GetFileSystemEntries(Runc.Root));
        Assert.Equal(9, RunRunc("run", "--bundle", UserBundle().Shell("exit 9").Path, NewId()).ExitCode);
    }

    [UserFact]
    public void A_limit_without_a_cgroup_is_refused_by_its_path()
    {
        var bundle = UserBundle().WithResources(r => r["pids"] = new System.Text.Json.Nodes.JsonObject { ["limit"] = 10 });
        Cli.Oci("create", NewId(), "-b", bundle.Path).ShouldFail(255, "linux.resources.pids.limit", "'pids'", "not delegated");
        Assert.Contains("linux.resources.pids.limit", RunRunc("run", "--bundle", bundle.Path, NewId()).ShouldExit(1).Error, StringComparison.Ordinal);
        Assert.Empty(System.IO.Directory.GetFileSystemEntries(Cli.Root));
    }

    [UserFact]
    public void Without_a_cgroup_pause_says_why()
    {
        var id = Start(UserBundle().Shell("sleep 1000"));
        Cli.Oci("pause", id).ShouldFail(255, "no freezer cgroup");
        Assert.Equal("running", Cli.Status(id));
    }

    [UserFact]
    public void Root_may_not_be_asked_for_and_an_unknown_workflow_is_a_usage_error()
    {
        var bundle = UserBundle();
        Cli.Oci("create", NewId(), "-b", bundle.Path, "--workflow", "root").ShouldFail(255, "you are not root");
        Assert.Equal(1, Cli.Oci("create", NewId(), "-b", bundle.Path, "--workflow", "other").ExitCode);
        Assert.Equal((0, "ok\n"), RunNamed("rootless"));
    }

    private (int, string) RunNamed(string workflow)
    {
        var result = Cli.Oci("run", NewId(), "-b", UserBundle().Shell("echo ok").Path, "--workflow", workflow);
        return (result.ExitCode, result.Text);
    }
}

/// <summary>With ranges of subordinate ids.</summary>
public sealed class RangesLifecycleTests() : RootlessLifecycleTests("ranges");

/// <summary>With the user's own id only.</summary>
public sealed class SingleLifecycleTests() : RootlessLifecycleTests("single");
