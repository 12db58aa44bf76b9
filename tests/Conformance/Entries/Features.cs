namespace Engine.Tests.Conformance.Entries;

/// <summary>features.md and features-linux.md: the document of the <c>features</c> command.</summary>
internal static class Features
{
    private static readonly string[] Hooks = ["prestart", "createRuntime", "createContainer", "startContainer", "poststart", "poststop"];

    public static Entry[] All { get; } =
    [
        new("features.versions", "features.md#specification-version", "ociVersionMin and ociVersionMax are versions, and Min is not above Max", t =>
        {
            var (min, max) = ((string)Document(t)["ociVersionMin"]!, (string)Document(t)["ociVersionMax"]!);
            Assert.True(Version.Parse(min.Split('-')[0]) <= Version.Parse(max.Split('-')[0]), $"{min} {max}");
        }),
        new("features.hooks", "features.md#hooks", "hooks lists the six kinds", t => Assert.Equal(Hooks.Order(), Texts(Document(t)["hooks"]).Order())),
        new("features.mount-options", "features.md#mount-options", "mountOptions lists the options of the specification", t =>
            Assert.Empty(new[] { "ro", "rbind", "nosuid", "nodev", "noexec", "relatime", "rprivate", "rslave", "rshared", "tmpcopyup", "rro" }.Except(Texts(Document(t)["mountOptions"])))),
        new("features.mount-options.true", "features.md#mount-options", "every listed mount option without a value is accepted", t =>
        {
            // All of them at once, on a bind mount that takes what a file system would refuse; those that exclude each other come one by one elsewhere.
            var options = Texts(Document(t)["mountOptions"]).Where(o => o is "nosuid" or "nodev" or "noexec" or "ro" or "noatime" or "nodiratime" or "nosymfollow" or "rnosuid" or "rnodev" or "rnoexec" or "rro").ToArray();
            t.Look(t.NewBundle().WithBind(Mounts.Source(t), "/mnt", [.. options.Prepend("rbind")]), "say", "ran");
        }),
        new("features.namespaces", "features-linux.md#namespaces", "linux.namespaces lists what the runtime can make, with the specification's names", t =>
            Assert.Empty(new[] { "cgroup", "ipc", "mount", "network", "pid", "user", "uts" }.Except(Texts(Document(t)["linux"]!["namespaces"])))),
        new("features.capabilities", "features-linux.md#capabilities", "linux.capabilities lists every capability of the kernel up to CAP_CHECKPOINT_RESTORE", t =>
        {
            var names = Texts(Document(t)["linux"]!["capabilities"]);
            Assert.Contains("CAP_CHECKPOINT_RESTORE", names);
            Assert.True(names.Length >= 41, $"{names.Length}");
        }),
        new("features.cgroup", "features-linux.md#cgroup", "linux.cgroup says v1, v2, systemd", t =>
            Assert.All(["v1", "v2", "systemd"], name => Assert.IsAssignableFrom<JsonValue>(Document(t)["linux"]!["cgroup"]![name]))),
        new("features.seccomp", "features-linux.md#seccomp", "linux.seccomp lists actions, operators, archs", t =>
        {
            var seccomp = Document(t)["linux"]!["seccomp"]!;
            Assert.True((bool)seccomp["enabled"]!);
            Assert.Contains("SCMP_ACT_NOTIFY", Texts(seccomp["actions"]));
            Assert.Equal(7, Texts(seccomp["operators"]).Length);
            Assert.Contains("SCMP_ARCH_X86_64", Texts(seccomp["archs"]));
        }),
        new("features.seccomp.flags", "features-linux.md#seccomp", "linux.seccomp lists knownFlags and supportedFlags", t =>
        {
            var seccomp = Document(t)["linux"]!["seccomp"]!;
            Assert.Empty(Texts(seccomp["supportedFlags"]).Except(Texts(seccomp["knownFlags"])));
            Assert.Contains("SECCOMP_FILTER_FLAG_LOG", Texts(seccomp["knownFlags"]));
        }),
        new("features.lsm", "features-linux.md#apparmor", "linux.apparmor and linux.selinux say whether they are enabled", t =>
            Assert.All(["apparmor", "selinux"], name => Assert.IsAssignableFrom<JsonValue>(Document(t)["linux"]![name]!["enabled"]))),
        new("features.idmap", "features-linux.md#mount-extensions", "linux.mountExtensions.idmap is said, and true to what the runtime does", t =>
            Assert.IsAssignableFrom<JsonValue>(Document(t)["linux"]!["mountExtensions"]!["idmap"]!["enabled"])),
        new("features.net-devices", "features-linux.md#net-devices", "linux.netDevices is said", t => Assert.IsAssignableFrom<JsonValue>(Document(t)["linux"]!["netDevices"]!["enabled"])),
        new("features.memory-policy", "features-linux.md#memory-policy", "linux.memoryPolicy lists modes and flags", t => Assert.Contains("MPOL_BIND", Texts(Document(t)["linux"]!["memoryPolicy"]!["modes"]))),
        new("features.unsafe-annotations", "features.md#unsafe-annotations-in-configjson", "potentiallyUnsafeConfigAnnotations, where said, is a list of strings", t => _ = Texts(Document(t)["potentiallyUnsafeConfigAnnotations"] ?? new JsonArray())),
    ];

    private static JsonObject Document(Scenario t) => JsonNode.Parse(t.Oci.Ok("features").Text)!.AsObject();

    private static string[] Texts(JsonNode? list) => list!.AsArray().Select(n => (string)n!).ToArray();
}
