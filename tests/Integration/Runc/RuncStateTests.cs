using System.Globalization;
using System.Text.Json.Nodes;
using Engine.Spec;
using Engine.Tests.Integration.Support;

namespace Engine.Tests.Integration.Runc;

/// <summary>state, list, ps, events, kill, pause, resume, update and delete of containers.</summary>
public sealed class RuncStateTests : RuncTest
{
    [RootFact(Needs.Runc)]
    public void State_and_list_have_runc_s_members_in_runc_s_order()
    {
        var (reference, other) = Reference();
        var id = Running(Sleeper().WithAnnotation("b", "x<y").WithAnnotation("a", "1"));
        var state = Own.State(id);
        ConfigLoader.LoadState(System.Text.Encoding.UTF8.GetBytes(Own.Ok("state", id).Text), "state");
        Assert.Equal(Names(reference.State(other)), Names(state).Where(name => name != "annotations"));
        Assert.Equal("running", (string?)state["status"]);
        Assert.Equal("", (string?)state["owner"]);
        Assert.Equal("""{"a":"1","b":"x<y"}""", state["annotations"]!.ToJsonString(new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping }));
        Assert.Matches(@"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z$", (string)state["created"]!);
        Assert.Equal(id, ProcFs.Read((int)state["pid"]!, "cgroup")!.Contains(id, StringComparison.Ordinal) ? id : "");

        var listed = JsonNode.Parse(Own.Ok("list", "--format", "json").Text)!.AsArray().Single()!.AsObject();
        Assert.Equal(Names(state), Names(listed));
        Assert.Equal("root", (string?)listed["owner"]);
        Assert.Equal(id + "\n", Own.Ok("list", "-q").Text);
        var table = Own.Ok("list").Text.Split('\n');
        Assert.Equal(Columns(reference.Ok("list").Text.Split('\n')[0]), Columns(table[0]));
        foreach (var (column, value) in new[] { ("ID", id), ("PID", state["pid"]!.ToString()), ("STATUS", "running"), ("BUNDLE", (string)state["bundle"]!), ("OWNER", "root") })
        {
            Assert.StartsWith(value, table[1][table[0].IndexOf(column, StringComparison.Ordinal)..], StringComparison.Ordinal);
        }
    }

    [RootFact]
    public void Ps_shows_the_container_s_processes_only()
    {
        var id = Running();
        var pid = (int)Own.State(id)["pid"]!;
        Assert.Equal($"[{pid}]\n", Own.Ok("ps", "--format", "json", id).Text);
        var lines = Own.Ok("ps", id).Trimmed.Split('\n');
        Assert.Equal(2, lines.Length);
        Assert.StartsWith("UID", lines[0], StringComparison.Ordinal);
        Assert.Contains("sleep 1000", lines[1], StringComparison.Ordinal);
        Assert.Contains(pid.ToString(CultureInfo.InvariantCulture), Own.Ok("ps", id, "-e", "-o", "pid,comm").Text, StringComparison.Ordinal);
        Own.Run("ps", id, "-e", "-o", "comm").ShouldFail(1, "PID field");
        Own.Run("ps", id, "--no-such-option").ShouldFail(1, "exit status 1");
        Own.Run("ps", "-f", "foo", id).ShouldFail(1, "invalid format option");
        var bare = Own.Prepare("ps", id);
        bare.Environment.Clear();
        Assert.Contains("sleep 1000", bare.Run().ShouldExit(0).Text, StringComparison.Ordinal);
    }

    [RootFact(Needs.Runc)]
    public void Events_have_runc_s_shape()
    {
        var (reference, other) = Reference();
        var id = Running();
        var own = JsonNode.Parse(Own.Ok("events", "--stats", id).Text)!.AsObject();
        var expected = JsonNode.Parse(reference.Ok("events", "--stats", other).Text)!.AsObject();
        Assert.Equal(Names(expected), Names(own));
        Assert.Equal(Names(expected["data"]!), Names(own["data"]!));
        foreach (var group in new[] { "cpu", "cpuset", "memory" })
        {
            Assert.Equal(Names(expected["data"]![group]!), Names(own["data"]![group]!));
        }

        Assert.Equal(Names(expected["data"]!["memory"]!["raw"]!), Names(own["data"]!["memory"]!["raw"]!));
        Assert.Equal(expected["data"]!["cpuset"]!.ToJsonString(), own["data"]!["cpuset"]!.ToJsonString());
        Assert.Equal(1, (int)own["data"]!["pids"]!["current"]!);
        Assert.True((long)own["data"]!["cpu"]!["usage"]!["total"]! > 0);
    }

    [RootFact]
    public void Events_go_on_until_the_container_ends()
    {
        var id = Running();
        using var events = Own.Prepare("events", "--interval", "50ms", id).Start();
        events.WaitForOutput("\"type\":\"stats\"");
        Own.Ok("kill", id, "KILL");
        events.Wait().ShouldExit(0);
        Own.Run("events", "--stats", id).ShouldFail(1, $"container with id {id} is not running");
        Own.Run("events", "--interval", "0s", id).ShouldFail(1, "must be greater than 0");
    }

    [RootTheory]
    [InlineData("KILL")]
    [InlineData("SIGKILL")]
    [InlineData("kill")]
    [InlineData("9")]
    public void Kill_takes_names_and_numbers(string signal)
    {
        var id = Running();
        Own.Ok("kill", id, "0");
        Own.Run("kill", id, "FOO").ShouldFail(1, "unknown signal \\\"FOO\\\"");
        Own.Ok("kill", id, signal);
        WaitUntilStopped(id);
        Own.Run("kill", id, signal).ShouldFail(1, "container not running");
        Own.Ok("kill", "--all", id, signal);
        Own.Ok("kill", id, "-a");
    }

    [RootFact]
    public void A_paused_container_is_refused_what_runc_refuses_and_dies_of_SIGKILL()
    {
        var id = Running();
        Own.Run("resume", id).ShouldFail(1, "container not paused");
        Own.Ok("pause", id);
        Assert.Equal("paused", (string?)Own.State(id)["status"]);
        Own.Run("pause", id).ShouldFail(1, "container not running");
        Own.Run("exec", id, "true").ShouldFail(255, "exec failed: cannot exec in a paused container (use --ignore-paused to override)");
        Own.Run("delete", id).ShouldFail(1, $"cannot delete container {id} that is not stopped: paused");
        Own.Ok("resume", id);
        Assert.Equal("running", (string?)Own.State(id)["status"]);
        Own.Ok("pause", id);
        Own.Ok("kill", id, "9");
        WaitUntilStopped(id);
        foreach (var verb in new[] { "pause", "update" })
        {
            Own.Run(verb, id).ShouldFail(1, "container not running");
        }

        Own.Run("exec", id, "true").ShouldFail(255, "exec failed: cannot exec in a stopped container");
    }

    [RootFact]
    public void Update_takes_options_behind_the_id_and_documents()
    {
        var id = Running(Sleeper().WithResources(r => r["memory"] = new JsonObject { ["limit"] = 64 << 20 }));
        Own.Ok("update", id, "--memory", "60m", "--pids-limit", "55", "--cpu-share=300");
        Assert.Equal("55", Value(id, "pids", "pids.max"));
        Assert.Equal((60 << 20).ToString(CultureInfo.InvariantCulture), Value(id, "memory", "memory.limit_in_bytes"));
        Assert.Equal("300", Value(id, "cpu", "cpu.shares"));
        var piped = Own.Prepare("update", "--resources", "-", id);
        piped.Input = """{"pids":{"limit":44}}"""u8.ToArray();
        piped.Run().ShouldExit(0);
        Assert.Equal("44", Value(id, "pids", "pids.max"));
        var file = Path.Combine(Directory, "resources.json");
        File.WriteAllText(file, """{"cpu":{"shares":200}}""");
        Own.Ok("update", "--resources=" + file, "--pids-limit", "1", id);
        Assert.Equal("200", Value(id, "cpu", "cpu.shares"));
        Assert.Equal("44", Value(id, "pids", "pids.max"));
        Own.Run("update", id, "--memory", "foo").ShouldFail(1, "invalid value for memory: invalid size: 'foo'");
        Own.Run("update", id, "--cpu-share", "x").ShouldFail(1, "invalid value for cpu-share");
        Own.Run("update", id, "--l3-cache-schema", "L3:0=f").ShouldFail(1, "Intel RDT/CAT: l3 cache schema is not enabled");
        Own.Run("update", id, "-r", "/no/such/file").ShouldFail(1, "/no/such/file");
    }

    [RootFact]
    public void Delete_refuses_what_runs_and_force_ends_it()
    {
        var id = Running();
        Own.Run("delete", id).ShouldFail(1, $"cannot delete container {id} that is not stopped: running");
        Own.Ok("pause", id);
        Own.Ok("delete", id, "--force");
        Own.Run("state", id).ShouldFail(1, "container does not exist");
        Own.Ok("delete", "--force", id);
        var created = Created();
        Own.Ok("delete", created);
        Assert.Equal("", Own.Ok("list", "-q").Text);
    }

    [RootFact]
    public void Delete_by_regular_expression()
    {
        string first = Running(), second = Running();
        Own.Run("delete", "--regex", "(", "--force").ShouldFail(1, "regular expression");
        Own.Ok("delete", "--regex", "no-such-id", "--force");
        Own.Ok("delete", "--force", "--regex", $"^{first}$");
        Assert.Equal(second + "\n", Own.Ok("list", "-q").Text);
        Own.Ok("delete", "--force", "--regex", "c[0-9]+$");
        Assert.Equal("", Own.Ok("list", "-q").Text);
    }

    private void WaitUntilStopped(string id) => Eventually.True(() => (string?)Own.State(id)["status"] == "stopped", () => $"{id} is stopped");

    private string Value(string id, string controller, string file)
    {
        var own = ProcFs.Read((int)Own.State(id)["pid"]!, "cgroup")!.Split('\n').First(line => line.Split(':')[1].Split(',').Contains(controller));
        return File.ReadAllText($"/sys/fs/cgroup/{controller}{own.Split(':', 3)[2]}/{file}").Trim();
    }

    private static List<string> Names(JsonNode node) => [.. node.AsObject().Select(member => member.Key)];

    private static string[] Columns(string header) => header.Split(' ', StringSplitOptions.RemoveEmptyEntries);
}
