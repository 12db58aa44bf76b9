namespace Engine.Tests.Conformance.Entries;

/// <summary>bundle.md and the rules of config.md that are about the document: where it is, its version, what may and may not be in it.</summary>
internal static class Configuration
{
    private static readonly string[] GoodVersions = ["1.0.0", "1.0.2-dev", "1.1.0", "1.2.1", "1.3.0"];

    private static readonly string[] BadVersions = ["", "nonsense", "1", "0.9"];

    // What no runtime can do, each by one edit of a good config.
    private static readonly (string Id, string What, Action<Bundle> Edit)[] Invalid =
    [
        ("process.cwd-relative", "process.cwd that is not absolute", b => b.WithCwd("tmp")),
        ("process.args-empty", "process.args without an entry", b => b.Args()),
        ("process.args-missing", "process without args", b => b.Process.Remove("args")),
        ("process.rlimit-unknown", "an rlimit type that does not exist", b => b.WithRlimit("RLIMIT_NONSENSE", 1, 1)),
        ("process.rlimit-duplicate", "two entries for one rlimit", b => b.WithRlimit("RLIMIT_NOFILE", 64, 64).WithRlimit("RLIMIT_NOFILE", 65, 65)),
        ("process.scheduler-policy", "a scheduler policy that does not exist", b => b.Process["scheduler"] = new JsonObject { ["policy"] = "SCHED_NONSENSE" }),
        ("process.ioprio-class", "an I/O priority class that does not exist", b => b.Process["ioPriority"] = new JsonObject { ["class"] = "IOPRIO_CLASS_NONSENSE", ["priority"] = 1 }),
        ("root.path-missing", "root.path that does not exist", b => b.Config["root"]!["path"] = "nowhere"),
        ("root.path-file", "root.path that is no directory", b => b.Config["root"]!["path"] = "config.json"),
        ("mount.destination-missing", "a mount without a destination", b => b.Config["mounts"]!.AsArray().Add(new JsonObject { ["type"] = "tmpfs", ["source"] = "tmpfs" })),
        ("mount.type-unknown", "a mount of a file system that the kernel does not know", b => b.WithMount("/mnt", "nonsensefs", "none")),
        ("mount.bind-missing", "a bind mount whose source does not exist", b => b.WithBind("/nonexistent/source", "/mnt")),
        ("mount.option-bad", "a mount option that the file system refuses", b => b.WithMount("/mnt", "tmpfs", "tmpfs", "nonsense=1")),
        ("linux.namespace-unknown", "a namespace type that does not exist", b => b.WithNamespace("nonsense")),
        ("linux.namespace-duplicate", "a namespace type given twice", b => b.Linux["namespaces"]!.AsArray().Add(new JsonObject { ["type"] = "uts" })),
        ("linux.namespace-path-missing", "a namespace path that does not exist", b => b.WithNamespace("network", "/nonexistent/ns")),
        ("linux.namespace-path-type", "a namespace path of another type", b => b.WithNamespace("network", "/proc/self/ns/uts")),
        ("linux.namespace-path-file", "a namespace path that is no namespace", b => b.WithNamespace("network", "/etc/passwd")),
        ("linux.device-type", "a device type that does not exist", b => b.WithDevice("/dev/odd", "x", 1, 3)),
        ("linux.rootfs-propagation", "a rootfsPropagation that does not exist", b => b.Linux["rootfsPropagation"] = "nonsense"),
        ("linux.sysctl-unknown", "a sysctl that does not exist", b => b.WithSysctl("net.ipv4.nonsense", "1")),
        ("linux.sysctl-host", "a sysctl of a namespace that the container shares with the host", b => b.WithoutNamespace("ipc").WithSysctl("kernel.shmmax", Host("kernel/shmmax"))),
        ("linux.sysctl-global", "a sysctl that no namespace separates", b => b.WithSysctl("kernel.panic", Host("kernel/panic"))),
        ("linux.hostname-without-uts", "a hostname without a new UTS namespace", b => b.WithoutNamespace("uts")),
        ("linux.seccomp-action", "a seccomp action that does not exist", b => b.Linux["seccomp"] = new JsonObject { ["defaultAction"] = "SCMP_ACT_NONSENSE" }),
        ("linux.seccomp-operator", "a seccomp operator that does not exist", b => b.Linux["seccomp"] = Seccomp.Profile("SCMP_ACT_ALLOW",
            Seccomp.Rule("SCMP_ACT_ERRNO", ["umask"], 1, (0, 1, 0, "SCMP_CMP_NONSENSE")))),
        ("linux.seccomp-arch", "a seccomp architecture that does not exist", b =>
        {
            var profile = Seccomp.Profile("SCMP_ACT_ALLOW");
            profile["architectures"] = BundleDefaults.Strings("SCMP_ARCH_NONSENSE");
            b.Linux["seccomp"] = profile;
        }),
        ("linux.memory-wrong-type", "memory.limit that is a string", b => b.WithResources(r => r["memory"] = new JsonObject { ["limit"] = "much" })),
        ("hooks.path-relative", "a hook whose path is not absolute", b => b.WithHook("createRuntime", "bin/true", ["true"])),
        ("hooks.timeout-negative", "a hook whose timeout is not greater than zero", b => b.WithHook("createRuntime", "/bin/true", ["true"]).Config["hooks"]!["createRuntime"]![0]!["timeout"] = -1),
    ];

    public static Entry[] All { get; } =
    [
        new("bundle.no-directory", "bundle.md", "a bundle that does not exist is an error", t => t.Oci.Refused("create", "--bundle", t.File("nowhere"), t.NewId())),
        new("bundle.no-config", "bundle.md", "a bundle without config.json is an error", t => t.Oci.Refused("create", "--bundle", t.NewDirectory("empty"), t.NewId())),
        new("bundle.no-json", "config.md", "a config.json that is no JSON is an error", t => t.Refused(t.NewBundle().Raw("{ \"ociVersion\": \"1.0.2\", "))),
        new("bundle.not-an-object", "config.md", "a config.json that is no object is an error", t => t.Refused(t.NewBundle().Raw("[]"))),
        new("bundle.rootfs-elsewhere", "config.md#root", "root.path may be absolute and outside the bundle", t =>
        {
            var other = t.NewBundle();
            var bundle = t.NewBundle();
            bundle.Config["root"]!["path"] = other.Rootfs;
            File.WriteAllText(other.Rootfs + "/mark", "elsewhere\n");
            Assert.Equal("elsewhere\n", t.Look(bundle, "cat", "/mark").Text);
        }),
        .. GoodVersions.Select(v => new Entry($"version.{v}", "config.md#specification-version", $"a bundle of version {v} is accepted", t =>
        {
            var bundle = t.NewBundle();
            bundle.Config["ociVersion"] = v;
            t.Look(bundle, "say", "ran");
        })),
        .. BadVersions.Select((v, i) => new Entry($"version.bad-{i}", "config.md#specification-version", $"ociVersion '{v}' is no SemVer version: refused", t =>
        {
            var bundle = t.NewBundle();
            bundle.Config["ociVersion"] = v;
            t.Refused(bundle);
        })),
        new("unknown-properties", "config.md#extensibility", "unknown properties are ignored everywhere", t =>
        {
            var bundle = t.NewBundle();
            bundle.Config["unknown"] = new JsonObject { ["a"] = 1 };
            bundle.Process["unknown"] = "x";
            bundle.Process["user"]!["unknown"] = true;
            bundle.Linux["unknown"] = new JsonArray(1, 2);
            bundle.Config["root"]!["unknown"] = 0;
            bundle.Config["mounts"]![0]!["unknown"] = new JsonObject();
            bundle.WithResources(r => r["unknown"] = new JsonObject { ["x"] = 1 });
            t.Look(bundle, "say", "ran");
        }),
        new("annotations.wrong-type", "config.md#annotations", "annotation values must be strings", t => t.Refused(t.NewBundle().Edit(c => c["annotations"] = new JsonObject { ["k"] = 5 }))),
        new("annotations.unknown", "config.md#annotations", "unknown annotation keys are no error", t => t.Look(t.NewBundle().WithAnnotation("com.example.unheard-of", "x"), "say", "ran")),
        new("process.missing", "runtime.md#start", "a config without process can be created, but start is an error", t =>
        {
            var bundle = t.NewBundle();
            bundle.Config.Remove("process");
            t.Refused(bundle, atStart: true);
        }),
        .. Invalid.Select(row => new Entry($"invalid.{row.Id}", "config.md#valid-values", $"refused: {row.What}", t =>
        {
            var bundle = t.NewBundle().Probe("say", "ran");
            row.Edit(bundle);
            t.Refused(bundle, atStart: row.Id.StartsWith("process.", StringComparison.Ordinal));
        })),
    ];

    // The machine's own value: a runtime that writes it changes nothing.
    private static string Host(string name) => File.ReadAllText("/proc/sys/" + name).Trim();
}
