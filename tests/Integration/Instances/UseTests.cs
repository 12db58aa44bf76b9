using System.Text.Json.Nodes;
using Engine.Tests.Integration.Support;

namespace Engine.Tests.Integration.Instances;

/// <summary>What one does with a running instance: exec, attach, logs, stats.</summary>
public sealed class UseTests : InstanceTest
{
    [RootFact]
    public void Exec_runs_in_the_instance_and_has_the_commands_code()
    {
        var name = StartReady(NewBundle().WithFile("/mark", "here").Shell(Polite));
        Assert.Equal("here", Ok("exec", "instance://" + name, "/bin/cat", "/mark").Text);
        Run("exec", name, "/bin/sh", "-c", "exit 7").ShouldExit(7);
        Run("exec", name, "nosuchcommand").ShouldFail(127, "nosuchcommand");
        Run("exec", name).ShouldFail(1, "engine instance exec NAME");
        Run("exec", "no-such", "/bin/true").ShouldFail(255, "no instance \"no-such\"");
    }

    [RootFact]
    public void Attach_shows_the_output_and_brings_the_input()
    {
        var name = StartReady(NewBundle().Shell("echo up; read line; echo got $line; exit 4"));
        using var attach = StartCommand("attach", name);
        attach.WaitForOutput("up");
        attach.Send("word\n");
        Assert.Equal("up\ngot word\n", attach.Wait().ShouldExit(4).Text);
    }

    [RootFact]
    public void Logs_follow_until_the_end_and_are_there_behind_it()
    {
        var name = StartReady(NewBundle().Shell("echo up; echo err >&2; while [ ! -e /go ]; do sleep 0.05; done; echo last; exit 2"));
        using var follow = StartCommand("logs", "-f", name);
        follow.WaitForOutput("up");
        Ok("exec", name, "/bin/touch", "/go");
        var result = follow.Wait().ShouldExit(0);
        Assert.Equal(("up\nlast\n", "err\n"), (result.Text, result.Error));
        Cli.OciOk("wait", name);
        Assert.Equal("last\n", Ok("logs", "--tail", "1", name).Text);
    }

    [RootFact]
    public void Stats_have_apptainers_columns_and_the_instances_numbers()
    {
        var name = StartReady(NewBundle().WithResources(r => r["memory"] = new JsonObject { ["limit"] = 262144000 }).Shell("echo up; while :; do :; done"));
        var lines = Ok("stats", "--no-stream", name).Text.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(2, lines.Length);
        Assert.Equal(["INSTANCE NAME", "CPU USAGE", "MEM USAGE / LIMIT", "MEM %", "BLOCK I/O", "PIDS"], Cells(lines[0]));
        var cells = Cells(lines[1]);
        Assert.Equal(name, cells[0]);
        Assert.Matches(@"^\d+\.\d\d%$", cells[1]);
        Assert.NotEqual("0.00%", cells[1]);
        Assert.Matches(@"^[\d.]+[KM]iB / 250MiB$", cells[2]);
        Assert.Matches(@"^\d+\.\d\d%$", cells[3]);
        Assert.Matches(@"^\S+B / \S+B$", cells[4]);
        Assert.Equal("1", cells[5]);
        var json = JsonNode.Parse(Ok("stats", "--json", name).Text)!;
        Assert.Equal(262144000, (long)json["memory"]!["usage"]!["limit"]!);
        Assert.True((long)json["cpu"]!["usage"]!["total"]! > 0);
    }

    [RootFact]
    public void Stats_stream_until_the_instance_ends()
    {
        var name = StartReady(NewBundle().Shell(Polite));
        using var stats = StartCommand("stats", name);
        stats.WaitForOutput("PIDS");
        Assert.False(stats.HasExited);
        Ok("stop", name);
        stats.Wait().ShouldExit(0);
        Run("stats", name).ShouldFail(255, name);
        var ended = StartInstance(NewBundle().Args("/bin/true"));
        Cli.OciOk("wait", ended);
        Run("stats", "--no-stream", ended).ShouldFail(255, ended, "stopped");
    }

    private static string[] Cells(string line) => line.Split("   ", StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
}
