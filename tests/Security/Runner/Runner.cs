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

    /// <summary>It has no meaning in this column.</summary>
    Without,

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
        entry.WhyNot(column) is { } why ? new Attempt(column.Name, Outcome.Without, why, 0)
        : column.Missing() is { } missing ? new Attempt(column.Name, Outcome.Skip, missing, 0)
        : Judge(entry.Prove, column.Name, () => New(column, Installation.Out), column.IsPrivileged ? [] : entry.RefusedBy, isControl: false);

    /// <summary>The same proof against a control, which it must catch.</summary>
    public Attempt Try(Entry entry, Control control)
    {
        switch (control)
        {
            case PeerControl peer:
                return Installation.Find(peer.Program) is { } program
                    ? Judge(entry.Prove, peer.Name, () => new Scenario(Columns.Get("root"), null, program, ++_count, @long), null, isControl: true)
                    : new Attempt(peer.Name, Outcome.Skip, $"{peer.Program} is not installed", 0);
            case FaultControl fault:
                var directory = FaultTree.Of(fault.Fault);
                var column = Columns.Get(fault.Column);
                if (column.Missing() is { } missing)
                {
                    return new Attempt(fault.Name, Outcome.Skip, missing, 0);
                }
                var starter = Installation.Starter;
                Installation.Starter = Path.Combine(directory, "libexec/engine/starter");
                try
                {
                    return Judge(entry.Prove, fault.Name, () => New(column, directory), null, isControl: true);
                }
                finally
                {
                    Installation.Starter = starter;
                }
            case SampleControl sample:
                return Judge(sample.Prove, sample.Name, () => New(Columns.Get(sample.Column), Installation.Out), null, isControl: true);
            default:
                throw new InvalidOperationException(control.Name);
        }
    }

    private Scenario New(Column column, string installation) => new(column, installation, null, ++_count, @long);

    // refusedBy: the rules whose names must be seen; null: whatever is.
    private Attempt Judge(Func<Scenario, string> prove, string against, Func<Scenario> make, string[]? refusedBy, bool isControl)
    {
        var watch = Stopwatch.StartNew();
        var late = false;
        using var watchdog = new Timer(_ =>
        {
            late = true;
            KillRest();
        }, null, TimeSpan.FromSeconds(_seconds), TimeSpan.FromSeconds(5));
        Scenario scenario;
        try
        {
            scenario = make();
        }
        catch (Exception e) when (e is IOException or InvalidOperationException)
        {
            return new Attempt(against, Outcome.Error, e.Message, 0);
        }
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
        if (refusedBy is not null && outcome is Outcome.Clean or Outcome.Error)
        {
            (outcome, seen) = WithRefusals(outcome, seen, refusedBy, scenario.Rules);
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

    // A proof that was refused what it needs has ended where it was: that is no error, if the rule is the one that the entry names.
    private static (Outcome, string) WithRefusals(Outcome outcome, string seen, string[] expected, IReadOnlySet<string> rules)
    {
        if (!rules.SetEquals(expected))
        {
            var (missing, other) = (expected.Except(rules).ToList(), rules.Except(expected).ToList());
            return (Outcome.Error, $"{(missing.Count > 0 ? $"not refused by {string.Join(", ", missing)}; " : "")}{(other.Count > 0 ? $"refused by {string.Join(", ", other)}, which the entry does not name; " : "")}{seen}");
        }
        var refused = $"refused by the policy: {string.Join(", ", rules)}";
        return rules.Count == 0 ? (outcome, seen) : (Outcome.Clean, outcome == Outcome.Clean ? $"{seen}; {refused}" : refused);
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
