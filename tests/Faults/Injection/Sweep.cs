using System.Diagnostics;
using System.Globalization;
using System.Numerics;

namespace Engine.Tests.Faults.Injection;

/// <summary>What to sweep: all of it, or for so long.</summary>
/// <param name="Seconds">0 for every case.</param>
/// <param name="Seed">Order of the cases.</param>
/// <param name="Shard">This process's part, from 0.</param>
/// <param name="Shards">How many processes share the cases.</param>
/// <param name="Filter">Words that the name of a case must contain: act, stage, call, fault.</param>
internal sealed record SweepOptions(double Seconds, int Seed, int Shard, int Shards, string Filter);

/// <summary>Every fault at every call of every act, in an order that the seed decides.</summary>
internal sealed class Sweep(SweepOptions options, Report report)
{
    public void Run()
    {
        List<Act> acts = [];
        try
        {
            foreach (var workflow in Workflow.All)
            {
                if (workflow.Missing is { } why)
                {
                    report.Skip($"sweep {workflow.Name}", why);
                    continue;
                }
                acts.AddRange(workflow.Shapes.SelectMany(shape => new Act[]
                {
                    new CreateAct(workflow, shape), new StartAct(workflow, shape), new ExecAct(workflow, shape), new DeleteAct(workflow, shape),
                }));
            }
            RunAll(acts);
        }
        finally
        {
            acts.ForEach(a => report.Guard($"{a.Name}: afterwards", a.Finish));
        }
    }

    private void RunAll(List<Act> acts)
    {
        var cases = new List<(Act Act, Fault Fault)>();
        foreach (var act in acts)
        {
            IReadOnlyList<Seen> calls = [];
            // Without a fault it must work; if it does not, the other acts are tried all the same.
            report.Guard($"{act.Name}: without a fault", () => calls = act.Record());
            report.Note($"{act.Name}: {calls.Sum(c => c.Times).ToString(CultureInfo.InvariantCulture)} calls of {calls.Count} kinds ({string.Join(", ", PerStage(calls))})");
            cases.AddRange(calls.SelectMany(Faults).Select(fault => (act, fault)));
        }
        cases = Ordered(cases.Where(c => Chosen($"{c.Act.Name}: {c.Fault}")));
        report.Note($"{cases.Count} cases, seed {options.Seed}, part {options.Shard + 1} of {options.Shards}");
        var watch = Stopwatch.StartNew();
        foreach (var (act, fault) in cases)
        {
            if (options.Seconds > 0 && watch.Elapsed.TotalSeconds > options.Seconds)
            {
                break;
            }
            report.Try($"{act.Name}: {fault}", act.Verb, () => act.Run(fault));
        }
    }

    // Each process records by itself, and no two recordings have the same number of, say, ppoll: the name alone decides whose a case is.
    private bool Chosen(string name) => Crc(name) % (uint)options.Shards == (uint)options.Shard
        && options.Filter.Split(' ').All(word => name.Contains(word, StringComparison.Ordinal));

    private static uint Crc(string name) => name.Aggregate(uint.MaxValue, (sum, character) => BitOperations.Crc32C(sum, (byte)character));

    private static IEnumerable<string> PerStage(IReadOnlyList<Seen> calls) =>
        calls.GroupBy(c => c.Stage).OrderBy(g => g.Key, StringComparer.Ordinal).Select(g => $"{g.Key} {g.Sum(c => c.Times).ToString(CultureInfo.InvariantCulture)}");

    private static IEnumerable<Fault> Faults(Seen seen) =>
        from count in Enumerable.Range(1, seen.Times)
        from action in Errno.Actions(SystemCalls.Name(seen.Number))
        select new Fault(seen.Stage, seen.Number, count, action);

    // Each kind of call in each stage once before any of them twice, so that a short run is a broad one.
    private List<(Act Act, Fault Fault)> Ordered(IEnumerable<(Act Act, Fault Fault)> cases)
    {
        var random = new Random(options.Seed);
        var shuffled = cases.ToArray();
        random.Shuffle(shuffled);
        var times = new Dictionary<(Act, string, int), int>();
        return shuffled.Select(c =>
        {
            var key = (c.Act, c.Fault.Stage, c.Fault.Number);
            times[key] = times.GetValueOrDefault(key) + 1;
            return (Case: c, Round: times[key]);
        }).OrderBy(x => x.Round).Select(x => x.Case).ToList();
    }
}
