using static Engine.Spec.Shape;
using static Engine.Spec.SchemaTypes;

namespace Engine.Spec;

/// <summary>
/// The schemas of the specification's documents, as tables. They say what a document looks like on any platform; whether
/// this engine can run it is the business of <see cref="Validator"/>.
/// </summary>
internal static class Schema
{
    private static readonly Shape Hooks = ListOf(Object(
        new("path", Text, Required: true),
        new("args", Texts),
        new("env", Texts),
        new("timeout", Integer(1, long.MaxValue))));

    private static readonly Shape Mount = Object(
        new("destination", Text, Required: true),
        new("type", Text),
        new("source", Text),
        new("options", Texts),
        new("uidMappings", IdMappings),
        new("gidMappings", IdMappings));

    /// <summary>mounts, also by itself.</summary>
    public static readonly Shape Mounts = ListOf(Mount);

    private static readonly Shape Rlimit = Object(
        new("type", Matching("RLIMIT_ and capital letters", IsRlimitName), Required: true),
        new("soft", U64, Required: true),
        new("hard", U64, Required: true));

    private static readonly Shape CpuList = Matching("a list of CPUs such as 0-3,7", text => IsMadeOf(text, "0123456789, -"));

    private static readonly Shape Scheduler = Object(
        new("policy", OneOf(KernelNames.SchedulerPolicies.All), Required: true),
        new("nice", I32),
        new("priority", I32),
        new("flags", ListOf(OneOf(KernelNames.SchedulerFlags.All))),
        new("runtime", U64),
        new("deadline", U64),
        new("period", U64));

    /// <summary>process, also by itself as exec takes it.</summary>
    public static readonly Shape Process = Object(
        new("cwd", Text, Required: true),
        new("args", Texts),
        new("commandLine", Text),
        new("consoleSize", Object(new("height", U64, Required: true), new("width", U64, Required: true))),
        new("env", Texts),
        new("terminal", Switch),
        new("user", Object(
            new("uid", U32),
            new("gid", U32),
            new("umask", U32),
            new("additionalGids", ListOf(U32)),
            new("username", Text))),
        new("capabilities", Object(
            new("bounding", Texts),
            new("permitted", Texts),
            new("effective", Texts),
            new("inheritable", Texts),
            new("ambient", Texts))),
        new("apparmorProfile", Text),
        new("oomScoreAdj", I32),
        new("selinuxLabel", Text),
        new("ioPriority", Object(
            new("class", OneOf(KernelNames.IoClasses.All), Required: true),
            new("priority", I32))),
        new("noNewPrivileges", Switch),
        new("scheduler", Scheduler),
        new("rlimits", ListOf(Rlimit)),
        new("execCPUAffinity", Object(new("initial", CpuList), new("final", CpuList))));

    /// <summary>config.json.</summary>
    public static readonly Shape Config = Object(
        new("ociVersion", Text, Required: true),
        new("hooks", Object(
            new("prestart", Hooks),
            new("createRuntime", Hooks),
            new("createContainer", Hooks),
            new("startContainer", Hooks),
            new("poststart", Hooks),
            new("poststop", Hooks))),
        new("annotations", TextMap),
        new("hostname", Text),
        new("domainname", Text),
        new("mounts", Mounts),
        new("root", Object(new("path", Text, Required: true), new("readonly", Switch))),
        new("process", Process),
        new("linux", SchemaLinux.Linux),
        new("solaris", SchemaForeign.Solaris),
        new("windows", SchemaForeign.Windows),
        new("vm", SchemaForeign.Vm),
        new("zos", SchemaForeign.Zos),
        new("freebsd", SchemaForeign.FreeBsd));

    /// <summary>The state document. "paused" is an additional status, which the specification allows.</summary>
    public static readonly Shape State = Object(
        new("ociVersion", Text, Required: true),
        new("id", Text, Required: true),
        new("status", OneOf("creating", "created", "running", "paused", "stopped"), Required: true),
        new("pid", Integer(0, int.MaxValue)),
        new("bundle", Text, Required: true),
        new("annotations", TextMap));

    /// <summary>The features document.</summary>
    public static readonly Shape Features = Object(
        new("ociVersionMin", Text, Required: true),
        new("ociVersionMax", Text, Required: true),
        new("hooks", Texts),
        new("mountOptions", Texts),
        new("annotations", TextMap),
        new("potentiallyUnsafeConfigAnnotations", Texts),
        new("linux", SchemaLinux.Features));

    private static bool IsRlimitName(string text) =>
        text.StartsWith("RLIMIT_", StringComparison.Ordinal) && text.Length > 7 && IsMadeOf(text[7..], "ABCDEFGHIJKLMNOPQRSTUVWXYZ");
}
