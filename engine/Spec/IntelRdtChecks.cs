using Engine.Diagnostics;
using Engine.Shared.Protocol;
using System.Text;

namespace Engine.Spec;

/// <summary>linux.intelRdt. What a schemata may say is the kernel's to judge.</summary>
internal static class IntelRdtChecks
{
    // Directories of the root group that are no classes of service.
    private static readonly string[] Reserved = ["info", "mon_data", "mon_groups"];

    public static void Run(RuntimeSpec spec, HostFacts host, Findings findings)
    {
        if (spec.Linux?.IntelRdt is not { } rdt)
            return;
        if (host.ResctrlMount() is null)
            findings.Error("linux.intelRdt", "no resctrl filesystem is mounted on this machine");
        if (rdt.ClosId is { Length: > 0 } and not "/" && !IsName(rdt.ClosId))
            findings.Error("linux.intelRdt.closID", $"must be one path component, or / for the default class, is {Quote.Text(rdt.ClosId)}");
        for (var i = 0; i < rdt.Schemata.Length; i++)
        {
            if (rdt.Schemata[i].Contains('\n') || !rdt.Schemata[i].Contains(':'))
                findings.Error($"linux.intelRdt.schemata[{i}]", $"must be one line such as L3:0=f, is {Quote.Text(rdt.Schemata[i])}");
        }
        if (Cgroups.ResctrlPlan.Lines(rdt).Sum(line => Encoding.UTF8.GetByteCount(line) + 1) > Limits.KernelValue)
            findings.Error("linux.intelRdt", $"the schemata are longer than {Limits.KernelValue} bytes together");
    }

    private static bool IsName(string name) =>
        name is not ("." or "..") && name.Length <= Limits.Leaf && !name.Any(c => c is '/' or '\n' or '\0') && !Reserved.Contains(name);
}
