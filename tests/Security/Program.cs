using Engine.Tests.Security;
using Engine.Tests.Security.Faults;

// security run [--only WORD]... [--long]
// security faults      writes the sources of the broken builds, prints their names
// security document    prints docs/security/cves.md
return args.FirstOrDefault() switch
{
    "run" => Verbs.Run(args[1..]),
    "faults" => Verbs.WriteFaults(),
    "document" => Verbs.PrintDocument(),
    _ => Verbs.Usage(),
};

/// <summary>The verbs of the program. 0: every entry passed; 1: not; 2: a wrong command line.</summary>
internal static class Verbs
{
    public static int Run(string[] words)
    {
        var only = new List<string>();
        var isLong = false;
        for (var i = 0; i < words.Length; i++)
        {
            switch (words[i])
            {
                case "--long": isLong = true; break;
                case "--only" when i + 1 < words.Length: only.Add(words[++i]); break;
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
        foreach (var fault in FaultTable.All)
        {
            FaultTree.Install(fault);
        }
        return Suite.Run(Console.Out, only, isLong);
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

    public static int PrintDocument()
    {
        Console.Write(Document.Text());
        return 0;
    }

    public static int Usage()
    {
        Console.Error.WriteLine("usage: security run [--only WORD]... [--long] | faults | document");
        return 2;
    }
}
