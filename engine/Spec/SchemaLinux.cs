using static Engine.Spec.Shape;
using static Engine.Spec.SchemaTypes;

namespace Engine.Spec;

/// <summary>The Linux sections of config.json and of the features document.</summary>
internal static class SchemaLinux
{
    // The schema ends fileMode at 0777; podman 4 writes st_mode there, with the bits of the type. Whether they fit is for
    // LinuxChecks.
    private static readonly Shape Device = Object(
        new("type", OneOf("c", "b", "u", "p"), Required: true),
        new("path", Text, Required: true),
        new("fileMode", U16),
        new("major", I64),
        new("minor", I64),
        new("uid", U32),
        new("gid", U32));

    private static readonly Shape DeviceRule = Object(
        new("allow", Switch, Required: true),
        new("type", Text),
        new("major", I64),
        new("minor", I64),
        new("access", Text));

    private static readonly Shape Throttles = ListOf(Object(
        new("major", I64, Required: true),
        new("minor", I64, Required: true),
        new("rate", U64)));

    private static readonly Shape BlockIo = Object(
        new("weight", U16),
        new("leafWeight", U16),
        new("throttleReadBpsDevice", Throttles),
        new("throttleWriteBpsDevice", Throttles),
        new("throttleReadIOPSDevice", Throttles),
        new("throttleWriteIOPSDevice", Throttles),
        new("weightDevice", ListOf(Object(
            new("major", I64, Required: true),
            new("minor", I64, Required: true),
            new("weight", U16),
            new("leafWeight", U16)))));

    private static readonly Shape Cpu = Object(
        new("cpus", Text),
        new("mems", Text),
        new("period", U64),
        new("quota", I64),
        new("burst", U64),
        new("realtimePeriod", U64),
        new("realtimeRuntime", I64),
        new("shares", U64),
        new("idle", I64));

    private static readonly Shape Memory = Object(
        new("kernel", I64),
        new("kernelTCP", I64),
        new("limit", I64),
        new("reservation", I64),
        new("swap", I64),
        new("swappiness", U64),
        new("disableOOMKiller", Switch),
        new("useHierarchy", Switch),
        new("checkBeforeUpdate", Switch));

    private static readonly Shape HugepageLimits = ListOf(Object(
        new("pageSize", Matching("a size such as 2MB, 64KB or 1GB", IsPageSize), Required: true),
        new("limit", U64, Required: true)));

    private static readonly Shape Network = Object(
        new("classID", U32),
        new("priorities", ListOf(Object(new("name", Text, Required: true), new("priority", U32, Required: true)))));

    /// <summary>linux.resources, also by itself as update takes it.</summary>
    public static readonly Shape Resources = Object(
        new("unified", TextMap),
        new("devices", ListOf(DeviceRule)),
        new("pids", Object(new Property("limit", I64, Required: true))),
        new("blockIO", BlockIo),
        new("cpu", Cpu),
        new("hugepageLimits", HugepageLimits),
        new("memory", Memory),
        new("network", Network),
        new("rdma", MapOf(Object(new("hcaHandles", U32), new("hcaObjects", U32)))));

    private static readonly Shape SyscallRule = Object(
        new("names", ListOf(Text, minItems: 1), Required: true),
        new("action", SeccompAction, Required: true),
        new("errnoRet", U32),
        new("args", ListOf(Object(
            new("index", U32, Required: true),
            new("value", U64, Required: true),
            new("valueTwo", U64),
            new("op", SeccompOperator, Required: true)))));

    private static readonly Shape Seccomp = Object(
        new("defaultAction", SeccompAction, Required: true),
        new("defaultErrnoRet", U32),
        new("flags", ListOf(SeccompFlag)),
        new("listenerPath", Text),
        new("listenerMetadata", Text),
        new("architectures", ListOf(SeccompArchitecture)),
        new("syscalls", ListOf(SyscallRule)));

    private static readonly Shape IntelRdt = Object(
        new("closID", Text),
        new("schemata", Texts),
        new("l3CacheSchema", Text),
        new("memBwSchema", Matching("MB: and one line", IsMemBwSchema)),
        new("enableMonitoring", Switch));

    private static readonly Shape MemoryPolicy = Object(
        new("mode", OneOf(KernelNames.MemoryModes.All)),
        new("nodes", Text),
        new("flags", ListOf(OneOf(KernelNames.MemoryFlags.All))));

    private static readonly Shape TimeOffset = Object(new("secs", I64), new("nanosecs", U32));

    /// <summary>
    /// linux. The schema lists four words for rootfsPropagation; the recursive ones are what Docker and podman write, and
    /// every runtime takes them.
    /// </summary>
    public static readonly Shape Linux = Object(
        new("devices", ListOf(Device)),
        new("netDevices", MapOf(Object(new Property("name", Text)))),
        new("uidMappings", IdMappings),
        new("gidMappings", IdMappings),
        new("namespaces", ListOf(Object(new("type", NamespaceType, Required: true), new("path", Text)))),
        new("resources", Resources),
        new("cgroupsPath", Text),
        new("rootfsPropagation", OneOf("private", "rprivate", "shared", "rshared", "slave", "rslave", "unbindable", "runbindable")),
        new("seccomp", Seccomp),
        new("sysctl", TextMap),
        new("maskedPaths", Texts),
        new("readonlyPaths", Texts),
        new("mountLabel", Text),
        new("intelRdt", IntelRdt),
        new("memoryPolicy", MemoryPolicy),
        new("personality", Object(new("domain", OneOf(KernelNames.Domains.All)), new("flags", Texts))),
        new("timeOffsets", MapOf(TimeOffset)));

    /// <summary>linux of the features document.</summary>
    public static readonly Shape Features = Object(
        new("namespaces", ListOf(NamespaceType)),
        new("capabilities", ListOf(Matching("CAP_ and capital letters", IsCapabilityName))),
        new("cgroup", Object(
            new("v1", Switch), new("v2", Switch), new("systemd", Switch), new("systemdUser", Switch), new("rdma", Switch))),
        new("seccomp", Object(
            new("enabled", Switch),
            new("actions", ListOf(SeccompAction)),
            new("operators", ListOf(SeccompOperator)),
            new("archs", ListOf(SeccompArchitecture)),
            new("knownFlags", ListOf(SeccompFlag)),
            new("supportedFlags", ListOf(SeccompFlag)))),
        new("apparmor", Enabled()),
        new("selinux", Enabled()),
        new("intelRdt", Enabled()),
        new("mountExtensions", Object(new Property("idmap", Enabled()))),
        new("netDevices", Enabled()));

    private static Shape Enabled() => Object(new Property("enabled", Switch));

    private static bool IsPageSize(string text) =>
        text.Length >= 3 && text[0] is >= '1' and <= '9' && text[^1] == 'B' && text[^2] is 'K' or 'M' or 'G' && IsMadeOf(text[..^2], "0123456789");

    private static bool IsMemBwSchema(string text) => text.StartsWith("MB:", StringComparison.Ordinal) && !text.Contains('\n');

    private static bool IsCapabilityName(string text) =>
        text.StartsWith("CAP_", StringComparison.Ordinal) && text.Length > 4 && IsMadeOf(text[4..], "ABCDEFGHIJKLMNOPQRSTUVWXYZ_");
}
