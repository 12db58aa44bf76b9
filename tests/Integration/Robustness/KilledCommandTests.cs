using Engine.Tests.Integration.Support;

namespace Engine.Tests.Integration.Robustness;

/// <summary>SIGKILL of the command that the user typed, in the middle of its work.</summary>
public sealed class KilledCommandTests : EngineTest
{
    private static readonly double[] Moments = [2, 7, 12, 20];

    public static TheoryData<string> Verbs() => ["start", "pause", "kill", "exec", "delete", "delete --force", "run"];

    [RootTheory]
    [MemberData(nameof(Verbs))]
    public void A_killed_command_leaves_a_container_that_can_be_deleted(string verb)
    {
        foreach (var moment in Moments)
        {
            var bundle = NewBundle().Shell("while :; do echo tick; sleep 0.05; done");
            var id = verb == "run" ? NewId() : verb is "start" or "delete" ? Create(bundle) : Start(bundle);
            string[] arguments = verb switch
            {
                "run" => ["run", id, "-b", bundle.Path],
                "exec" => ["exec", id, "/bin/sleep", "1000"],
                "kill" => ["kill", id, "KILL"],
                "delete --force" => ["delete", "--force", id],
                _ => [verb, id],
            };
            using (var command = Cli.StartOci(arguments))
            {
                command.CloseInput();
                var watch = System.Diagnostics.Stopwatch.StartNew();
                SpinWait.SpinUntil(() => watch.Elapsed.TotalMilliseconds >= moment);
                _ = Native.kill(command.Pid, 9);
                // What exec runs lives on with the command's streams, as the child of a killed shell does.
                Eventually.True(() => command.HasExited, $"the end of {verb}");
            }
            _ = Truth.Status(Cli, id);
            Cli.OciOk("delete", "--force", id);
            new LeakGate(id, Cli.Root).AssertNothingLeft();
        }
    }
}
