namespace Engine.Tests.Conformance.Entries;

/// <summary>config-linux.md#masked-paths and #readonly-paths.</summary>
internal static class Paths
{
    public static Entry[] All { get; } =
    [
        new("masked.file", "config-linux.md#masked-paths", "a masked file cannot be read", t =>
            Assert.DoesNotContain("secret", t.Run(Masked(t, "/file").WithFile("/file", "secret\n").Probe("cat", "/file")).Text, StringComparison.Ordinal)),
        new("masked.directory", "config-linux.md#masked-paths", "a masked directory shows nothing", t =>
            Assert.Equal("", t.Shell(Masked(t, "/dir").WithFile("/dir/file", "secret\n"), "ls -A /dir"))),
        new("masked.directory.readonly", "config-linux.md#masked-paths", "nothing can be made in a masked directory", t =>
            Assert.Equal("EROFS", t.Look(Masked(t, "/dir").WithFile("/dir/file", "secret\n"), "create", "/dir/new")["create"])),
        new("masked.missing", "config-linux.md#masked-paths", "a masked path that does not exist is ignored", t => t.Look(Masked(t, "/no/such/path"), "say", "ran")),
        new("masked.proc", "config-linux.md#masked-paths", "a masked file of /proc cannot be read", t =>
            Assert.DoesNotContain("Linux", t.Run(Masked(t, "/proc/version").Probe("cat", "/proc/version")).Text, StringComparison.Ordinal)),
        new("masked.submount", "config-linux.md#masked-paths", "a masked directory hides the mounts below it", t =>
            Assert.Equal("", t.Shell(Masked(t, "/mnt").WithBind(Mounts.Nested(t), "/mnt", "rbind"), "ls -A /mnt"))),
        new("masked.symlink", "config-linux.md#masked-paths", "a masked path that is a link does not reach outside the root filesystem", t =>
        {
            var bundle = Masked(t, "/link");
            File.CreateSymbolicLink(bundle.Rootfs + "/link", "/etc/passwd");
            _ = t.Run(bundle.Probe("say", "ran"));
            Assert.NotEqual("", File.ReadAllText("/etc/passwd"));
        }),
        new("readonly.file", "config-linux.md#readonly-paths", "a read-only file cannot be written, but read", t =>
        {
            var seen = t.Look(Readonly(t, "/file").WithFile("/file", "content\n"), "cat", "/file", "write", "/file", "x");
            Assert.Equal("content\nwrite EROFS\n", seen.Text);
        }),
        new("readonly.directory", "config-linux.md#readonly-paths", "nothing can be made in a read-only directory", t =>
            Assert.Equal("EROFS", t.Look(Readonly(t, "/dir").WithFile("/dir/file", "x"), "create", "/dir/new")["create"])),
        new("readonly.missing", "config-linux.md#readonly-paths", "a read-only path that does not exist is ignored", t => t.Look(Readonly(t, "/no/such/path"), "say", "ran")),
        new("readonly.submount", "config-linux.md#readonly-paths", "mounts below a read-only path are still there", t =>
        {
            var seen = t.Look(Readonly(t, "/mnt").WithBind(Mounts.Nested(t), "/mnt", "rbind"), "cat", "/mnt/sub/file", "create", "/mnt/new");
            Assert.Equal("inner\ncreate EROFS\n", seen.Text);
        }),
        new("readonly.keeps-flags", "config-linux.md#readonly-paths", "a read-only path keeps the other attributes of its mount", t =>
        {
            var options = t.Look(Readonly(t, "/proc/sys"), "mounts").Mount("/proc/sys").Options;
            Assert.All(["ro", "nosuid", "nodev", "noexec"], o => Assert.Contains(o, options));
        }),
    ];

    private static Bundle Masked(Scenario t, string path) => t.NewBundle().Edit(c => c["linux"]!["maskedPaths"]!.AsArray().Add(path));

    private static Bundle Readonly(Scenario t, string path) => t.NewBundle().Edit(c => c["linux"]!["readonlyPaths"] = Scenario.Strings(path));
}
