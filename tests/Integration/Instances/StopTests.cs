using Engine.Tests.Integration.Support;

namespace Engine.Tests.Integration.Instances;

/// <summary><c>engine instance stop</c>: asks, waits, kills, removes. Patience of an hour shows that nothing waited for it.</summary>
public sealed class StopTests : InstanceTest
{
    private const string Hour = "3600";

    [RootFact]
    public void A_payload_that_listens_ends_by_itself_and_is_removed()
    {
        var log = Path.Combine(Directory, "log");
        var name = NewId();
        Ok("start", "-l", log, NewBundle().Shell(Polite).Path, name);
        WaitForLine(name, "up");
        var result = Ok("stop", "-t", Hour, name);
        Assert.Contains($"stopping {name} instance of", result.Error, StringComparison.Ordinal);
        Assert.Null(Cli.Status(name));
        Assert.Contains("bye", File.ReadAllText(log), StringComparison.Ordinal);
    }

    [RootFact]
    public void The_signal_can_be_chosen()
    {
        var log = Path.Combine(Directory, "log");
        var name = NewId();
        Ok("start", "-l", log, NewBundle().Shell("trap 'echo got usr1; exit' USR1; trap 'echo got int' INT; echo up; while :; do sleep 0.05; done").Path, name);
        WaitForLine(name, "up");
        Ok("stop", "-s", "USR1", "-t", Hour, name);
        Assert.Contains("got usr1", File.ReadAllText(log), StringComparison.Ordinal);
        Assert.DoesNotContain("got int", File.ReadAllText(log), StringComparison.Ordinal);
        Run("stop", "-s", "NOSUCH", name).ShouldFail(1, "NOSUCH");
        Run("stop", "-t", "-1", name).ShouldFail(1, "--timeout");
    }

    [RootFact]
    public void A_first_process_that_cannot_hear_the_signal_is_not_waited_for()
    {
        var name = StartInstance(NewBundle().Args("/bin/sleep", "1000"));
        Ok("stop", "-t", Hour, name);
        Assert.Null(Cli.Status(name));
    }

    public static TheoryData<string, bool> Signals => new()
    {
        // A busybox shell ends with a SIGINT once its program has ended. It has no handler for the other one, and goes on.
        { "INT", false },
        { "USR1", true },
    };

    [RootTheory]
    [MemberData(nameof(Signals))]
    public void The_process_group_of_the_payload_is_asked(string signal, bool parentGoesOn)
    {
        var log = Path.Combine(Directory, "log");
        var name = NewId();
        var bundle = NewBundle().WithFile("/child", $"trap 'echo child bye; exit' {signal}\necho up\nwhile :; do sleep 0.05; done\n").Shell("/bin/sh /child; echo parent bye; exit 5");
        Ok("start", "-l", log, bundle.Path, name);
        WaitForLine(name, "up");
        Ok("stop", "-t", Hour, "-s", signal, name);
        Assert.Contains("child bye", File.ReadAllText(log), StringComparison.Ordinal);
        Assert.Equal(parentGoesOn, File.ReadAllText(log).Contains("parent bye", StringComparison.Ordinal));
    }

    [RootFact]
    public void A_process_group_of_its_own_is_left_to_the_payload()
    {
        var log = Path.Combine(Directory, "log");
        var name = NewId();
        var bundle = NewBundle()
            .WithFile("/child", "trap 'echo child was asked' INT\nwhile [ ! -e /end ]; do sleep 0.05; done\necho child ends\n")
            .Shell("trap 'touch /end; wait; echo bye; exit' INT; setsid /bin/sh /child & echo up; while :; do sleep 0.05; done");
        Ok("start", "-l", log, bundle.Path, name);
        WaitForLine(name, "up");
        Ok("stop", "-t", Hour, name);
        Assert.Matches("(?s)child ends.*bye", File.ReadAllText(log));
        Assert.DoesNotContain("child was asked", File.ReadAllText(log), StringComparison.Ordinal);
    }

    [RootFact]
    public void One_that_does_not_end_is_killed_after_the_timeout()
    {
        var name = StartReady(NewBundle().Shell("trap 'echo no' INT; echo up; while :; do sleep 0.05; done"));
        Ok("stop", "-t", "1", name);
        Assert.Null(Cli.Status(name));
        var forced = StartReady(NewBundle().Shell("trap 'echo no' INT; echo up; while :; do sleep 0.05; done"));
        Ok("stop", "-F", "-t", Hour, "-s", "INT", forced);
        Assert.Null(Cli.Status(forced));
    }

    [RootFact]
    public void A_paused_one_goes_on_to_end()
    {
        var log = Path.Combine(Directory, "log");
        var name = NewId();
        Ok("start", "-l", log, NewBundle().Shell(Polite).Path, name);
        WaitForLine(name, "up");
        Cli.OciOk("pause", name);
        Ok("stop", "-t", Hour, name);
        Assert.Contains("bye", File.ReadAllText(log), StringComparison.Ordinal);
        Assert.Null(Cli.Status(name));
    }

    [RootFact]
    public void Many_start_at_once_and_all_stop_and_containers_stay()
    {
        var bundle = NewBundle().Args("/bin/sleep", "1000").Path;
        var names = Enumerable.Range(0, 12).Select(_ => NewId()).ToList();
        var container = Start(NewBundle().Args("/bin/sleep", "1000"));
        var running = names.Select(name => StartCommand("start", bundle, name)).ToList();
        running.ForEach(command => command.Wait().ShouldExit(0));
        running.ForEach(command => command.Dispose());
        Assert.Equal(names.Order(StringComparer.Ordinal), List().Keys);
        Ok("stop", "--all");
        Assert.Empty(List("--all"));
        Assert.Equal("running", Cli.Status(container));
        Ok("stop", "--all");
    }

    [RootFact]
    public void Patterns_and_several_names_and_those_that_are_not_there()
    {
        var bundle = NewBundle().Args("/bin/sleep", "1000").Path;
        var names = Enumerable.Range(0, 3).Select(_ => NewId()).ToList();
        names.ForEach(name => Ok("start", bundle, name));
        var result = Run("stop", names[0], "no-such", "instance://" + names[1]).ShouldExit(255);
        Assert.Contains("no instance \"no-such\"", result.Error, StringComparison.Ordinal);
        Assert.Equal([names[2]], List("-a").Keys);
        Ok("stop", names[2][..^1] + "[0-9]");
        Assert.Empty(List("-a"));
        Run("stop").ShouldFail(1, "--all");
    }

    [RootFact]
    public void One_that_has_ended_is_removed_with_its_poststop_hooks()
    {
        var hooked = Path.Combine(Directory, "hooked");
        var name = StartInstance(NewBundle().Args("/bin/true").WithHook("poststop", "/bin/sh", ["sh", "-c", $"echo x >> {hooked}"]));
        Cli.OciOk("wait", name);
        var running = Enumerable.Range(0, 4).Select(_ => StartCommand("stop", name)).ToList();
        var results = running.Select(command => command.Wait()).ToList();
        running.ForEach(command => command.Dispose());
        Assert.Contains(results, result => result.ExitCode == 0);
        Assert.All(results.Where(result => result.ExitCode != 0), loser => Assert.Contains(name, loser.Error, StringComparison.Ordinal));
        Assert.Null(Cli.Status(name));
        Assert.Equal("x\n", File.ReadAllText(hooked));
    }

    [RootFact]
    public void One_without_its_supervisor_is_stopped_all_the_same()
    {
        var name = StartReady(NewBundle().Shell(Polite));
        Native.Check(Native.kill((int)Cli.State(name)["supervisor"]!["pid"]!, 9), "kill");
        Ok("stop", "-t", Hour, name);
        Assert.Null(Cli.Status(name));
    }
}
