using Engine.Tests.Faults.Injection;

namespace Engine.Tests.Faults.Entries;

/// <summary>SIGKILL during a creation: of the command at each of its system calls, of two processes at once.</summary>
internal static class Kills
{
    private const int Pairs = 40, CommandCalls = 60;
    private static readonly string[] Victims = ["engine", "starter", "starter:[2:sup]", "starter:[4:con]", "master", "engine-pump"];

    public static Entry[] All { get; } =
    [
        new("FI01.calls", "a create that is killed at any of its system calls leaves a container that is whole, or none", AtCalls),
        new("FI06.pairs", "two of the processes of a creation killed together leave nothing after delete", InPairs),
    ];

    // The command's main thread alone: about a thousand calls, of which a run takes some.
    private static void AtCalls(Ground ground)
    {
        var injector = new Injector(ground) { FollowsCommand = true };
        var bundle = ground.NewBundle().Probe("forever").Path;
        var id = ground.NewId();
        injector.Run(null, [], "create", id, "-b", bundle).ShouldExit(0);
        var calls = injector.Calls.Where(c => c.Stage == "c:cli").SelectMany(c => Enumerable.Range(1, c.Times).Select(n => (c.Number, n))).ToArray();
        ground.DeleteAndCheck(id);
        new Random(1).Shuffle(calls);
        var met = 0;
        foreach (var (number, count) in calls.Take(CommandCalls))
        {
            id = ground.NewId();
            var result = injector.Run(new Fault("c:cli", number, count, "kill"), [], "create", id, "-b", bundle);
            met += injector.Met ? 1 : 0;
            Assert.Contains(result.ExitCode, new[] { 0, 137 });
            if (Truth.Status(ground.Cli, id) == "created")
            {
                ground.Cli.OciOk("start", id);
            }
            ground.DeleteAndCheck(id);
        }
        Assert.InRange(met, CommandCalls / 2, CommandCalls);
    }

    private static void InPairs(Ground ground)
    {
        var random = new Random(1);
        var bundle = ground.NewWaiting().Path;
        var met = 0;
        for (var i = 0; i < Pairs; i++)
        {
            var id = ground.NewId();
            var (first, second) = (Victims[random.Next(Victims.Length)], Victims[random.Next(Victims.Length)]);
            var moment = random.NextDouble() * 60;
            var watch = System.Diagnostics.Stopwatch.StartNew();
            using (var create = ground.Cli.StartOci("create", id, "-b", bundle))
            {
                create.CloseInput();
                SpinWait.SpinUntil(() => watch.Elapsed.TotalMilliseconds >= moment);
                met += Kill(create.Pid, first) | Kill(create.Pid, second);
                Assert.Contains(create.Wait(30).ExitCode, new[] { 0, 255, 137 });
            }
            _ = Truth.Status(ground.Cli, id);
            ground.DeleteAndCheck(id);
        }
        Assert.InRange(met, Pairs / 8, Pairs);
    }

    private static int Kill(int command, string victim)
    {
        var met = 0;
        foreach (var pid in LeakGate.Processes())
        {
            var name = (ProcFs.Read(pid, "comm") ?? "").TrimEnd('\n');
            var fits = victim switch
            {
                "engine" => pid == command,
                "master" => name == "engine" && pid != command && ProcFs.Status(pid, "Uid")?.StartsWith('0') == false,
                _ => name.StartsWith(victim, StringComparison.Ordinal) && pid != command,
            };
            met |= fits && Native.kill(pid, 9) == 0 ? 1 : 0;
        }
        return met;
    }
}
