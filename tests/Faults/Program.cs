using System.Globalization;
using Engine.Tests.Faults;
using Engine.Tests.Faults.Entries;
using Engine.Tests.Faults.Injection;

// faults entries [--filter WORD] [--seed N] [--long 1]
// faults sweep [--seconds N] [--seed N] [--shard I/N] [--filter WORDS]
if (!Installation.IsRoot || !File.Exists(Installation.Probe) || !File.Exists(Injector.Program))
{
    Console.Error.WriteLine("faults: needs root, the built probe and inject (./build.sh test-faults)");
    return 2;
}
var options = args.Skip(1).Chunk(2).Where(p => p.Length == 2).ToDictionary(p => p[0].TrimStart('-'), p => p[1]);
string Option(string name, string otherwise) => options.GetValueOrDefault(name, otherwise);
int Number(string text) => int.Parse(text, CultureInfo.InvariantCulture);
_ = TestRun.Cgroup;
var report = new Report(Console.Out);
switch (args.FirstOrDefault())
{
    case "sweep":
        var shard = Option("shard", "0/1").Split('/');
        new Sweep(new SweepOptions(Number(Option("seconds", "0")), Number(Option("seed", "1")), Number(shard[0]), Number(shard[1]), Option("filter", "")), report).Run();
        break;
    case "entries":
        Effort.IsLong = options.ContainsKey("long");
        Effort.Seed = Number(Option("seed", "1"));
        report.Note($"seed {Effort.Seed.ToString(CultureInfo.InvariantCulture)}");
        foreach (var workflow in Workflow.All.Where(w => w.Entries))
        {
            EntryList.Run(report, workflow, Option("filter", ""));
        }
        break;
    default:
        Console.Error.WriteLine("usage: faults entries [--filter WORD] [--seed N] [--long 1] | sweep [--seconds N] [--seed N] [--shard I/N] [--filter WORDS]");
        return 2;
}
report.Close();
return report.Failed == 0 ? 0 : 1;
