using System.Text.Json;
using Engine.Diagnostics;
using Engine.Lifecycle;
using Engine.Mounts;
using Engine.Seccomp;
using Engine.Security;
using Engine.Spec;

namespace Engine.Cli;

/// <summary>
/// The specification's features document (features.md, features-linux.md), written from the tables that the code uses. What is
/// a question of yes or no is asked of <see cref="Unsupported"/>: a configuration that uses it would be refused, or not.
/// Both command lines print this one; nothing here depends on this machine but what the kernel says of seccomp's flags.
/// </summary>
public static class FeaturesDocument
{
    private static readonly string[] Hooks = ["prestart", "createRuntime", "createContainer", "startContainer", "poststart", "poststop"];

    // linux.NAME.enabled: a configuration that uses nothing else.
    private static readonly (string Name, RuntimeSpec Use)[] Switches =
    [
        ("apparmor", Using(process: Process with { ApparmorProfile = "a" })),
        ("selinux", Using(process: Process with { SelinuxLabel = "a" })),
        ("intelRdt", Using(new LinuxSpec { IntelRdt = new IntelRdtSpec() })),
        ("netDevices", Using(new LinuxSpec { NetDevices = new Dictionary<string, NetDeviceSpec> { ["a"] = new() } })),
    ];

    private static ProcessSpec Process => new() { Cwd = "/" };

    /// <summary>Writes the members of the document into an object that is open.</summary>
    public static void WriteMembers(Utf8JsonWriter json)
    {
        json.WriteString("ociVersionMin", OciVersions.Oldest);
        json.WriteString("ociVersionMax", OciVersions.Newest);
        Strings(json, "hooks", Hooks);
        Strings(json, "mountOptions", MountOptionTable.Names.Where(IsMountOption));
        json.WriteStartObject("linux");
        Strings(json, "namespaces", NamespaceSteps.Types.Order(StringComparer.Ordinal));
        Strings(json, "capabilities", Capabilities.All);
        WriteCgroup(json);
        WriteSeccomp(json);
        foreach ((string name, RuntimeSpec use) in Switches)
        {
            Enabled(json, name, Accepts(use), name == "intelRdt" ? ["schemata"] : []);
        }

        json.WriteStartObject("mountExtensions");
        Enabled(json, "idmap", IsMountOption("idmap"));
        json.WriteEndObject();
        json.WriteStartObject("memoryPolicy");
        Strings(json, "modes", KernelNames.MemoryModes.All);
        Strings(json, "flags", KernelNames.MemoryFlags.All);
        json.WriteEndObject();
        json.WriteEndObject();
        json.WriteStartObject("annotations");
        json.WriteString("io.github.seccomp.libseccomp.version", SeccompCompiler.LibraryVersion);
        json.WriteString("org.opencontainers.runc.checkpoint.enabled", "false");
        json.WriteString("engine.version", BuildInfo.Version);
        json.WriteString("engine.build", BuildInfo.Build);
        json.WriteEndObject();
    }

    private static void WriteCgroup(Utf8JsonWriter json)
    {
        json.WriteStartObject("cgroup");
        json.WriteBoolean("v1", true);
        json.WriteBoolean("v2", true);
        json.WriteBoolean("systemd", true);
        json.WriteBoolean("systemdUser", true);
        json.WriteBoolean("rdma", true);
        json.WriteEndObject();
    }

    private static void WriteSeccomp(Utf8JsonWriter json)
    {
        json.WriteStartObject("seccomp");
        json.WriteBoolean("enabled", true);
        Strings(json, "actions", SeccompTables.Actions.Keys.Order(StringComparer.Ordinal));
        Strings(json, "operators", SeccompTables.Operators.Keys.Order(StringComparer.Ordinal));
        Strings(json, "archs", SeccompTables.Architectures.Where(SeccompCompiler.Knows).Select(name => "SCMP_ARCH_" + name).Order(StringComparer.Ordinal));
        Strings(json, "knownFlags", SeccompTables.Flags.Keys.Order(StringComparer.Ordinal));
        Strings(json, "supportedFlags", SeccompTables.Flags.Where(flag => Linux.SeccompFlags.IsSupported(flag.Value)).Select(flag => flag.Key).Order(StringComparer.Ordinal));
        json.WriteEndObject();
    }

    private static bool IsMountOption(string option) =>
        Accepts(Using() with { Mounts = [new MountSpec { Destination = "/a", Source = "/a", Type = "bind", Options = ["bind", option] }] })
        || Accepts(Using() with { Mounts = [new MountSpec { Destination = "/a", Source = "a", Type = "tmpfs", Options = [option] }] });

    private static bool Accepts(RuntimeSpec use)
    {
        var findings = new Findings();
        Unsupported.Run(use, findings);
        return findings.Errors.Count == 0;
    }

    private static RuntimeSpec Using(LinuxSpec? linux = null, ProcessSpec? process = null) => new()
    {
        OciVersion = OciVersions.Newest,
        Process = process,
        Linux = (linux ?? new LinuxSpec()) with { Namespaces = [new NamespaceSpec { Type = "mount" }] },
    };

    // more: members that say of a part what "enabled" says of the whole.
    private static void Enabled(Utf8JsonWriter json, string name, bool value, params string[] more)
    {
        json.WriteStartObject(name);
        json.WriteBoolean("enabled", value);
        foreach (string member in more)
        {
            json.WriteBoolean(member, value);
        }

        json.WriteEndObject();
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
