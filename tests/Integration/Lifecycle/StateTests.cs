using System.Text.Json.Nodes;
using Engine.Spec;
using Engine.Tests.Integration.Support;

namespace Engine.Tests.Integration.Lifecycle;

/// <summary>Every state with every verb that it refuses, and what state, list and wait say.</summary>
public sealed class StateTests : EngineTest
{
    private const string Sleeper = "trap 'exit 0' TERM; while :; do sleep 0.05; done";

    // Verb, its further words, and the states that refuse it.
    private static readonly (string Verb, string[] Words, string[] Refused)[] Table =
    [
        ("start", [], ["running", "paused", "stopped"]),
        ("attach", [], ["stopped"]),
        ("exec", ["/bin/true"], ["paused", "stopped"]),
        ("kill", [], ["stopped"]),
        ("pause", [], ["created", "paused", "stopped"]),
        ("resume", [], ["created", "running", "stopped"]),
        ("update", ["--from-file", "RESOURCES"], ["stopped"]),
        ("delete", [], ["running", "paused"]),
    ];

    [RootFact]
    public void Every_state_refuses_what_it_must_and_stays()
    {
        var id = Create(NewBundle().Shell(Sleeper));
        RefusesIn(id, "created");
        Cli.OciOk("start", id);
        RefusesIn(id, "running");
        Cli.OciOk("pause", id);
        RefusesIn(id, "paused");
        Cli.OciOk("resume", id);
        RefusesIn(id, "running");
        Cli.OciOk("kill", id);
        Assert.Equal("0\n", Cli.OciOk("wait", id).Text);
        RefusesIn(id, "stopped");
        Cli.OciOk("delete", id);
        Assert.False(System.IO.Directory.Exists(Cli.StateDirectory(id)));
    }

    [RootFact]
    public void Every_verb_refuses_an_id_that_nobody_has()
    {
        foreach (var (verb, words, _) in Table)
        {
            Cli.Oci([verb, "nobody", .. Words(words)]).ShouldFail(255, $"engine oci {verb}", "\"nobody\" does not exist");
        }
        foreach (var verb in new[] { "state", "logs", "wait" })
        {
            Cli.Oci(verb, "nobody").ShouldFail(255, "\"nobody\" does not exist");
        }
        Cli.OciOk("delete", "--force", "nobody");
    }

    [RootFact]
    public void State_has_what_the_specification_and_apptainer_ask_for()
    {
        var bundle = NewBundle().Shell(Sleeper).WithAnnotation("org.example.key", "a \"quoted\" value");
        var path = bundle.Path;
        var id = Create(bundle);
        var created = Cli.State(id);
        ConfigLoader.LoadState(System.Text.Encoding.UTF8.GetBytes(Cli.OciOk("state", id).Text), "state");
        Assert.StartsWith("1.", (string?)created["ociVersion"], StringComparison.Ordinal);
        Assert.Equal(id, (string?)created["id"]);
        Assert.Equal("created", (string?)created["status"]);
        Assert.Equal(path, (string?)created["bundle"]);
        Assert.Equal("a \"quoted\" value", (string?)created["annotations"]!["org.example.key"]);
        Assert.Equal(Path.Combine(Cli.StateDirectory(id), "attach.sock"), (string?)created["attachSocket"]);
        Assert.Equal(Path.Combine(Cli.StateDirectory(id), "control.sock"), (string?)created["controlSocket"]);
        Assert.NotNull(created["createdAt"]);
        Assert.Null(created["startedAt"]);
        var pid = (int)created["pid"]!;
        Assert.True(ProcFs.Lives(pid));

        Cli.OciOk("start", id);
        var running = Cli.State(id);
        Assert.Equal(pid, (int)running["pid"]!);
        Assert.InRange((long)running["startedAt"]!, (long)created["createdAt"]!, long.MaxValue);
        Cli.OciOk("kill", id, "KILL");
        Cli.OciOk("wait", id);
        var stopped = Cli.State(id);
        Assert.Equal("stopped", (string?)stopped["status"]);
        Assert.Equal(137, (int)stopped["exitCode"]!);
        Assert.Contains("SIGKILL", (string?)stopped["exitDesc"], StringComparison.Ordinal);
        Assert.InRange((long)stopped["finishedAt"]!, (long)running["startedAt"]!, long.MaxValue);
        Assert.Contains("\t\"id\"", Cli.OciOk("state", id).Text, StringComparison.Ordinal);
    }

    [RootFact]
    public void State_goes_to_a_socket_as_one_line()
    {
        var id = Create(NewBundle().Shell(Sleeper));
        using var sync = new SyncListener(Path.Combine(Directory, "state.sock"));
        var result = Cli.OciOk("state", id, "--sync-socket", sync.Path);
        Assert.Equal("", result.Text);
        var document = Eventually.Value(() => sync.Messages is [var first, ..] ? first : null, "the state on the socket");
        Assert.DoesNotContain('\n', document);
        Assert.Equal(id, (string?)JsonNode.Parse(document)!["id"]);
    }

    [RootFact]
    public void List_shows_every_container_in_three_ways()
    {
        Assert.Equal("", Cli.OciOk("list", "--quiet").Text);
        Assert.Equal("[]", Cli.OciOk("list", "--format", "json").Trimmed.Replace("\n", "", StringComparison.Ordinal));
        var first = Create(NewBundle().Shell(Sleeper));
        var second = Start(NewBundle().Shell(Sleeper));
        Assert.Equal(new[] { first, second }.Order(StringComparer.Ordinal), Cli.OciOk("list", "-q").Trimmed.Split('\n'));
        var table = Cli.OciOk("list").Trimmed.Split('\n');
        Assert.Equal(3, table.Length);
        Assert.StartsWith("ID", table[0], StringComparison.Ordinal);
        Assert.Contains("created", table.Single(l => l.StartsWith(first + " ", StringComparison.Ordinal)), StringComparison.Ordinal);
        Assert.Contains("running", table.Single(l => l.StartsWith(second + " ", StringComparison.Ordinal)), StringComparison.Ordinal);
        var json = JsonNode.Parse(Cli.OciOk("list", "-f", "json").Text)!.AsArray();
        Assert.Equal([first, second], json.Select(s => (string)s!["id"]!).Order(StringComparer.Ordinal));
        Cli.Oci("list", "--format", "xml").ShouldFail(1, "must be table or json");
    }

    [RootFact]
    public void Wait_returns_at_the_end_and_prints_the_code()
    {
        var id = Start(NewBundle().Shell("trap 'exit 17' USR1; while :; do sleep 0.05; done"));
        using var waiting = Cli.StartOci("wait", id);
        Assert.True(Eventually.Stays(() => !waiting.HasExited, 0.2));
        Cli.OciOk("kill", id, "USR1");
        Assert.Equal("17\n", waiting.Wait().ShouldExit(0).Text);
        Assert.Equal("stopped", Cli.Status(id));
        Assert.Equal("17\n", Cli.OciOk("wait", id).Text);
    }

    private void RefusesIn(string id, string state)
    {
        Assert.Equal(state, Cli.Status(id));
        foreach (var (verb, words, refused) in Table)
        {
            if (refused.Contains(state))
            {
                Cli.Oci([verb, id, .. Words(words)]).ShouldFail(255, $"engine oci {verb}: cannot {verb}", id, $"it is {state}", "must be ");
            }
        }
        Cli.Oci("create", id, "-b", NewBundle().Path).ShouldFail(255, id, "already exists");
        Assert.Equal(state, Cli.Status(id));
    }

    // A file that update can read: what is refused is the state.
    private string[] Words(string[] words)
    {
        var file = Path.Combine(Directory, "resources.json");
        File.WriteAllText(file, "{\"pids\":{\"limit\":100}}");
        return words.Select(w => w == "RESOURCES" ? file : w).ToArray();
    }
}
