using Engine.Tests.Conformance;
using Engine.Tests.Conformance.Runner;

// conformance run --runtime PATH [--view v1|hybrid|v2] [--filter WORD] [--expected FILE] [--results FILE]
// conformance list
// conformance columns RESULTS...
return args.FirstOrDefault() switch
{
    "run" => Verbs.Run(Verbs.Options(args[1..])),
    "list" => Verbs.List(),
    "columns" => Verbs.Columns(args[1..]),
    _ => Verbs.Usage(),
};

/// <summary>The verbs of the program. 0: as expected; 1: a new failure, or a known one that passes; 2: a wrong command line.</summary>
internal static class Verbs
{
    private const string Help = "usage: conformance run --runtime PATH [--view v1|hybrid|v2] [--filter WORD] [--expected FILE] [--results FILE] | list | columns RESULTS...";

    public static int Run(Dictionary<string, string> options)
    {
        if (options.GetValueOrDefault("runtime") is not { } runtime || !File.Exists(runtime))
        {
            Console.Error.WriteLine($"conformance: --runtime must name the runtime's program. {Help}");
            return 2;
        }
        if (!Installation.IsRoot || !File.Exists(Installation.Probe))
        {
            Console.Error.WriteLine("conformance: needs root and the built probe (./build.sh test-oci)");
            return 2;
        }
        runtime = Path.GetFullPath(runtime);
        var view = CgroupView.Detect();
        if (options.GetValueOrDefault("view") is { } wanted && wanted != view.Name)
        {
            Console.WriteLine($"# {runtime}: the {wanted} view cannot be had on this machine, it shows {view.Name}\n0 passed, 0 failed, 0 skipped");
            return 0;
        }
        var ids = Suite.All.Select(e => e.Id).ToHashSet();
        var expectations = options.GetValueOrDefault("expected") is { } file ? Expectations.Read(file, view.Name, ids) : Expectations.None;
        var entries = Suite.All.Where(e => $"{e.Id} {e.Section}".Contains(options.GetValueOrDefault("filter", ""), StringComparison.OrdinalIgnoreCase)).ToList();
        Kernel.BecomeSubreaper();
        _ = TestRun.Cgroup;
        var version = new Command(runtime, "--version").Run().Text.Split('\n')[0];
        Console.WriteLine($"# {runtime}, {version}, cgroup view {view.Name}");
        var report = new Report(Console.Out, runtime, version, view.Name, expectations);
        var runner = new EntryRunner(runtime, view);
        var runs = runner.Run(Suite.Preflight);
        if (runs.Outcome == Outcome.Fail && expectations.CannotRun is { } why)
        {
            Console.WriteLine($"# does not run in this view: {why}");
            entries = [];
        }
        else if (runs.Outcome == Outcome.Fail || expectations.CannotRun is not null)
        {
            // One line for a runtime that cannot run anything; listed as unable, but able, is a failure as well.
            report.Add(runs with { Outcome = Outcome.Fail, Reason = runs.Outcome == Outcome.Fail ? runs.Reason : $"runs, although listed as unable: {expectations.CannotRun}" });
            entries = [];
        }
        entries.ForEach(e => report.Add(runner.Run(e)));
        if (options.GetValueOrDefault("results") is { } results)
        {
            report.Write(results);
        }
        report.Close();
        return report.Unexpected == 0 ? 0 : 1;
    }

    public static int List()
    {
        foreach (var entry in Suite.All)
        {
            Console.WriteLine($"{entry.Id}\t{entry.Section}\t{entry.Must}");
        }
        return 0;
    }

    public static int Columns(string[] paths)
    {
        Engine.Tests.Conformance.Runner.Columns.Print(Console.Out, paths);
        return 0;
    }

    public static int Usage()
    {
        Console.Error.WriteLine(Help);
        return 2;
    }

    /// <summary><c>--name value</c> pairs.</summary>
    public static Dictionary<string, string> Options(string[] words) =>
        words.Chunk(2).Where(p => p.Length == 2).ToDictionary(p => p[0].TrimStart('-'), p => p[1]);
}
