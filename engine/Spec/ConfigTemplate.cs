using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Engine.Spec;

/// <summary>The configuration to start from that runc's <c>spec</c> writes: same content, same order, tabs.</summary>
public static class ConfigTemplate
{
    private static readonly string[] Capabilities = ["CAP_AUDIT_WRITE", "CAP_KILL", "CAP_NET_BIND_SERVICE"];

    private static readonly (string Destination, string Type, string Source, string[] Options)[] Mounts =
    [
        ("/proc", "proc", "proc", []),
        ("/dev", "tmpfs", "tmpfs", ["nosuid", "strictatime", "mode=755", "size=65536k"]),
        ("/dev/pts", "devpts", "devpts", ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"]),
        ("/dev/shm", "tmpfs", "shm", ["nosuid", "noexec", "nodev", "mode=1777", "size=65536k"]),
        ("/dev/mqueue", "mqueue", "mqueue", ["nosuid", "noexec", "nodev"]),
        ("/sys", "sysfs", "sysfs", ["nosuid", "noexec", "nodev", "ro"]),
        ("/sys/fs/cgroup", "cgroup", "cgroup", ["nosuid", "noexec", "nodev", "relatime", "ro"]),
    ];

    // A user namespace without a network namespace of its own may not mount a new sysfs.
    private static readonly (string Destination, string Type, string Source, string[] Options) BoundSys =
        ("/sys", "none", "/sys", ["rbind", "nosuid", "noexec", "nodev", "ro"]);

    private static readonly string[] Namespaces = ["pid", "network", "ipc", "uts", "mount"];

    private static readonly string[] MaskedPaths =
    [
        "/proc/acpi", "/proc/asound", "/proc/kcore", "/proc/keys", "/proc/latency_stats", "/proc/timer_list", "/proc/timer_stats",
        "/proc/sched_debug", "/sys/firmware", "/proc/scsi",
    ];

    private static readonly string[] ReadonlyPaths = ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"];

    /// <summary>The document.</summary>
    /// <param name="user">Ids of the unprivileged user that it is for; null for root.</param>
    /// <param name="cgroupNamespace">With one of its own, as suits a machine with cgroup2 only.</param>
    public static string Text((uint Uid, uint Gid)? user, bool cgroupNamespace)
    {
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(
                   stream, new JsonWriterOptions { Indented = true, IndentCharacter = '\t', IndentSize = 1, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            json.WriteStartObject();
            json.WriteString("ociVersion", OciVersions.Newest);
            WriteProcess(json);
            json.WriteStartObject("root");
            json.WriteString("path", "rootfs");
            json.WriteBoolean("readonly", true);
            json.WriteEndObject();
            json.WriteString("hostname", "runc");
            WriteMounts(json, user is not null);
            WriteLinux(json, user, cgroupNamespace);
            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(stream.ToArray());
    }

    private static void WriteProcess(Utf8JsonWriter json)
    {
        json.WriteStartObject("process");
        json.WriteBoolean("terminal", true);
        json.WriteStartObject("user");
        json.WriteNumber("uid", 0);
        json.WriteNumber("gid", 0);
        json.WriteEndObject();
        Strings(json, "args", ["sh"]);
        Strings(json, "env", ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "TERM=xterm"]);
        json.WriteString("cwd", "/");
        json.WriteStartObject("capabilities");
        foreach (string set in new[] { "bounding", "effective", "permitted" })
        {
            Strings(json, set, Capabilities);
        }

        json.WriteEndObject();
        json.WriteStartArray("rlimits");
        json.WriteStartObject();
        json.WriteString("type", "RLIMIT_NOFILE");
        json.WriteNumber("hard", 1024);
        json.WriteNumber("soft", 1024);
        json.WriteEndObject();
        json.WriteEndArray();
        json.WriteBoolean("noNewPrivileges", true);
        json.WriteEndObject();
    }

    private static void WriteMounts(Utf8JsonWriter json, bool rootless)
    {
        json.WriteStartArray("mounts");
        foreach (var mount in Mounts)
        {
            (string destination, string type, string source, string[] options) = rootless && mount.Destination == BoundSys.Destination ? BoundSys : mount;
            json.WriteStartObject();
            json.WriteString("destination", destination);
            json.WriteString("type", type);
            json.WriteString("source", source);
            if (options.Length > 0)
            {
                // Of the ids only the user's own are mapped.
                Strings(json, "options", options.Where(option => !rootless || !option.StartsWith("gid=", StringComparison.Ordinal)));
            }

            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static void WriteLinux(Utf8JsonWriter json, (uint Uid, uint Gid)? user, bool cgroupNamespace)
    {
        json.WriteStartObject("linux");
        if (user is { } ids)
        {
            WriteMapping(json, "uidMappings", ids.Uid);
            WriteMapping(json, "gidMappings", ids.Gid);
        }
        else
        {
            json.WriteStartObject("resources");
            json.WriteStartArray("devices");
            json.WriteStartObject();
            json.WriteBoolean("allow", false);
            json.WriteString("access", "rwm");
            json.WriteEndObject();
            json.WriteEndArray();
            json.WriteEndObject();
        }

        IEnumerable<string> namespaces = cgroupNamespace ? Namespaces.Append("cgroup") : Namespaces;
        json.WriteStartArray("namespaces");
        foreach (string type in user is not null ? namespaces.Where(type => type != "network").Append("user") : namespaces)
        {
            json.WriteStartObject();
            json.WriteString("type", type);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        Strings(json, "maskedPaths", MaskedPaths);
        Strings(json, "readonlyPaths", ReadonlyPaths);
        json.WriteEndObject();
    }

    private static void WriteMapping(Utf8JsonWriter json, string name, uint id)
    {
        json.WriteStartArray(name);
        json.WriteStartObject();
        json.WriteNumber("containerID", 0);
        json.WriteNumber("hostID", id);
        json.WriteNumber("size", 1);
        json.WriteEndObject();
        json.WriteEndArray();
    }

    private static void Strings(Utf8JsonWriter json, string name, IEnumerable<string> values)
    {
        json.WriteStartArray(name);
        foreach (string value in values)
        {
            json.WriteStringValue(value);
        }

        json.WriteEndArray();
    }
}
