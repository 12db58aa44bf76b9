namespace Engine.Spec;

/// <summary>
/// Whether this engine can run what a configuration asks for: a list of named checks, all of them run, all errors
/// reported. Everything is refused here that would otherwise be skipped in silence or fail half-way with a bare errno.
/// </summary>
public static class Validator
{
    private static readonly (string Name, Action<RuntimeSpec, HostFacts, Findings> Run)[] Checks =
    [
        ("version", static (spec, _, findings) => CommonChecks.Version(spec, findings)),
        ("root", static (spec, _, findings) => CommonChecks.Root(spec, findings)),
        ("names", static (spec, _, findings) => CommonChecks.Names(spec, findings)),
        ("annotations", static (spec, _, findings) => CommonChecks.Annotations(spec, findings)),
        ("process", static (spec, _, findings) => CommonChecks.Process(spec, findings)),
        ("hooks", static (spec, _, findings) => HookChecks.Run(spec, findings)),
        ("mounts", static (spec, _, findings) => MountChecks.Run(spec, findings)),
        ("namespaces", static (spec, _, findings) => NamespaceChecks.Namespaces(spec, findings)),
        ("mappings", static (spec, _, findings) => NamespaceChecks.Mappings(spec, findings)),
        ("clocks", static (spec, _, findings) => NamespaceChecks.Clocks(spec, findings)),
        ("sysctl", static (spec, host, findings) => SysctlChecks.Run(spec, host, findings)),
        ("devices", static (spec, _, findings) => LinuxChecks.Devices(spec, findings)),
        ("paths", static (spec, _, findings) => LinuxChecks.Paths(spec, findings)),
        ("cgroup", static (spec, _, findings) => LinuxChecks.CgroupsPath(spec, findings)),
        ("resources", static (spec, _, findings) => ResourceChecks.Run(spec.Linux?.Resources, "linux.resources", findings)),
        ("scheduling", static (spec, _, findings) => SchedulingChecks.Linux(spec, findings)),
        ("labels", static (spec, host, findings) => LabelChecks.Run(spec, host, findings)),
        ("network devices", static (spec, host, findings) => NetDeviceChecks.Run(spec, host, findings)),
        ("resctrl", static (spec, host, findings) => IntelRdtChecks.Run(spec, host, findings)),
        ("seccomp", static (spec, _, findings) => SeccompChecks.Run(spec, findings)),
        ("unsupported", static (spec, _, findings) => Unsupported.Run(spec, findings)),
    ];

    /// <summary>Names of the checks, in the order in which they run.</summary>
    public static IEnumerable<string> CheckNames => Checks.Select(check => check.Name);

    /// <summary>A configuration that has the schema, checked against what this engine does.</summary>
    public static Findings Validate(RuntimeSpec spec, HostFacts host)
    {
        var findings = new Findings { ForgivesCapabilities = true };
        foreach (var (_, run) in Checks)
            run(spec, host, findings);
        return findings;
    }

    /// <summary>A process by itself; paths begin at the process.</summary>
    public static Findings ValidateProcess(ProcessSpec process)
    {
        var findings = new Findings();
        ProcessChecks.Run(process, "", findings);
        Unsupported.Run(process, "", findings);
        return findings;
    }

    /// <summary>Resources by themselves; paths begin at the resources.</summary>
    public static Findings ValidateResources(ResourcesSpec resources)
    {
        var findings = new Findings();
        ResourceChecks.Run(resources, "", findings);
        return findings;
    }
}
