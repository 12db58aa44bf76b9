using System.Text.Json.Nodes;

namespace Engine.Tests.Integration.Support;

/// <summary>The config that a bundle starts from: what `runc spec` writes, less the terminal, with a small set of capabilities.</summary>
internal static class BundleDefaults
{
    public const string Version = "1.0.2";

    private static readonly string[] Capabilities =
        ["CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FOWNER", "CAP_KILL", "CAP_MKNOD", "CAP_NET_BIND_SERVICE", "CAP_SETGID", "CAP_SETPCAP", "CAP_SETUID"];

    private static readonly string[] Masked =
        ["/proc/acpi", "/proc/kcore", "/proc/keys", "/proc/latency_stats", "/proc/timer_list", "/proc/timer_stats", "/proc/sched_debug", "/proc/scsi", "/sys/firmware"];

    private static readonly string[] Readonly = ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"];

    private static readonly (string Destination, string Type, string Source, string[] Options)[] Mounts =
    [
        ("/proc", "proc", "proc", ["nosuid", "noexec", "nodev"]),
        ("/dev", "tmpfs", "tmpfs", ["nosuid", "strictatime", "mode=755", "size=65536k"]),
        ("/dev/pts", "devpts", "devpts", ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"]),
        ("/dev/shm", "tmpfs", "shm", ["nosuid", "noexec", "nodev", "mode=1777", "size=65536k"]),
        ("/dev/mqueue", "mqueue", "mqueue", ["nosuid", "noexec", "nodev"]),
        ("/sys", "sysfs", "sysfs", ["nosuid", "noexec", "nodev", "ro"]),
    ];

    public static JsonObject Config() => new()
    {
        ["ociVersion"] = Version,
        ["process"] = new JsonObject
        {
            ["terminal"] = false,
            ["user"] = new JsonObject { ["uid"] = 0, ["gid"] = 0 },
            ["args"] = Strings("/bin/true"),
            ["env"] = Strings("PATH=/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root"),
            ["cwd"] = "/",
            ["capabilities"] = new JsonObject
            {
                ["bounding"] = Strings(Capabilities),
                ["effective"] = Strings(Capabilities),
                ["permitted"] = Strings(Capabilities),
            },
            ["noNewPrivileges"] = true,
        },
        ["root"] = new JsonObject { ["path"] = "rootfs", ["readonly"] = false },
        ["hostname"] = "bundle",
        ["mounts"] = new JsonArray(Mounts.Select(m => (JsonNode)Mount(m.Destination, m.Type, m.Source, m.Options)).ToArray()),
        ["linux"] = new JsonObject
        {
            ["namespaces"] = new JsonArray(new[] { "pid", "network", "ipc", "uts", "mount" }.Select(t => (JsonNode)new JsonObject { ["type"] = t }).ToArray()),
            ["maskedPaths"] = Strings(Masked),
            ["readonlyPaths"] = Strings(Readonly),
        },
    };

    public static JsonObject Mount(string destination, string type, string source, params string[] options) => new()
    {
        ["destination"] = destination,
        ["type"] = type,
        ["source"] = source,
        ["options"] = Strings(options),
    };

    public static JsonArray Strings(params string[] values) => new(values.Select(v => (JsonNode)JsonValue.Create(v)).ToArray());
}
