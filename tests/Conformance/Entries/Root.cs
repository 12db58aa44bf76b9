namespace Engine.Tests.Conformance.Entries;

/// <summary>config.md#root, names, rootfsPropagation and sysctl.</summary>
internal static class Root
{
    public static Entry[] All { get; } =
    [
        new("root.writable", "config.md#root", "the root filesystem is writable by default", t =>
        {
            var bundle = t.NewBundle();
            Assert.Equal("ok", t.Look(bundle, "create", "/made")["create"]);
            Assert.True(File.Exists(bundle.Rootfs + "/made"));
        }),
        new("root.readonly", "config.md#root", "readonly: the root filesystem is read-only, mounts in it are not", t =>
        {
            var seen = t.Look(t.NewBundle().WithReadonlyRoot(), "create", "/made", "create", "/dev/shm/made", "mounts");
            Assert.Equal(["EROFS", "ok"], seen.All("create"));
            Assert.Contains("ro", seen.Mount("/").Options);
        }),
        new("root.nothing-of-the-host", "config.md#root", "no mount of the host is visible", t =>
        {
            var points = MountLine.Parse(t.Look(t.NewBundle(), "mounts").Text).Select(m => m.Point).ToList();
            Assert.All(points, p => Assert.True(p == "/" || p.Split('/')[1] is "proc" or "dev" or "sys", p));
        }),
        new("hostname", "config.md#hostname", "the hostname is the configured one", t =>
        {
            var bundle = t.NewBundle();
            bundle.Config["hostname"] = "box";
            Assert.Equal("box", t.Look(bundle, "host")["hostname"]);
        }),
        new("domainname", "config.md#domainname", "the domainname is the configured one", t =>
        {
            var bundle = t.NewBundle();
            bundle.Config["domainname"] = "example.org";
            Assert.Equal("example.org", t.Look(bundle, "host")["domainname"]);
        }),
        new("sysctl", "config-linux.md#sysctl", "kernel parameters of the container's namespaces are set", t =>
        {
            var bundle = t.NewBundle().WithSysctl("net.ipv4.ip_forward", "1").WithSysctl("kernel.shmmax", "123456").WithSysctl("kernel.msgmax", "4096");
            var seen = t.Look(bundle, "cat", "/proc/sys/net/ipv4/ip_forward", "cat", "/proc/sys/kernel/shmmax", "cat", "/proc/sys/kernel/msgmax");
            Assert.Equal("1\n123456\n4096\n", seen.Text);
        }),
        new("sysctl.slashes", "config-linux.md#sysctl", "a parameter may be written with slashes", t =>
            Assert.Equal("1\n", t.Look(t.NewBundle().WithSysctl("net/ipv4/ip_forward", "1"), "cat", "/proc/sys/net/ipv4/ip_forward").Text)),
        Propagation("shared", m => m.HasTag("shared")),
        // MS_SLAVE makes a mount without peers private: both are what the specification asks for.
        Propagation("slave", m => !m.HasTag("shared") && !m.HasTag("unbindable")),
        Propagation("private", m => m.Tags.Length == 0),
        Propagation("unbindable", m => m.HasTag("unbindable")),
    ];

    // The root filesystem lies on a shared mount: a runtime must not leave it so by chance.
    private static Entry Propagation(string mode, Func<MountLine, bool> holds) =>
        new($"rootfs-propagation.{mode}", "config-linux.md#rootfs-mount-propagation", $"rootfsPropagation {mode} is the propagation of / inside", t =>
        {
            var bundle = t.NewBundle();
            var directory = Path.GetDirectoryName(bundle.Rootfs)!;
            Kernel.Mount(directory, directory, "none", Kernel.MS_BIND);
            Kernel.Mount("none", directory, "none", Kernel.MS_SHARED);
            bundle.Linux["rootfsPropagation"] = mode;
            var root = t.Look(bundle, "mounts").Mount("/");
            Assert.True(holds(root), $"propagation: '{string.Join(' ', root.Tags)}'");
        });
}
