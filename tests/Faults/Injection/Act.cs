namespace Engine.Tests.Faults.Injection;

/// <summary>How a fault ended. Both are good: a bad end is an exception.</summary>
internal enum Ending
{
    /// <summary>The run never came to that call.</summary>
    NotMet,

    /// <summary>The command did what it should, and the payload was exactly what it is without the fault.</summary>
    Unaffected,

    /// <summary>The command failed with one line, the payload did not run.</summary>
    Refused,

    /// <summary>The command succeeded, and a later one failed so; the payload did not run.</summary>
    RefusedLater,

    /// <summary>The payload was started as it should be, and the command failed with one line.</summary>
    RanAndReported,

    /// <summary>The process was killed on its way to the payload, and its exit code says so: as if the payload had been.</summary>
    Killed,
}

/// <summary>One verb with a fault in it, and the proof of what must hold whatever the fault was.</summary>
internal abstract class Act(Workflow workflow, Shape shape)
{
    // A file that only a payload that runs makes.
    private const string Mark = "/tmp/ran";

    private static readonly string[] Look = ["create", Mark, "id", "caps", "status", "rlimits", "cwd", "fds"];

    private string[] _expected = [];

    public abstract string Verb { get; }

    public string Name => $"{workflow.Name} {shape.Name} {Verb}";

    /// <summary>The ground that all cases of the act share.</summary>
    protected Ground Ground { get; } = new(workflow, TestRun.Tag + "-");

    protected Injector Injector => field ??= new(Ground);

    /// <summary>A clean run, recorded: the calls that can fail, and what the payload looks like.</summary>
    public abstract IReadOnlyList<Seen> Record();

    /// <summary>One run with the fault. A failure costs the following cases nothing.</summary>
    public Ending Run(Fault fault)
    {
        try
        {
            var ending = Try(fault);
            Assert.True(!fault.IsStop || ending is Ending.Unaffected or Ending.NotMet, $"a pause made it end as {ending}");
            return ending;
        }
        catch (Exception)
        {
            Ground.Abandon();
            throw;
        }
    }

    protected abstract Ending Try(Fault fault);

    public virtual void Finish() => Ground.Finish();

    protected Bundle NewBundle(params string[] payload)
    {
        var bundle = Ground.NewBundle();
        shape.Apply(bundle);
        return bundle.Probe(payload.Length > 0 ? payload : Look);
    }

    /// <summary>The look as the command of an exec.</summary>
    protected static string[] LookInside => [.. Look.Prepend("/probe")];

    protected static bool Ran(Bundle bundle) => File.Exists(bundle.Rootfs + Mark);

    protected static void Forget(Bundle bundle) => File.Delete(bundle.Rootfs + Mark);

    /// <summary>The payload's identity is from now on this.</summary>
    protected void Expect(string output)
    {
        _expected = Lines(output);
        Assert.All(shape.Must, line => Assert.Contains(line, _expected));
    }

    protected void AssertAsExpected(string output) => Assert.Equal(_expected, Lines(output));

    /// <summary>The same of the log: without its supervisor, the pump writes on when the container is already told as stopped.</summary>
    protected void AssertLoggedAsExpected(string id)
    {
        _ = Eventually.Holds(() => Lines(Logged(id)).Length >= _expected.Length);
        AssertAsExpected(Logged(id));
    }

    /// <summary>What the payload of a monitored container has written so far.</summary>
    protected string Logged(string id)
    {
        var log = Ground.Cli.DefaultLog(id);
        return File.Exists(log) ? string.Join('\n', File.ReadLines(log).Select(l => l.Split(' ', 4)[^1])) : "";
    }

    /// <summary>As <see cref="AssertAsExpected"/> for a payload that was ended in the middle of it.</summary>
    protected void AssertBeginsAsExpected(string output)
    {
        var lines = Lines(output);
        Assert.Equal(_expected.Take(Math.Max(0, lines.Length - 1)), lines.SkipLast(1));
    }

    /// <summary>One line that says what is wrong, beside warnings and what a starter says that cannot reach the command.</summary>
    protected static void AssertOneError(CommandResult result)
    {
        string[] beside = [": warning: ", "fatal: ", "usage: starter"];
        var lines = result.Error.Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Where(l => !beside.Any(b => l.Contains(b, StringComparison.Ordinal))).ToList();
        Assert.True(lines.Count == 1, $"expected one error\n{result}");
    }

    // Pids, the session, and which pipe a descriptor is are others each time.
    private static string[] Lines(string output) => output.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
        .Where(l => l.Split(' ')[0] is not ("pid" or "ppid" or "session")).Select(l => l.Split(":[")[0]).ToArray();
}
