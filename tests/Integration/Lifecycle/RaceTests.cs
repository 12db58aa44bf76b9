using Engine.Tests.Integration.Support;

namespace Engine.Tests.Integration.Lifecycle;

/// <summary>Two callers at once: one wins, the others are told, and nothing is left.</summary>
public sealed class RaceTests : EngineTest
{
    private const int Callers = 6;

    [RootFact]
    public void Of_concurrent_creates_of_one_id_exactly_one_wins()
    {
        var id = NewId();
        var bundle = NewBundle().Args("/bin/sleep", "1000").Path;
        var results = AllAtOnce("create", id, "-b", bundle);
        Assert.Single(results, r => r.ExitCode == 0);
        foreach (var loser in results.Where(r => r.ExitCode != 0))
        {
            loser.ShouldFail(255, id, "already exists");
        }
        Assert.Equal("created", Cli.Status(id));
        Cli.OciOk("start", id);
        Assert.Equal("running", Cli.Status(id));
    }

    [RootFact]
    public void Of_concurrent_starts_exactly_one_wins()
    {
        var id = Create(NewBundle().Shell("echo started; exec sleep 1000"));
        var results = AllAtOnce("start", id);
        Assert.Single(results, r => r.ExitCode == 0);
        foreach (var loser in results.Where(r => r.ExitCode != 0))
        {
            loser.ShouldFail(255, id);
        }
        Assert.Equal("running", Cli.Status(id));
        Eventually.True(() => Cli.OciOk("logs", id).Text == "started\n", "one line in the log");
    }

    [RootFact]
    public void Concurrent_forced_deletes_all_succeed_and_remove_everything()
    {
        var id = Start(NewBundle().Args("/bin/sleep", "1000"));
        foreach (var result in AllAtOnce("delete", "--force", id))
        {
            result.ShouldExit(0);
        }
        Assert.Null(Cli.Status(id));
    }

    [RootFact]
    public void Concurrent_deletes_of_a_stopped_container_remove_it_once()
    {
        var id = Start(NewBundle().Args("/bin/true"));
        Cli.OciOk("wait", id);
        var results = AllAtOnce("delete", id);
        Assert.Contains(results, r => r.ExitCode == 0);
        foreach (var loser in results.Where(r => r.ExitCode != 0))
        {
            loser.ShouldFail(255, id);
        }
        Assert.Null(Cli.Status(id));
    }

    private List<CommandResult> AllAtOnce(params string[] words)
    {
        var running = Enumerable.Range(0, Callers).Select(_ => Cli.StartOci(words)).ToList();
        var results = running.Select(r => r.Wait()).ToList();
        running.ForEach(r => r.Dispose());
        return results;
    }
}
