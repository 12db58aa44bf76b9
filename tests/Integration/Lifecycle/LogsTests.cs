using Engine.Tests.Integration.Support;

namespace Engine.Tests.Integration.Lifecycle;

/// <summary><c>engine oci logs</c> as a user types it, on real logs in every format.</summary>
public sealed class LogsTests : EngineTest
{
    public static TheoryData<string> Formats => ["kubernetes", "basic", "json"];

    [RootTheory]
    [MemberData(nameof(Formats))]
    public void Tail_prints_the_last_lines_each_to_its_stream(string format)
    {
        var id = Start(NewBundle().Shell("for i in 1 2 3 4 5; do echo out $i; sleep 0.1; echo err $i >&2; sleep 0.1; done; printf unended"), "--log-format", format);
        Cli.OciOk("wait", id);
        var all = Cli.OciOk("logs", id);
        Assert.Equal("out 1\nout 2\nout 3\nout 4\nout 5\nunended", all.Text.TrimEnd('\n'));
        Assert.Equal("err 1\nerr 2\nerr 3\nerr 4\nerr 5\n", all.Error);
        var tail = Cli.OciOk("logs", "--tail", "3", id);
        Assert.Equal(("out 5\nunended", "err 5\n"), (tail.Text.TrimEnd('\n'), tail.Error));
        Assert.Equal(("", ""), (Cli.OciOk("logs", "--tail", "0", id).Text, Cli.OciOk("logs", "--tail=0", id).Error));
        Assert.Equal(all.Text, Cli.OciOk("logs", "--tail", "1000", id).Text);
        Assert.Matches(@"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z unended", Cli.OciOk("logs", "-t", "--tail", "1", id).Text);
        Cli.Oci("logs", "--tail", "-1", id).ShouldFail(1, "--tail");
    }

    [RootTheory]
    [MemberData(nameof(Formats))]
    public void Follow_goes_on_through_a_rotation_until_the_container_has_stopped(string format)
    {
        var log = Path.Combine(Directory, "log");
        var bundle = NewBundle().Shell("echo old; echo first; while [ ! -e /go ]; do sleep 0.05; done; echo second; while [ ! -e /end ]; do sleep 0.05; done; echo last");
        var id = Start(bundle, "--log-path", log, "--log-format", format);
        Eventually.True(() => File.ReadAllText(log).Contains("first", StringComparison.Ordinal), "the log");
        using var follow = Cli.StartOci("logs", "-f", "--tail", "1", id);
        follow.WaitForOutput("first");
        File.Move(log, log + ".1");
        using (var client = Cli.Control(id))
        {
            client.CallOk("reopenLog");
        }
        File.WriteAllText(bundle.Rootfs + "/go", "");
        follow.WaitForOutput("second");
        Assert.False(follow.HasExited);
        File.WriteAllText(bundle.Rootfs + "/end", "");
        var result = follow.Wait();
        Assert.Equal((0, "first\nsecond\nlast\n", ""), (result.ExitCode, result.Text, result.Error));
        Assert.DoesNotContain("second", File.ReadAllText(log + ".1"), StringComparison.Ordinal);
    }

    [RootFact]
    public void Follow_of_a_stopped_container_ends_at_once_and_an_unknown_one_is_named()
    {
        var id = Start(NewBundle().Shell("echo over"));
        Cli.OciOk("wait", id);
        Cli.WaitForStatus(id, "stopped");
        Assert.Equal("over\n", Cli.OciOk("logs", "--follow", id).Text);
        Cli.Oci("logs", "-f", "no-such-container").ShouldFail(255, "no-such-container");
    }

    [RootFact]
    public void Bytes_that_are_no_text_come_back_as_they_were()
    {
        var id = Start(NewBundle().Shell("printf 'a\\377b\\001\\303\\n'"));
        Cli.OciOk("wait", id);
        Assert.Equal(new byte[] { (byte)'a', 0xff, (byte)'b', 1, 0xc3, (byte)'\n' }, Cli.OciOk("logs", id).Output);
    }
}
