namespace Engine.Tests.Conformance.Entries;

/// <summary>config.md#mounts: what is mounted where.</summary>
internal static class Mounts
{
    public static Entry[] All { get; } =
    [
        new("mounts.order", "config.md#mounts", "mounts are made in the order of the list", t =>
        {
            var source = t.NewDirectory("source");
            File.WriteAllText(Path.Combine(source, "file"), "x");
            var seen = t.Look(t.NewBundle().WithMount("/mnt", "tmpfs", "tmpfs").WithBind(source, "/mnt/inner"), "stat", "/mnt/inner/file", "mounts");
            Assert.StartsWith("100", seen["stat"], StringComparison.Ordinal);
            Assert.Equal("tmpfs", seen.Mount("/mnt").Type);
        }),
        new("mounts.default-filesystems", "config-linux.md#default-filesystems", "proc, sysfs, devpts and tmpfs for shm are there as configured", t =>
        {
            var seen = t.Look(t.NewBundle(), "mounts");
            Assert.Equal(["proc", "sysfs", "devpts", "tmpfs"], new[] { "/proc", "/sys", "/dev/pts", "/dev/shm" }.Select(p => seen.Mount(p).Type));
        }),
        new("mounts.bind-directory", "config.md#mounts", "a directory of the host is bound", t => Assert.Equal("inside\n", t.Look(t.NewBundle().WithBind(Source(t), "/mnt"), "cat", "/mnt/file").Text)),
        new("mounts.bind-file", "config.md#mounts", "a single file is bound; its target is made", t =>
            Assert.Equal("inside\n", t.Look(t.NewBundle().WithBind(Path.Combine(Source(t), "file"), "/new/dir/file"), "cat", "/new/dir/file").Text)),
        new("mounts.bind-type-none", "config.md#linux-mount-options", "the option bind makes a bind mount whatever the type", t =>
            Assert.Equal("inside\n", t.Look(t.NewBundle().WithMount("/mnt", "none", Source(t), "bind"), "cat", "/mnt/file").Text)),
        new("mounts.bind-relative-source", "config.md#mounts", "a relative source of a bind mount is relative to the bundle", t =>
        {
            var bundle = t.NewBundle();
            Directory.CreateDirectory(Path.Combine(Path.GetDirectoryName(bundle.Rootfs)!, "data"));
            File.WriteAllText(Path.Combine(Path.GetDirectoryName(bundle.Rootfs)!, "data", "file"), "bundle\n");
            Assert.Equal("bundle\n", t.Look(bundle.WithBind("data", "/mnt"), "cat", "/mnt/file").Text);
        }),
        new("mounts.bind-writes-through", "config.md#mounts", "what is written into a bind mount is written on the host", t =>
        {
            var source = Source(t);
            Assert.Equal("ok", t.Look(t.NewBundle().WithBind(source, "/mnt"), "create", "/mnt/made")["create"]);
            Assert.True(File.Exists(Path.Combine(source, "made")));
        }),
        new("mounts.bind-not-recursive", "config.md#linux-mount-options", "bind leaves submounts out", t => Assert.False(t.Look(t.NewBundle().WithBind(Nested(t), "/mnt", "bind"), "mounts").HasMount("/mnt/sub"))),
        new("mounts.rbind", "config.md#linux-mount-options", "rbind takes submounts along", t => Assert.True(t.Look(t.NewBundle().WithBind(Nested(t), "/mnt", "rbind"), "mounts").HasMount("/mnt/sub"))),
        new("mounts.destination-made", "config.md#mounts", "a missing destination is made", t => Assert.True(t.Look(t.NewBundle().WithMount("/a/b/c", "tmpfs", "tmpfs"), "mounts").HasMount("/a/b/c"))),
        new("mounts.destination-symlink", "config.md#mounts", "a symbolic link in the destination is followed inside the root filesystem only", t =>
        {
            var bundle = t.NewBundle();
            Directory.CreateDirectory(bundle.Rootfs + "/tmp/target");
            File.CreateSymbolicLink(bundle.Rootfs + "/link", "/tmp/target");
            Assert.True(t.Look(bundle.WithMount("/link", "tmpfs", "tmpfs"), "mounts").HasMount("/tmp/target"));
        }),
        new("mounts.destination-escape", "config.md#mounts", "a destination cannot leave the root filesystem", t =>
        {
            var bundle = t.NewBundle();
            var outside = t.NewDirectory("outside");
            File.CreateSymbolicLink(bundle.Rootfs + "/link", "../../../../.." + outside);
            _ = t.Run(bundle.WithMount("/link/made/here", "tmpfs", "tmpfs").Probe("say", "ran"));
            Assert.Empty(Directory.EnumerateFileSystemEntries(outside));
        }),
        new("mounts.tmpfs-data", "config.md#mounts", "options that are no flags reach the file system", t =>
        {
            var seen = t.Look(t.NewBundle().WithMount("/mnt", "tmpfs", "tmpfs", "size=1m", "mode=711", "uid=5", "gid=6"), "mounts", "stat", "/mnt");
            Assert.Equal("40711 5 6 0:0", seen["stat"]);
            Assert.Contains("size=1024k", seen.Mount("/mnt").SuperOptions);
        }),
        new("mounts.tmpcopyup", "config.md#linux-mount-options", "tmpcopyup copies what lies at the destination up into the tmpfs", t =>
        {
            var bundle = t.NewBundle().WithFile("/data/file", "kept\n", 0x180).WithMount("/data", "tmpfs", "tmpfs", "tmpcopyup");
            var seen = t.Look(bundle, "cat", "/data/file", "stat", "/data/file", "write", "/data/file", "changed", "mounts");
            Assert.StartsWith("kept\nstat 100600 ", seen.Text, StringComparison.Ordinal);
            Assert.Equal("tmpfs", seen.Mount("/data").Type);
            Assert.Equal("kept\n", File.ReadAllText(bundle.Rootfs + "/data/file"));
        }),
        new("mounts.cgroup", "config-linux.md#control-groups", "a mount of type cgroup shows the container's cgroups, read-only if asked", t =>
        {
            var seen = t.Look(t.NewBundle().WithMount("/sys/fs/cgroup", "cgroup", "cgroup", "nosuid", "noexec", "nodev", "relatime", "ro"), "mounts");
            var lines = MountLine.Parse(seen.Text).Where(m => m.Type is "cgroup" or "cgroup2").ToList();
            Assert.NotEmpty(lines);
            Assert.All(lines, m => Assert.Contains("ro", m.Options));
            Assert.Equal(t.View.IsV2, lines.All(m => m.Type == "cgroup2"));
        }),
        new("mounts.cgroup-namespace", "config-linux.md#namespaces", "with a cgroup namespace the container sees its own cgroup as the root", t =>
        {
            var seen = t.Look(t.NewBundle().WithNamespace("cgroup").WithMount("/sys/fs/cgroup", "cgroup", "cgroup"), "cat", "/proc/self/cgroup", "cat", t.View.IsV2 ? "/sys/fs/cgroup/cgroup.procs" : "/sys/fs/cgroup/pids/cgroup.procs");
            Assert.DoesNotContain(TestRun.Tag, string.Join('\n', seen.Text.Split('\n').Where(l => !l.Contains("systemd", StringComparison.Ordinal))), StringComparison.Ordinal);
            Assert.Contains("\n1\n", "\n" + seen.Text, StringComparison.Ordinal);
        }),
        new("mounts.idmap", "config.md#linux-mount-options", "uidMappings and gidMappings of a mount map the owners in it", t => IdMapped(t, "idmap")),
        new("mounts.ridmap", "config.md#linux-mount-options", "ridmap maps the owners in submounts too", t => IdMapped(t, "ridmap", "/sub")),
        new("mounts.overlay", "config.md#mounts", "an overlay is mounted with its directories", t =>
        {
            var (lower, upper, work) = (Source(t), t.NewDirectory("upper"), t.NewDirectory("work"));
            // The work directory must not lie on a file system that overlay refuses.
            Kernel.Mount("none", t.NewDirectory("layers"), "tmpfs");
            (upper, work) = (t.NewDirectory("layers/upper"), t.NewDirectory("layers/work"));
            var seen = t.Look(t.NewBundle().WithMount("/mnt", "overlay", "overlay", $"lowerdir={lower}", $"upperdir={upper}", $"workdir={work}"), "cat", "/mnt/file", "create", "/mnt/made");
            Assert.Equal("inside\ncreate ok\n", seen.Text);
            Assert.True(File.Exists(Path.Combine(upper, "made")));
        }),
    ];

    /// <summary>A directory of the host with a file in it.</summary>
    public static string Source(Scenario t)
    {
        var source = t.NewDirectory("source");
        File.WriteAllText(Path.Combine(source, "file"), "inside\n");
        return source;
    }

    /// <summary>A mount of the host with a submount <c>sub</c>, which has a file; both are this entry's own.</summary>
    public static string Nested(Scenario t)
    {
        var source = t.NewDirectory("nested");
        Kernel.Mount("none", source, "tmpfs");
        File.WriteAllText(Path.Combine(source, "file"), "outer\n");
        Kernel.Mount("none", Directory.CreateDirectory(Path.Combine(source, "sub")).FullName, "tmpfs");
        File.WriteAllText(Path.Combine(source, "sub", "file"), "inner\n");
        return source;
    }

    private static void IdMapped(Scenario t, string option, string below = "")
    {
        var source = Nested(t);
        Native.Check(Native.chown(source + "/file", 1000, 1001), "chown");
        Native.Check(Native.chown(source + "/sub/file", 1000, 1001), "chown");
        var bundle = t.NewBundle().WithBind(source, "/mnt", "rbind", option);
        var mount = bundle.Config["mounts"]!.AsArray()[^1]!;
        mount["uidMappings"] = new JsonArray(new JsonObject { ["containerID"] = 0, ["hostID"] = 5000, ["size"] = 2000 });
        mount["gidMappings"] = new JsonArray(new JsonObject { ["containerID"] = 0, ["hostID"] = 6000, ["size"] = 2000 });
        Assert.StartsWith("100644 6000 7001 ", t.Look(bundle, "stat", $"/mnt{below}/file")["stat"], StringComparison.Ordinal);
    }
}
