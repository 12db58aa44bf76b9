using System.Diagnostics;
using System.Globalization;
using Engine.Tests.Integration.Support;

namespace Engine.Tests.Integration.Robustness;

/// <summary>SIGKILL at random moments of a creation: of the command, of any process that works for it, of all of them.</summary>
public sealed class KillDuringCreateTests : EngineTest
{
    private const int LatestMoment = 60;
    private static readonly string[] Victims = ["engine", "engine", "starter", "starter:[2:sup]", "starter:[4:con]", "master", "engine-pump", "all"];

    [RootFact]
    public void Whoever_is_killed_whenever_nothing_stays_after_delete()
    {
        var kills = int.Parse(Environment.GetEnvironmentVariable("ENGINE_TEST_KILLS") ?? "150", CultureInfo.InvariantCulture);
        var seed = Environment.TickCount;
        var random = new Random(seed);
        var bundle = NewBundle().Args("/bin/sleep", "1000").Path;
        var met = 0;
        for (var i = 0; i < kills; i++)
        {
            var victim = Victims[i % Victims.Length];
            var moment = random.NextDouble() * LatestMoment;
            var id = NewId();
            try
            {
                met += KillOne(id, bundle, victim, moment) ? 1 : 0;
            }
            catch (Exception e)
            {
                throw new InvalidOperationException($"kill {i} (seed {seed}): {victim} after {moment:F2} ms: {e.Message}", e);
            }
        }
        // A sweep that hits nobody proves nothing.
        Assert.InRange(met, kills / 4, kills);
    }

    private bool KillOne(string id, string bundle, string victim, double moment)
    {
        var gate = new LeakGate(id, Cli.Root);
        var watch = Stopwatch.StartNew();
        using var create = Cli.StartOci("create", id, "-b", bundle);
        create.CloseInput();
        SpinWait.SpinUntil(() => watch.Elapsed.TotalMilliseconds >= moment);
        var met = Kill(create, victim);

        var result = create.Wait(30);
        Assert.Contains(result.ExitCode, new[] { 0, 255, 137 });
        var status = Truth.Status(Cli, id);
        // A creation that failed takes everything back by itself.
        Assert.True(status is null || result.ExitCode != 255, $"the creation failed, and the container is {status}\n{result}");
        Assert.True(status is not null || result.ExitCode != 0, $"the creation succeeded, and there is no container\n{result}");
        if (status == "created" && result.ExitCode == 0)
        {
            _ = Cli.Oci("start", id);
        }

        Cli.OciOk("delete", "--force", id);
        gate.AssertNothingLeft();
        return met;
    }

    private static bool Kill(RunningCommand create, string victim)
    {
        if (victim == "engine")
        {
            var lives = !create.HasExited;
            _ = lives && Native.kill(create.Pid, 9) == 0;
            return lives;
        }
        var met = false;
        foreach (var pid in LeakGate.Processes())
        {
            var name = (ProcFs.Read(pid, "comm") ?? "").TrimEnd('\n');
            var uid = ProcFs.Status(pid, "Uid") ?? "0";
            var fits = victim switch
            {
                "all" => true,
                "master" => name == "engine" && !uid.StartsWith('0'),
                _ => name.StartsWith(victim, StringComparison.Ordinal) && pid != create.Pid,
            };
            met |= fits && Native.kill(pid, 9) == 0;
        }
        return met;
    }
}
