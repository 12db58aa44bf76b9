using System.Text.RegularExpressions;
using Engine.Tests.Integration.Support;

namespace Engine.Tests.Integration.Robustness;

/// <summary>A master or a pump that dies is replaced; the payload does not notice, and who comes back goes on.</summary>
public sealed partial class ReplacementTests : EngineTest
{
    // Every trouble with its output is written down where the test finds it.
    private const string Counter =
        "trap 'echo pipe >>/trouble' PIPE; trap 'echo hangup >>/trouble' HUP; i=0; while :; do i=$((i+1)); echo \"count $i\" || echo \"write $i\" >>/trouble; sleep 0.02; done";

    [GeneratedRegex(@"count (\d+)\r?$", RegexOptions.Multiline)]
    private static partial Regex CountLine();

    [RootTheory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_killed_pump_is_replaced_and_the_payload_does_not_notice(bool terminal)
    {
        var bundle = NewBundle().Shell(Counter);
        if (terminal)
        {
            bundle.WithTerminal();
        }
        var id = Start(bundle);
        var roles = new Roles(Cli, id);
        var log = Cli.DefaultLog(id);
        for (var round = 0; round < 3; round++)
        {
            Eventually.True(() => Counts(File.ReadAllText(log)).Count > 5 * (round + 1), "a counter in the log");
            var before = Counts(File.ReadAllText(log))[^1];
            roles.KillAndAwaitReplacement(Role.Pump);
            Eventually.True(() => Counts(File.ReadAllText(log))[^1] > before + 5, "the log going on");

            using var client = Cli.Attach(id);
            Eventually.True(() => Counts(client.Output()) is { Count: > 3 } seen && seen[^1] > before, "output for a client that came back");
        }

        Assert.True(ProcFs.Lives(roles.Payload));
        Assert.False(File.Exists(bundle.Rootfs + "/trouble"), "the payload noticed");
        AssertOrder(Counts(File.ReadAllText(log)), rounds: 3);
    }

    [RootFact]
    public void A_client_is_served_by_the_pump_that_follows_with_input_and_exit_code()
    {
        var id = Start(NewBundle().Shell("while read line; do echo \"got $line\"; [ \"$line\" = end ] && exit 7; done; echo eof"));
        var roles = new Roles(Cli, id);
        using (var first = Cli.Attach(id, framed: true))
        {
            first.Type("one\n");
            first.WaitFor("got one");
            roles.KillAndAwaitReplacement(Role.Pump);
            first.WaitForEnd();
        }
        using var second = Cli.Attach(id, framed: true);
        second.Type("two\n");
        second.WaitFor("got two");
        second.Type("end\n");
        second.WaitFor("got end");
        Eventually.True(() => second.ExitCode == 7, "the exit code");
        Cli.WaitForStatus(id, "stopped");
        Assert.Contains("got one", File.ReadAllText(Cli.DefaultLog(id)), StringComparison.Ordinal);
    }

    [RootFact]
    public void A_pump_that_is_killed_while_its_payload_floods_it_loses_no_payload()
    {
        var id = Start(NewBundle().Shell("yes 0123456789012345678901234567890123456789 | head -c 20000000; sleep 1; exit 5"));
        var roles = new Roles(Cli, id);
        for (var i = 0; i < 4 && ProcFs.Lives(roles.Payload); i++)
        {
            Eventually.True(() => roles.Pump is not null || !ProcFs.Lives(roles.Payload), "a pump");
            roles.Kill(Role.Pump);
        }
        Cli.WaitForStatus(id, "stopped", 60);
        Assert.Equal(5, (int)Cli.State(id)["exitCode"]!);
    }

    [RootFact]
    public void A_killed_master_comes_back_for_the_next_client()
    {
        var id = Start(NewBundle().Shell(Counter));
        var roles = new Roles(Cli, id);
        for (var round = 0; round < 3; round++)
        {
            using (var client = Cli.Control(id))
            {
                Assert.Equal("running", (string?)client.CallOk("state")!["status"]);
            }
            roles.Kill(Role.Master);
            Cli.OciOk("pause", id);
            Assert.Equal("paused", Cli.Status(id));
            roles.Kill(Role.Master);
            Cli.OciOk("resume", id);
            Assert.Equal("running", Cli.Status(id));
        }
        Assert.True(ProcFs.Lives(roles.Payload));
    }

    [RootFact]
    public void A_client_of_a_killed_master_sees_the_end_and_may_come_again()
    {
        var id = Start(NewBundle().Shell(Counter));
        var roles = new Roles(Cli, id);
        using (var client = Cli.Control(id))
        {
            client.CallOk("subscribe");
            roles.Kill(Role.Master);
            client.WaitForEnd();
        }
        using var again = Cli.Control(id);
        again.CallOk("subscribe");
        Cli.OciOk("kill", id, "KILL");
        again.WaitForNotification("exited", _ => true);
    }

    [RootFact]
    public void An_idle_master_leaves_and_comes_back()
    {
        var id = Start(NewBundle().Shell(Counter));
        var roles = new Roles(Cli, id);
        for (var round = 0; round < 2; round++)
        {
            Eventually.True(() => roles.Master is null, "the idle master's end", 60);
            using var client = Cli.Control(id);
            Assert.Equal("running", (string?)client.CallOk("state")!["status"]);
            Assert.NotNull(roles.Master);
        }
    }

    [RootFact]
    public void Without_its_supervisor_the_container_lives_and_can_be_ended()
    {
        var bundle = NewBundle().Shell(Counter);
        var id = Start(bundle);
        var roles = new Roles(Cli, id);
        var log = Cli.DefaultLog(id);
        Eventually.True(() => Counts(File.ReadAllText(log)).Count > 5, "a counter in the log");
        roles.Kill(Role.Supervisor);
        Eventually.True(() => !ProcFs.Lives(roles.Supervisor), "the supervisor's end");

        Assert.Equal("running", Truth.Status(Cli, id));
        var before = Counts(File.ReadAllText(log))[^1];
        Eventually.True(() => Counts(File.ReadAllText(log))[^1] > before + 5, "the log going on");
        using (var client = Cli.Attach(id))
        {
            Eventually.True(() => Counts(client.Output()) is { Count: > 3 } seen && seen[^1] > before, "output through attach");
        }
        Assert.False(File.Exists(bundle.Rootfs + "/trouble"), "the payload noticed");

        Cli.OciOk("kill", id, "KILL");
        Cli.WaitForStatus(id, "stopped");
        Cli.OciOk("delete", "--force", id);
    }

    private static List<int> Counts(string text) =>
        CountLine().Matches(text).Select(m => int.Parse(m.Groups[1].Value, System.Globalization.CultureInfo.InvariantCulture)).ToList();

    // What a killed pump had in its hands is lost: at most one read (64 KiB is thousands of these lines, a pump that keeps up holds
    // a few). Nothing comes twice, nothing out of order.
    private static void AssertOrder(List<int> counts, int rounds)
    {
        var gaps = 0;
        for (var i = 1; i < counts.Count; i++)
        {
            Assert.True(counts[i] > counts[i - 1], $"{counts[i]} after {counts[i - 1]}");
            gaps += counts[i] > counts[i - 1] + 1 ? 1 : 0;
        }
        Assert.InRange(gaps, 0, rounds);
    }
}
