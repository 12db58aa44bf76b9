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
        if (string.IsNullOrEmpty(spec.Linux?.MountLabel) || host.SelinuxEnabled())
            return;
        for (var i = 0; i < spec.Mounts.Length; i++)
        {
            if (!MountLabels.IsCarriedBy(spec.Mounts[i]))
                continue;
            findings.Error("linux.mountLabel", $"SELinux is not enabled on this machine, and mounts[{i}] would need it for its label");
            return;
        }
    }

    /// <summary>process.apparmorProfile and process.selinuxLabel.</summary>
    public static void Process(ProcessSpec process, string at, HostFacts host, Findings findings)
    {
        if (!string.IsNullOrEmpty(process.ApparmorProfile) && !host.AppArmorEnabled())
            findings.Error(At(at, "apparmorProfile"), "AppArmor is not enabled on this machine");
        if (!string.IsNullOrEmpty(process.SelinuxLabel) && !host.SelinuxEnabled())
            findings.Error(At(at, "selinuxLabel"), "SELinux is not enabled on this machine");
    }
}
