using Engine.Tests.Security;
using Engine.Tests.Security.Faults;

// security run [--only WORD]... [--column NAME]... [--long] [--part N/M --caught FILE]
// security check CAUGHT...     every fault was caught, the document is up to date
// security install     puts the built starters with the other programs
// security faults      writes the sources of the broken builds, prints their names
// security document    prints docs/security/cves.md
return args.FirstOrDefault() switch
{
    "run" => Verbs.Run(args[1..]),
    "check" => Suite.Check(Console.Out, args[1..]),
    "faults" => Verbs.WriteFaults(),
    "install" => Verbs.InstallFaults(),
    "document" => Verbs.PrintDocument(),
    _ => Verbs.Usage(),
};

/// <summary>The verbs of the program. 0: every entry passed; 1: not; 2: a wrong command line.</summary>
internal static class Verbs
{
    public static int Run(string[] words)
    {
        var only = new List<string>();
        var columns = new List<string>();
        var choice = new Choice(only, columns, 0, 1, null, false);
        for (var i = 0; i < words.Length; i++)
        {
            switch (words[i])
            {
                case "--long": choice = choice with { Long = true }; break;
                case "--only" when i + 1 < words.Length: only.Add(words[++i]); break;
                case "--column" when i + 1 < words.Length: columns.Add(words[++i]); break;
                case "--caught" when i + 1 < words.Length: choice = choice with { Caught = words[++i] }; break;
                case "--part" when i + 1 < words.Length && words[i + 1].Split('/') is [var n, var m] && int.TryParse(n, out var part) && int.TryParse(m, out var parts):
                    choice = choice with { Part = part, Parts = parts };
                    i++;
                    break;
                default: return Usage();
            }
        }
        if (!Installation.IsRoot || !File.Exists(Installation.Probe))
        {
            Console.Error.WriteLine("security: needs root and the built probe (./build.sh test-security)");
            return 2;
        }
        Kernel.BecomeSubreaper();
        _ = TestRun.Cgroup;
        return Suite.Run(Console.Out, choice);
    }

    public static int WriteFaults()
    {
        var errors = FaultTree.WriteSources([.. FaultTable.All, Release.Unchanged]);
        foreach (var error in errors)
        {
            Console.Error.WriteLine(error);
        }
        foreach (var fault in FaultTable.All.Append(Release.Unchanged))
        {
            Console.WriteLine(fault.Name);
        }
        return errors.Count == 0 ? 0 : 1;
    }

    public static int InstallFaults()
    {
        foreach (var fault in FaultTable.All)
        {
            FaultTree.Install(fault);
        }
        return 0;
    }

    public static int PrintDocument()
    {
        Console.Write(Document.Text());
        return 0;
    }

    public static int Usage()
    {
        Console.Error.WriteLine("usage: security run [--only WORD]... [--column NAME]... [--long] [--part N/M --caught FILE] | check CAUGHT... | faults | install | document");
        return 2;
    }
}
