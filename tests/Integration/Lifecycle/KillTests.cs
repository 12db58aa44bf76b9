using Engine.Tests.Integration.Support;

namespace Engine.Tests.Integration.Lifecycle;

/// <summary><c>kill</c>, <c>pause</c>, <c>resume</c>, <c>update</c> and <c>delete --force</c>.</summary>
public sealed class KillTests : EngineTest
{
    [RootFact]
    public void Signals_by_name_and_by_number()
    {
        var id = Start(NewBundle().Shell("for s in HUP USR1 USR2 TERM; do trap \"echo $s\" $s; done; echo ready; while :; do sleep 0.05; done"));
        WaitForLog(id, "ready");
        foreach (var (words, name) in new (string[] Words, string Name)[]
        {
            (["USR1"], "USR1"), (["SIGUSR2"], "USR2"), (["sighup"], "HUP"), (["10"], "USR1"), (["--signal", "USR2"], "USR2"), (["-s", "1"], "HUP"), ([], "TERM"),
        })
        {
            var before = Lines(id, name);
            Cli.OciOk(["kill", id, .. words]);
            Eventually.True(() => Lines(id, name) == before + 1, () => $"{name} in the log: {Cli.Oci("logs", id)}");
        }
        Cli.OciOk("kill", "--force", id);
        Assert.Equal("137\n", Cli.OciOk("wait", id).Text);
    }

    [RootFact]
    public void All_reaches_every_process()
    {
        var id = Start(NewBundle().Shell("trap : USR1; sh -c 'trap \"echo child; exit\" USR1; echo ready; while :; do sleep 0.05; done' & while :; do wait; sleep 0.05; done"));
        WaitForLog(id, "ready");
        Cli.OciOk("kill", id, "USR1");
        Cli.OciOk("kill", "--all", id, "USR1");
        WaitForLog(id, "child");
    }

    [RootFact]
    public void A_paused_container_can_be_killed()
    {
        var id = Start(NewBundle().Args("/bin/sleep", "1000"));
        Cli.OciOk("pause", id);
        Cli.OciOk("kill", id, "KILL");
        Assert.Equal("137\n", Cli.OciOk("wait", id).Text);
        Assert.Equal("stopped", Cli.Status(id));
    }

    [RootFact]
    public void A_created_container_can_be_killed()
    {
        var id = Create(NewBundle().Args("/bin/sleep", "1000"));
        Cli.OciOk("kill", id, "KILL");
        Cli.OciOk("wait", id);
        Assert.Equal("stopped", Cli.Status(id));
        Cli.OciOk("delete", id);
    }

    [RootFact]
    public void After_the_timeout_comes_sigkill()
    {
        var stubborn = Start(NewBundle().Shell("trap '' TERM; echo ready; while :; do sleep 0.05; done"));
        WaitForLog(stubborn, "ready");
        Cli.OciOk("kill", "--timeout", "1", stubborn);
        Assert.Equal("137\n", Cli.OciOk("wait", stubborn).Text);
        var willing = Start(NewBundle().Shell("trap 'exit 3' TERM; echo ready; while :; do sleep 0.05; done"));
        WaitForLog(willing, "ready");
        Cli.OciOk("kill", "--timeout", "30", willing);
        Assert.Equal("3\n", Cli.OciOk("wait", willing).Text);
    }

    [RootFact]
    public void A_paused_container_stands_still_and_goes_on()
    {
        var id = Start(NewBundle().Shell("i=0; while :; do i=$((i + 1)); echo $i; sleep 0.02; done"));
        WaitForLog(id, "3\n");
        Cli.OciOk("pause", id);
        Assert.Equal("paused", Cli.Status(id));
        var size = 0L;
        var log = new FileInfo(Cli.DefaultLog(id));
        // What was written before the freeze may still be on its way.
        Eventually.True(() => Same(log, ref size) && Eventually.Stays(() => Same(log, ref size), 0.3), "a log that stands still");
        Cli.OciOk("resume", id);
        Assert.Equal("running", Cli.Status(id));
        Eventually.True(() => !Same(log, ref size), "a log that goes on");
    }

    [RootFact]
    public void Update_changes_what_it_names()
    {
        var id = Start(NewBundle().Shell("while :; do sleep 0.05; done").WithResources(r => r["pids"] = new System.Text.Json.Nodes.JsonObject { ["limit"] = 50 }));
        Assert.Equal("50", Limit(id));
        var file = Path.Combine(Directory, "resources.json");
        File.WriteAllText(file, "{\"pids\":{\"limit\":33}}");
        Cli.OciOk("update", "--from-file", file, id);
        Assert.Equal("33", Limit(id));
        var piped = Cli.Prepare("oci", "update", id, "-f", "-");
        piped.Input = "{\"pids\":{\"limit\":44}}"u8.ToArray();
        piped.Run().ShouldExit(0);
        Assert.Equal("44", Limit(id));
        Cli.OciOk("pause", id);
        Cli.OciOk("update", "--from-file", file, id);
        Assert.Equal("33", Limit(id));
    }

    [RootFact]
    public void Delete_by_force_works_in_every_state()
    {
        foreach (var state in new[] { "created", "running", "paused", "stopped" })
        {
            var id = Create(NewBundle().Shell("trap '' TERM; (sleep 1000 &) ; while :; do sleep 0.05; done"));
            if (state != "created")
            {
                Cli.OciOk("start", id);
            }
            if (state == "paused")
            {
                Cli.OciOk("pause", id);
            }
            if (state == "stopped")
            {
                Cli.OciOk("kill", id, "KILL");
                Cli.OciOk("wait", id);
            }
            Assert.Equal(state, Cli.Status(id));
            var result = Cli.OciOk("delete", "--force", id);
            Assert.Equal("", result.Error);
            Assert.Null(Cli.Status(id));
        }
    }

    [RootFact]
    public void A_created_container_is_deleted_without_force()
    {
        var id = Create(NewBundle().Args("/bin/sleep", "1000"));
        Cli.OciOk("delete", id);
        Assert.Null(Cli.Status(id));
    }

    private static bool Same(FileInfo log, ref long size)
    {
        log.Refresh();
        var before = size;
        size = log.Length;
        return size == before;
    }

    private int Lines(string id, string line) => Cli.OciOk("logs", id).Text.Split('\n').Count(l => l == line);

    private void WaitForLog(string id, string text) =>
        Eventually.True(() => Cli.OciOk("logs", id).Text.Contains(text, StringComparison.Ordinal), $"'{text}' in the log");

    private string Limit(string id)
    {
        var cgroup = Cli.State(id)["engine"]!["cgroups"]!.AsArray().Single(c => c!["controllers"]!.AsArray().Any(n => (string?)n == "pids"))!;
        return File.ReadAllText($"{(string)cgroup["mountpoint"]!}/{((string)cgroup["path"]!).TrimStart('/')}/pids.max").Trim();
    }
}
