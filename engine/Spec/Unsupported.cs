namespace Engine.Spec;

/// <summary>
/// What the specification has and this engine does not do, as one table. Nothing that is asked for is skipped in silence:
/// a configuration that uses a row of it is refused by JSON path.
/// </summary>
internal static class Unsupported
{
    private const string Foreign = "is for another platform; this engine runs Linux containers";

    /// <summary>Of the whole configuration. A row yields the JSON paths where its feature is used.</summary>
    private static readonly (string Reason, Func<RuntimeSpec, IEnumerable<string>> Uses)[] Rows =
    [
        (Foreign, static spec => When(spec.Windows is not null, "windows")),
        (Foreign, static spec => When(spec.Solaris is not null, "solaris")),
        (Foreign, static spec => When(spec.Vm is not null, "vm")),
        (Foreign, static spec => When(spec.Zos is not null, "zos")),
        (Foreign, static spec => When(spec.FreeBsd is not null, "freebsd")),
        ("must have an entry of type mount: this engine does not change the host's mounts",
            static spec => When(spec.Linux?.Namespace("mount") is null, "linux.namespaces")),
    ];

    private static readonly (string Reason, Func<ProcessSpec, IEnumerable<string>> Uses)[] ProcessRows =
    [
        ("is for Windows; use args", static process => Text(process.CommandLine, "commandLine")),
        ("is for Windows; use uid and gid", static process => Text(process.User.Username, "user.username")),
    ];

    public static void Run(RuntimeSpec spec, Findings findings)
    {
        foreach (var (reason, uses) in Rows)
        {
            foreach (var path in uses(spec))
                findings.Error(path, reason);
        }
        if (spec.Process is not null)
            Run(spec.Process, "process", findings);
    }

    public static void Run(ProcessSpec process, string at, Findings findings)
    {
        foreach (var (reason, uses) in ProcessRows)
        {
            foreach (var path in uses(process))
                findings.Error(CheckText.At(at, path), reason);
        }
    }

    private static IEnumerable<string> When(bool used, string path) => used ? [path] : [];

    private static IEnumerable<string> Text(string? value, string path) => When(!string.IsNullOrEmpty(value), path);
}
