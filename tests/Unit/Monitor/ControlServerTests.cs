using System.Text;
using System.Text.Json;
using Engine.Monitor;
using Engine.Monitor.JsonRpc;
using Engine.Shared.Linux;

namespace Engine.Tests.Unit.Monitor;

/// <summary>The whole master but its supervisor, over a real socket.</summary>
public class ControlServerTests
{
    private const string Null = """{"jsonrpc":"2.0","id":1,"result":null}""";

    [Fact]
    public void State_is_the_document_on_one_line()
    {
        using var master = new RunningMaster();
        using var client = master.Connect();
        using var answer = JsonDocument.Parse(client.Call("state"));
        var result = answer.RootElement.GetProperty("result");
        Assert.Equal(("box", "running", 4711), (result.GetProperty("id").GetString(), result.GetProperty("status").GetString(), result.GetProperty("pid").GetInt32()));
    }

    [Theory]
    [InlineData("kill", "{}", "Kill 15 False")]
    [InlineData("kill", """{"signal":"KILL","all":true}""", "Kill 9 True")]
    [InlineData("kill", """["SIGUSR1"]""", "Kill 10 False")]
    [InlineData("kill", """{"signal":9}""", "Kill 9 False")]
    [InlineData("pause", "[]", "Freeze")]
    [InlineData("resume", "{}", "Thaw")]
    [InlineData("resize", """{"height":24,"width":80}""", "Resize 24x80")]
    [InlineData("resize", "[1,65535]", "Resize 1x65535")]
    [InlineData("reopenLog", "{}", "ReopenLog")]
    public void A_method_is_one_request_to_the_supervisor(string method, string parameters, string request)
    {
        using var master = new RunningMaster();
        using var client = master.Connect();
        Assert.Equal(Null, client.Call(method, parameters));
        Assert.Equal(request, master.Supervisor.Next());
    }

    [Theory]
    [InlineData("kill", """{"signal":"NOSUCH"}""")]
    [InlineData("kill", """{"signal":0}""")]
    [InlineData("kill", """{"signal":true}""")]
    [InlineData("kill", """{"all":1}""")]
    [InlineData("kill", """{"pid":1}""")]
    [InlineData("resize", "{}")]
    [InlineData("resize", """{"height":65536,"width":1}""")]
    [InlineData("update", "{}")]
    [InlineData("update", """{"resources":[]}""")]
    [InlineData("update", """{"resources":{"memory":{"limit":"1G"}}}""")]
    public void What_a_method_does_not_take_reaches_nobody(string method, string parameters)
    {
        using var master = new RunningMaster();
        using var client = master.Connect();
        Assert.Contains("\"code\":-32602", client.Call(method, parameters), StringComparison.Ordinal);
        Assert.True(master.Supervisor.SawNothingMore);
    }

    [Fact]
    public void Start_is_followed_by_the_poststart_hooks()
    {
        using var master = new RunningMaster();
        using var client = master.Connect();
        Assert.Equal(Null, client.Call("start"));
        Assert.Equal(("Start 1", "RunHook /bin/hook 3000 running"), (master.Supervisor.Next(), master.Supervisor.Next()));
    }

    [Fact]
    public void A_poststart_hook_that_fails_ends_the_container()
    {
        using var master = new RunningMaster();
        master.Supervisor.Fail("RunHook", 0);
        using var client = master.Connect();
        string answer = client.Call("start");
        Assert.Contains("config.json hooks.poststart[0]: RunHook object", answer, StringComparison.Ordinal);
        Assert.Contains("\"code\":1", answer, StringComparison.Ordinal);
        Assert.Equal("Start 1", master.Supervisor.Next());
        Assert.StartsWith("RunHook", master.Supervisor.Next(), StringComparison.Ordinal);
        Assert.Equal("Kill 9 True", master.Supervisor.Next());
    }

    [Fact]
    public void Update_writes_what_the_document_says()
    {
        var hierarchy = Directory.CreateTempSubdirectory("engine-hierarchy-");
        try
        {
            hierarchy.CreateSubdirectory("box");
            File.WriteAllText(Path.Combine(hierarchy.FullName, "box", "cgroup.controllers"), "pids memory\n");
            using var master = new RunningMaster(state: RunningMaster.DefaultState.Replace("/nowhere/unified", hierarchy.FullName, StringComparison.Ordinal));
            using var client = master.Connect();
            Assert.Equal(Null, client.Call("update", """{"resources":{"pids":{"limit":77}}}"""));
            Assert.Equal("WriteCgroup 0 pids.max=77", master.Supervisor.Next());
        }
        finally
        {
            hierarchy.Delete(recursive: true);
        }
    }

    [Fact]
    public void Stats_are_grouped()
    {
        using var master = new RunningMaster();
        using var client = master.Connect();
        Assert.Equal("""{"jsonrpc":"2.0","id":1,"result":{"id":"box","memory":{},"cpu":{},"pids":{},"io":{}}}""", client.Call("stats"));
    }

    [Fact]
    public void A_failed_request_is_an_error_with_its_parts_and_the_connection_goes_on()
    {
        using var master = new RunningMaster();
        using var client = master.Connect();
        master.Supervisor.Fail("Freeze", Errno.EBUSY);
        using var answer = JsonDocument.Parse(client.Call("pause"));
        Assert.Equal(
            """{"operation":"Freeze","path":"object","errno":16}""",
            answer.RootElement.GetProperty("error").GetProperty("data").GetRawText());
        Assert.Equal(Null, client.Call("resume"));
    }

    [Fact]
    public void A_request_that_takes_long_keeps_no_other_back()
    {
        using var master = new RunningMaster();
        var gate = master.Supervisor.Hold("RunHook");
        using var starter = master.Connect();
        using var killer = master.Connect();
        starter.Send("""{"jsonrpc":"2.0","id":1,"method":"start"}""" + "\n");
        Assert.Equal("Start 1", master.Supervisor.Next());
        Assert.StartsWith("RunHook", master.Supervisor.Next(), StringComparison.Ordinal);

        Assert.Equal(Null, killer.Call("kill"));
        // On its own connection, too: answers come when they are there, not in the order of the questions.
        starter.Send("""{"jsonrpc":"2.0","id":2,"method":"pause"}""" + "\n");
        Assert.Equal("""{"jsonrpc":"2.0","id":2,"result":null}""", starter.ReadLine());
        gate.Set();
        Assert.Equal(Null, starter.ReadLine());
    }

    [Theory]
    [InlineData("""{"startContainer":true}""", new[] { "Start 1", "RunHook /bin/hook 3000 running" })]
    [InlineData("""{"pause":true}""", new[] { "Freeze" })]
    [InlineData("""{"resume":true}""", new[] { "Thaw" })]
    [InlineData("""{"consoleSize":{"height":10,"width":20}}""", new[] { "Resize 10x20" })]
    [InlineData("""{"reopenLog":true}""", new[] { "ReopenLog" })]
    [InlineData("""{"resume":true,"pause":true,"reopenLog":true,"consoleSize":{"width":2,"height":1}}""", new[] { "Resize 1x2", "ReopenLog", "Freeze", "Thaw" })]
    [InlineData("""{"pause":false,"resume":null}""", new string[0])]
    public void Apptainers_objects_are_acknowledged_by_closing(string control, string[] requests)
    {
        using var master = new RunningMaster();
        using var client = master.Connect();
        client.Send(control + "\n");
        Assert.Equal("", client.ReadToEnd());
        Assert.Equal(requests, requests.Select(_ => master.Supervisor.Next()));
        Assert.True(master.Supervisor.SawNothingMore);
    }

    [Theory]
    [InlineData("""{"pause":true,"foo":1}""", "-32600")]
    [InlineData("""{"foo":1}""", "-32600")]
    [InlineData("{}", "-32600")]
    [InlineData("""{"pause":1}""", "-32602")]
    [InlineData("""{"consoleSize":7}""", "-32602")]
    public void A_control_object_with_anything_unknown_in_it_does_nothing(string control, string code)
    {
        using var master = new RunningMaster();
        using var client = master.Connect();
        client.Send(control + "\n");
        Assert.Contains($"\"code\":{code}", client.ReadToEnd(), StringComparison.Ordinal);
        Assert.True(master.Supervisor.SawNothingMore);
    }

    [Fact]
    public void A_failed_control_object_says_why_before_it_closes()
    {
        using var master = new RunningMaster();
        master.Supervisor.Fail("Freeze", Errno.EBUSY);
        using var client = master.Connect();
        client.Send("""{"pause":true}""");
        client.EndInput();
        Assert.Contains("(EBUSY)", client.ReadToEnd(), StringComparison.Ordinal);
    }

    [Fact]
    public void Header_framing_is_answered_in_kind()
    {
        using var master = new RunningMaster();
        using var client = master.Connect();
        const string body = """{"jsonrpc":"2.0","id":1,"method":"pause"}""";
        client.Send($"Content-Length: {body.Length}\r\n\r\n{body}");
        client.EndInput();
        Assert.Equal($"Content-Length: {Null.Length}\r\n\r\n{Null}", client.ReadToEnd());
    }

    [Fact]
    public void A_batch_is_answered_in_one_message()
    {
        using var master = new RunningMaster();
        using var client = master.Connect();
        client.Send("""[{"jsonrpc":"2.0","id":1,"method":"pause"},{"jsonrpc":"2.0","method":"resume"},{"jsonrpc":"2.0","id":2,"method":"x"}]""" + "\n");
        string answer = client.ReadLine()!;
        Assert.StartsWith($"[{Null},{{\"jsonrpc\":\"2.0\",\"id\":2,\"error\":{{\"code\":-32601", answer, StringComparison.Ordinal);
    }

    [Fact]
    public void Subscribers_are_told_once_each()
    {
        using var master = new RunningMaster();
        using var client = master.Connect();
        Assert.Contains("\"status\":\"running\"", client.Call("subscribe"), StringComparison.Ordinal);
        master.Supervisor.Notify("paused");
        master.Supervisor.Notify("running", oom: true);
        master.Supervisor.Notify("running", oom: true);
        master.Supervisor.Notify("stopped", exitCode: 137, oom: true);
        string[] methods = [.. Enumerable.Range(0, 5).Select(_ => JsonDocument.Parse(client.ReadLine()!).RootElement.GetProperty("method").GetString()!)];
        Assert.Equal(["stateChanged", "oom", "stateChanged", "stateChanged", "exited"], methods);
        master.Supervisor.Leave();
        Assert.Equal("", client.ReadToEnd());
    }

    [Fact]
    public void A_subscriber_that_has_ended_its_input_is_still_told()
    {
        using var master = new RunningMaster();
        using var client = master.Connect();
        client.Send("""{"jsonrpc":"2.0","id":1,"method":"subscribe"}""");
        client.EndInput();
        Assert.NotNull(client.ReadLine());
        master.Supervisor.Notify("stopped", exitCode: 3);
        Assert.Contains("stateChanged", client.ReadLine(), StringComparison.Ordinal);
        Assert.Contains("\"exitCode\":3", client.ReadLine(), StringComparison.Ordinal);
    }
}
