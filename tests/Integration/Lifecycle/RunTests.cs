using Engine.Tests.Integration.Support;

namespace Engine.Tests.Integration.Lifecycle;

/// <summary><c>run</c>: the payload's streams and its exit code are the command's, and the container is gone afterwards.</summary>
public sealed class RunTests : EngineTest
{
    [RootFact]
    public void The_exit_code_is_the_payloads()
    {
        foreach (var code in new[] { 0, 1, 7, 125, 254 })
        {
            Run(NewBundle().Shell($"exit {code}")).ShouldExit(code);
        }
    }

    [RootFact]
    public void A_signal_becomes_128_and_its_number()
    {
        foreach (var (name, number) in new[] { ("KILL", 9), ("TERM", 15), ("USR1", 10), ("SEGV", 11) })
        {
            var id = Start(NewBundle().WithoutNamespace("pid").Args("/bin/sleep", "1000"));
            Cli.OciOk("kill", id, name);
            Assert.Equal($"{128 + number}\n", Cli.OciOk("wait", id).Text);
        }
    }

    [RootFact]
    public void Both_streams_come_out_where_they_belong()
    {
        var result = Run(NewBundle().Shell("echo out; echo err >&2; exit 3")).ShouldExit(3);
        Assert.Equal("out\n", result.Text);
        Assert.Equal("err\n", result.Error);
    }

    [RootFact]
    public void Standard_input_reaches_the_payload_to_its_end()
    {
        var text = string.Concat(Enumerable.Range(0, 20_000).Select(i => $"line {i}\n"));
        var command = Cli.Prepare("oci", "run", NewId(), "-b", NewBundle().Args("/bin/cat").Path);
        command.Input = System.Text.Encoding.UTF8.GetBytes(text);
        Assert.Equal(text, command.Run().ShouldExit(0).Text);
    }

    [RootFact(Needs.Probe)]
    public void A_long_output_arrives_whole()
    {
        var result = Run(NewBundle().Probe("spam", "4000000")).ShouldExit(0);
        Assert.Equal(4_000_000, result.Output.Length);
    }

    [RootFact]
    public void A_command_that_is_not_there_fails_at_create_with_its_name()
    {
        Run(NewBundle().Args("nosuchcommand")).ShouldFail(127, "nosuchcommand", "ENOENT");
        Run(NewBundle().Args("/no/such/file")).ShouldFail(127, "/no/such/file", "ENOENT");
        Cli.Oci("create", NewId(), "-b", NewBundle().Args("/no/such/file").Path).ShouldFail(255, "/no/such/file", "ENOENT");
    }

    [RootFact]
    public void A_command_that_is_not_executable_fails_at_create_with_its_name()
    {
        Run(NewBundle().WithFile("/plain", "text").Args("/plain")).ShouldFail(126, "/plain", "EACCES");
        Run(NewBundle().Args("/bin")).ShouldFail(126, "/bin");
    }

    [RootFact]
    public void What_the_kernel_cannot_execute_fails_at_start_with_the_reason()
    {
        var bundle = NewBundle().WithFile("/garbage", "\u0001\u0002\u0003 no program", 0x1ed).Args("/garbage");
        var id = Create(bundle);
        Cli.Oci("start", id).ShouldFail(255, "/garbage", "ENOEXEC");
        var state = Cli.State(id);
        Assert.Equal("stopped", (string?)state["status"]);
        Assert.Contains("/garbage", (string?)state["exitDesc"], StringComparison.Ordinal);
        Cli.OciOk("delete", id);
        Run(NewBundle().WithFile("/garbage", "\u0001\u0002\u0003 no program", 0x1ed).Args("/garbage")).ShouldFail(126, "/garbage", "ENOEXEC");
        Run(NewBundle().WithFile("/script", "#!/no/interpreter\n", 0x1ed).Args("/script")).ShouldFail(127, "/script", "ENOENT");
    }

    [RootFact]
    public void A_signal_to_run_reaches_the_payload()
    {
        var id = NewId();
        using var run = Cli.StartOci("run", id, "-b", NewBundle().Shell("trap 'echo got it; exit 9' TERM; echo ready; while :; do sleep 0.05; done").Path);
        run.WaitForOutput("ready");
        run.Signal(15);
        var result = run.Wait().ShouldExit(9);
        Assert.Equal("ready\ngot it\n", result.Text);
        Assert.Null(Cli.Status(id));
    }

    [RootFact]
    public void Run_leaves_no_container_and_the_id_is_free_again()
    {
        var id = NewId();
        var bundle = NewBundle().Shell("exit 4").Path;
        Cli.Oci("run", id, "-b", bundle).ShouldExit(4);
        Assert.Null(Cli.Status(id));
        Cli.Oci("run", id, "-b", bundle).ShouldExit(4);
    }

    private CommandResult Run(Bundle bundle) => Cli.Oci("run", NewId(), "-b", bundle.Path);
}
