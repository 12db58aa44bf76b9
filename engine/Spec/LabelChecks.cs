using Engine.Diagnostics;
using Engine.Mounts;
using static Engine.Spec.CheckText;

namespace Engine.Spec;

/// <summary>
/// Labels of the security modules, refused where the module is not enabled: what was asked for as a confinement must not turn out to be none.
/// As runc has it, a mount label is ignored when no mount could carry it.
/// </summary>
internal static class LabelChecks
{
    public static void Run(RuntimeSpec spec, HostFacts host, Findings findings)
    {
        if (spec.Process is not null)
            Process(spec.Process, "process", host, findings);
        if (string.IsNullOrEmpty(spec.Linux?.MountLabel) || Array.FindIndex(spec.Mounts, MountLabels.IsCarriedBy) is not (>= 0 and var first))
            return;
        if (!host.SelinuxEnabled())
            findings.Error("linux.mountLabel", $"SELinux is not enabled on this machine, and mounts[{first}] would need it for its label");
        else if (!host.SelinuxKnows(spec.Linux.MountLabel))
            findings.Error("linux.mountLabel", Unknown(spec.Linux.MountLabel));
    }

    /// <summary>process.apparmorProfile and process.selinuxLabel.</summary>
    public static void Process(ProcessSpec process, string at, HostFacts host, Findings findings)
    {
        if (!string.IsNullOrEmpty(process.ApparmorProfile) && !host.AppArmorEnabled())
            findings.Error(At(at, "apparmorProfile"), "AppArmor is not enabled on this machine");
        if (string.IsNullOrEmpty(process.SelinuxLabel))
            return;
        if (!host.SelinuxEnabled())
            findings.Error(At(at, "selinuxLabel"), "SELinux is not enabled on this machine");
        else if (!host.SelinuxKnows(process.SelinuxLabel))
            findings.Error(At(at, "selinuxLabel"), Unknown(process.SelinuxLabel));
    }

    private static string Unknown(string label) => $"the SELinux policy of this machine has no label {Quote.Text(label)}";
}
