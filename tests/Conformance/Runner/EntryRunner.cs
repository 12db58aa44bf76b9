using System.Diagnostics;

namespace Engine.Tests.Conformance.Runner;

/// <summary>Runs one entry: a fresh scenario, a deadline, and the gate that finds what is left behind.</summary>
internal sealed class EntryRunner(string runtime, CgroupView view)
{
    // A command has its own, shorter deadline (Oci); this one ends an entry whose commands hang one after the other.
    private const double Seconds = 60;

    private int _count;

    public Result Run(Entry entry)
    {
        var watch = Stopwatch.StartNew();
        var (outcome, reason) = Judge(entry);
        if (outcome == Outcome.Fail)
        {
            // Some peers lose races on a busy machine, which says nothing about what they do. What holds at the second try says so.
            var first = reason;
            (outcome, reason) = Judge(entry);
            reason = outcome == Outcome.Ok ? $"only at the second try: {first}" : reason;
        }
        return new Result(entry, outcome, reason, watch.ElapsedMilliseconds);
    }

    private (Outcome, string) Judge(Entry entry)
    {
        var late = false;
        using var watchdog = new Timer(_ =>
        {
            late = true;
            KillRest();
        }, null, TimeSpan.FromSeconds(Seconds), TimeSpan.FromSeconds(5));
        var scenario = new Scenario(runtime, view, ++_count);
        var (outcome, reason) = (Outcome.Ok, "");
        try
        {
            entry.Prove(scenario);
        }
        catch (SkipException e)
        {
            (outcome, reason) = (Outcome.Skip, e.Message);
        }
        catch (Exception e)
        {
            // Whatever a runtime's answer makes the proof throw (text that is no JSON, a file that is not there) is its failure.
            (outcome, reason) = (Outcome.Fail, e is Xunit.Sdk.XunitException ? e.Message : $"{e.GetType().Name}: {e.Message}");
        }
        try
        {
            scenario.Finish();
        }
        catch (Exception e) when (outcome != Outcome.Fail)
        {
            (outcome, reason) = (Outcome.Fail, e.Message);
        }
        catch (Exception e)
        {
            reason += $"\nand {e.Message}";
        }
        return late ? (Outcome.Fail, $"did not end within {Seconds} s\n{reason}") : (outcome, reason);
    }

    // Only processes of this run: they carry its tag in their cgroup.
    private static void KillRest()
    {
        foreach (var pid in LeakGate.Processes())
        {
            _ = Native.kill(pid, 9);
        }
    }
}
