using System.Diagnostics;
using Engine.Tests.Security.Faults;

namespace Engine.Tests.Security.Runner;

/// <summary>What a proof came to.</summary>
internal enum Outcome
{
    /// <summary>The attack did not work.</summary>
    Clean,

    /// <summary>It did.</summary>
    Breach,

    /// <summary>This machine cannot tell.</summary>
    Skip,

    /// <summary>The attempt went wrong.</summary>
    Error,
}

/// <summary>One proof against one engine or control, and what was seen.</summary>
internal sealed record Attempt(string Against, Outcome Outcome, string Seen, long Milliseconds);

/// <summary>Runs the proofs of one entry, each with a fresh scenario, a deadline and the comparison of the host.</summary>
internal sealed class EntryRunner(bool @long)
{
    private readonly double _seconds = @long ? 1200 : 90;
    private int _count;

    /// <summary>The entry against each workflow.</summary>
    public Attempt Try(Entry entry, Column column) =>
        column.Missing() is { } missing ? new Attempt(column.Name, Outcome.Skip, missing, 0)
        : Judge(entry.Prove, column.Name, column, Path.Combine(Installation.Out, column.Program), isControl: false);

    /// <summary>The same proof against a control, which it must catch.</summary>
    public Attempt Try(Entry entry, Control control)
    {
        switch (control)
        {
            case PeerControl peer:
                return Installation.Find(peer.Program) is { } program
                    ? Judge(entry.Prove, peer.Name, Columns.Get("root"), program, isControl: true)
                    : new Attempt(peer.Name, Outcome.Skip, $"{peer.Program} is not installed", 0);
            case FaultControl fault:
                var directory = FaultTree.Of(fault.Fault);
                var column = Columns.Get(fault.Column);
                var starter = Installation.Starter;
                Installation.Starter = Path.Combine(directory, "libexec/engine/starter");
                try
                {
                    return Judge(entry.Prove, fault.Name, column, Path.Combine(directory, column.Program), isControl: true);
                }
                finally
                {
                    Installation.Starter = starter;
                }
            case SampleControl sample:
                return Judge(sample.Prove, sample.Name, Columns.Get("root"), Path.Combine(Installation.Out, "bin/engine-runc"), isControl: true);
            default:
                throw new InvalidOperationException(control.Name);
        }
    }

    private Attempt Judge(Func<Scenario, string> prove, string against, Column column, string program, bool isControl)
    {
        var watch = Stopwatch.StartNew();
        var late = false;
        using var watchdog = new Timer(_ =>
        {
            late = true;
            KillRest();
        }, null, TimeSpan.FromSeconds(_seconds), TimeSpan.FromSeconds(5));
        var scenario = new Scenario(column, program, ++_count, @long);
        var (outcome, seen) = (Outcome.Clean, "");
        try
        {
            seen = prove(scenario);
        }
        catch (BreachException e)
        {
            (outcome, seen) = (Outcome.Breach, e.Message);
        }
        catch (SkipException e)
        {
            (outcome, seen) = (Outcome.Skip, e.Message);
        }
        catch (Exception e)
        {
            (outcome, seen) = (Outcome.Error, e is Xunit.Sdk.XunitException ? e.Message : $"{e.GetType().Name}: {e.Message} {e.StackTrace?.Split('\n').FirstOrDefault(l => l.Contains("Entries", StringComparison.Ordinal))?.Trim()}");
        }
        try
        {
            scenario.Finish(isControl);
        }
        catch (BreachException e) when (outcome != Outcome.Breach)
        {
            (outcome, seen) = (Outcome.Breach, e.Message);
        }
        catch (Exception e) when (outcome != Outcome.Breach)
        {
            (outcome, seen) = (Outcome.Error, $"{seen}\n{e.Message}");
        }
        catch (Exception e)
        {
            seen += $"\nand {e.Message}";
        }
        return late ? new Attempt(against, Outcome.Error, $"did not end within {_seconds} s; {seen}", watch.ElapsedMilliseconds)
            : new Attempt(against, outcome, seen, watch.ElapsedMilliseconds);
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
