namespace Engine.Tests.Conformance.Entries;

/// <summary>config.md#posix-platform-hooks: which hooks run when, where and with what.</summary>
internal static class Hooks
{
    // The kinds that run on the host's files, in their order, with the status that the state document must have then.
    private static readonly (string Kind, string Status)[] Kinds =
    [
        ("prestart", "creating"), ("createRuntime", "creating"), ("createContainer", "creating"), ("poststart", "running"), ("poststop", "stopped"),
    ];

    public static Entry[] All { get; } =
    [
        new("hooks.order", "runtime.md#lifecycle", "prestart, createRuntime, createContainer, startContainer, the program, poststart, poststop: in this order", t =>
        {
            var log = t.File("log", "");
            // What runs inside reaches the log by a bind mount.
            var bundle = t.NewBundle().WithBind(log, "/log").Shell("echo program >>/log; sleep 1");
            foreach (var (kind, _) in Kinds)
            {
                Script(bundle, kind, $"echo {kind} >>{log}");
            }
            // Slow enough that a poststart that does not wait for the program comes first.
            Script(bundle, "startContainer", "sleep 0.3; echo startContainer >>/log");
            var container = t.Create(bundle);
            Assert.Equal("prestart createRuntime createContainer", Words(log));
            container.Start();
            Assert.True(Eventually.Holds(() => Words(log).Contains("poststart", StringComparison.Ordinal), 10));
            container.WaitForEnd();
            Assert.Contains(Words(log), new[] { "program poststart", "poststart program" }.Select(end => $"prestart createRuntime createContainer startContainer {end}"));
            container.Delete();
            Assert.EndsWith(" poststop", Words(log), StringComparison.Ordinal);
        }),
        new("hooks.order.within", "config.md#posix-platform-hooks", "hooks of one kind run in the order of the list", t =>
        {
            var log = t.File("log", "");
            var bundle = t.NewWaiting();
            foreach (var n in new[] { 1, 2, 3 })
            {
                Script(bundle, "createRuntime", $"sleep 0.0{3 - n}; echo {n} >>{log}");
            }
            t.Create(bundle);
            Assert.Equal("1 2 3", Words(log));
        }),
        .. Kinds.Select(row => new Entry($"hooks.state.{row.Kind}", "config.md#posix-platform-hooks", $"a {row.Kind} hook gets the state on its standard input, with status {row.Status}", t =>
        {
            var file = t.File("hook-state");
            var bundle = Script(t.NewWaiting().WithAnnotation("k", "v"), row.Kind, $"cat >{file}");
            var container = t.Start(bundle);
            container.Kill().WaitForEnd();
            container.Delete();
            CheckState(JsonNode.Parse(File.ReadAllText(file))!.AsObject(), container.Id, row.Status, bundle, pid: row.Kind is "prestart" or "createRuntime" or "poststart" ? container.Pid : null);
        })),
        new("hooks.state.startContainer", "config.md#posix-platform-hooks", "a startContainer hook gets the state on its standard input, with status created", t =>
        {
            var bundle = Script(t.NewBundle().WithAnnotation("k", "v").Probe("exit", "0"), "startContainer", "cat >/state");
            var container = t.Start(bundle);
            container.WaitForEnd();
            CheckState(JsonNode.Parse(File.ReadAllText(bundle.Rootfs + "/state"))!.AsObject(), container.Id, "created", bundle, pid: null);
        }),
        new("hooks.when.poststart", "runtime.md#lifecycle 9", "poststart runs after start, not after create", t =>
        {
            var log = t.File("log", "");
            var container = t.Create(Script(t.NewWaiting(), "poststart", $"echo ran >>{log}"));
            Assert.Equal("", Words(log));
            container.Start();
            Assert.True(Eventually.Holds(() => Words(log) == "ran", 10), "poststart did not run");
        }),
        new("hooks.when.startContainer", "runtime.md#lifecycle 7", "startContainer runs at start, not at create", t =>
        {
            var bundle = Script(t.NewBundle().Probe("say", "x"), "startContainer", "echo ran >/mark");
            var container = t.Create(bundle);
            Assert.False(File.Exists(bundle.Rootfs + "/mark"));
            container.Start().WaitForEnd();
            Assert.True(File.Exists(bundle.Rootfs + "/mark"));
        }),
        new("hooks.when.poststop", "runtime.md#lifecycle 13", "poststop runs at delete, not at the end of the program", t =>
        {
            var log = t.File("log", "");
            var container = t.Start(Script(t.NewBundle().Probe("exit", "0"), "poststop", $"echo ran >>{log}"));
            container.WaitForEnd();
            Assert.Equal("stopped", container.Status);
            Assert.Equal("", Words(log));
            container.Delete();
            Assert.Equal("ran", Words(log));
        }),
        .. new[] { ("prestart", false), ("createRuntime", false), ("createContainer", true), ("poststart", false), ("poststop", false) }.Select(row =>
            new Entry($"hooks.namespace.{row.Item1}", "config.md#posix-platform-hooks", $"{row.Item1} runs in the {(row.Item2 ? "container's" : "runtime's")} namespaces", t =>
            {
                var file = t.File("ns");
                var container = t.Start(Script(t.NewWaiting(), row.Item1, $"readlink /proc/self/ns/uts >{file}"));
                var inside = ProcFs.Namespace(container.Pid, "uts");
                container.Kill().WaitForEnd();
                container.Delete();
                Assert.Equal(row.Item2 ? inside : Scenario.OwnNamespace("uts"), File.ReadAllText(file).Trim());
            })),
        new("hooks.namespace.startContainer", "config.md#posix-platform-hooks", "startContainer runs in the container: its files, its namespaces", t =>
        {
            var bundle = Script(t.NewBundle().Probe("exit", "0"), "startContainer", "hostname >/name; readlink /proc/self/ns/mnt >>/name");
            var container = t.Create(bundle);
            var inside = ProcFs.Namespace(container.Pid, "mnt");
            container.Start().WaitForEnd();
            Assert.Equal($"bundle {inside}", Words(bundle.Rootfs + "/name"));
        }),
        new("hooks.createContainer.mounts", "config.md#createcontainer-hooks", "createContainer sees the container's mounts before the root is switched", t =>
        {
            var file = t.File("mounts");
            var bundle = Script(t.NewWaiting().WithMount("/mnt", "tmpfs", "tmpfs"), "createContainer", $"cat /proc/self/mountinfo >{file}");
            t.Create(bundle);
            Assert.Contains(MountLine.Parse(File.ReadAllText(file)), m => m.Point == bundle.Rootfs + "/mnt");
        }),
        new("hooks.createRuntime.namespaces-exist", "config.md#createruntime-hooks", "createRuntime finds the container's namespaces made and the root not yet switched", t =>
        {
            var file = t.File("ns");
            var bundle = Script(t.NewWaiting(), "createRuntime", $"pid=$(sed 's/.*\"pid\": *\\([0-9]*\\).*/\\1/' | head -n 1); readlink /proc/$pid/ns/net >{file}");
            var container = t.Create(bundle);
            Assert.Equal(ProcFs.Namespace(container.Pid, "net"), File.ReadAllText(file).Trim());
        }),
        new("hooks.args", "config.md#posix-platform-hooks", "args are the hook's whole argv, argv[0] included", t =>
        {
            var file = t.File("args");
            t.Create(t.NewWaiting().WithHook("createRuntime", "/bin/sh", ["zero", "-c", $"printf '%s\\n' \"$(tr '\\000' ',' </proc/$$/cmdline | cut -c1-8)\" \"$@\" >{file}", "sh", "a b", ""]));
            Assert.Equal(["zero,-c,", "a b", ""], File.ReadAllLines(file));
        }),
        new("hooks.env", "config.md#posix-platform-hooks", "env is the hook's whole environment", t =>
        {
            var file = t.File("env");
            t.Create(t.NewWaiting().WithHook("createRuntime", "/bin/sh", ["sh", "-c", $"tr '\\000' '\\n' </proc/$$/environ >{file}"], ["A=1", "B=two words"]));
            Assert.Equal(["A=1", "B=two words"], File.ReadAllLines(file));
        }),
        new("hooks.cwd-and-stdio", "config.md#posix-platform-hooks", "a hook that writes much to its standard output does not hang", t =>
            t.Create(Script(t.NewWaiting(), "createRuntime", "head -c 300000 /dev/zero; head -c 300000 /dev/zero >&2"))),
    ];

    /// <summary>A hook that is a shell script of the host (of the container for startContainer).</summary>
    public static Bundle Script(Bundle bundle, string kind, string script, int timeout = 0) =>
        bundle.WithHook(kind, "/bin/sh", ["sh", "-c", script], ["PATH=/usr/sbin:/usr/bin:/sbin:/bin"], timeout);

    /// <summary>The words of a file, with single blanks; nothing for a missing file.</summary>
    public static string Words(string path) => File.Exists(path) ? string.Join(' ', File.ReadAllText(path).Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)) : "";

    private static void CheckState(JsonObject state, string id, string status, Bundle bundle, int? pid)
    {
        Assert.Equal(id, (string?)state["id"]);
        Assert.Equal(bundle.Path, (string?)state["bundle"]);
        Assert.Equal("v", (string?)state["annotations"]!["k"]);
        Assert.NotNull((string?)state["ociVersion"]);
        Assert.Equal(status, (string?)state["status"]);
        if (pid is { } expected)
        {
            Assert.Equal(expected, (int)state["pid"]!);
        }
    }
}
