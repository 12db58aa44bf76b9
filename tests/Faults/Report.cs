using System.Globalization;
using Engine.Tests.Faults.Injection;

namespace Engine.Tests.Faults;

/// <summary>A line for what fails and for every entry, sums at the end.</summary>
internal sealed class Report(TextWriter output)
{
    private readonly SortedDictionary<string, int> _endings = new(StringComparer.Ordinal);
    private int _passed, _skipped;

    public int Failed { get; private set; }

    public void Note(string text) => Write($"# {text}");

    public void Skip(string name, string why)
    {
        _skipped++;
        Write($"skip {name} — {why}");
    }

    /// <summary>One injected fault: counted by its ending; only a bad one is a line.</summary>
    public void Try(string name, string verb, Func<Ending> run)
    {
        try
        {
            var key = $"{verb} {run()}";
            _endings[key] = _endings.GetValueOrDefault(key) + 1;
            _passed++;
        }
        catch (Exception e)
        {
            Fail(name, e);
        }
        if ((_passed + Failed) % 500 == 0)
        {
            Note($"{_passed} passed, {Failed} failed so far");
        }
    }

    /// <summary>One entry, a line whatever comes of it.</summary>
    public void Entry(string name, Action prove)
    {
        try
        {
            prove();
            _passed++;
            Write($"ok   {name}");
        }
        catch (SkipException e)
        {
            Skip(name, e.Message);
        }
        catch (Exception e)
        {
            Fail(name, e);
        }
    }

    /// <summary>Something that must not fail, and is no case; without a name it may.</summary>
    public void Guard(string? name, Action action)
    {
        try
        {
            action();
        }
        catch (Exception e)
        {
            if (name is not null)
            {
                Fail(name, e);
            }
        }
    }

    public void Close()
    {
        foreach (var (ending, count) in _endings)
        {
            Note($"{ending}: {count.ToString(CultureInfo.InvariantCulture)}");
        }
        Write($"{_passed} passed, {Failed} failed{(_skipped > 0 ? $", {_skipped} skipped" : "")}");
    }

    // Whatever a fault makes the proof throw (state that is no JSON, a file that is not there) is its failure.
    private void Fail(string name, Exception e)
    {
        Failed++;
        var text = e is Xunit.Sdk.XunitException ? e.Message : $"{e.GetType().Name}: {e.Message}";
        Write($"FAIL {name} — {string.Join("; ", text.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))}");
    }

    private void Write(string line)
    {
        output.WriteLine(line);
        output.Flush();
    }
}

/// <summary>The machine, not the engine, keeps an entry from being proved.</summary>
internal sealed class SkipException(string reason) : Exception(reason);
