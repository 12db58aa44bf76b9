namespace Engine.Tests.Conformance.Entries;

/// <summary>config-linux.md#devices and default-devices; runtime-linux.md: the links in /dev.</summary>
internal static class Devices
{
    private static readonly (string Name, string Numbers)[] Default = [("null", "1:3"), ("zero", "1:5"), ("full", "1:7"), ("random", "1:8"), ("urandom", "1:9"), ("tty", "5:0")];

    private static readonly (string Name, string Target)[] Links = [("fd", "/proc/self/fd"), ("stdin", "/proc/self/fd/0"), ("stdout", "/proc/self/fd/1"), ("stderr", "/proc/self/fd/2")];

    public static Entry[] All { get; } =
    [
        .. Default.Select(d => new Entry($"devices.default.{d.Name}", "config-linux.md#default-devices", $"/dev/{d.Name} is there, for everybody to use", t =>
            Assert.Equal($"20666 0 0 {d.Numbers}", t.Look(t.NewBundle(), "stat", "/dev/" + d.Name)["stat"]))),
        new("devices.default.ptmx", "config-linux.md#default-devices", "/dev/ptmx is a bind mount of or a link to /dev/pts/ptmx", t =>
            Assert.Contains("5:2", t.Shell(t.NewBundle(), "stat -L -c %t:%T /dev/ptmx"), StringComparison.Ordinal)),
        new("devices.default.usable", "config-linux.md#default-devices", "the default devices can be opened", t =>
            Assert.Equal("write ok\nwrite ok\nwrite ENOSPC\n", t.Look(t.NewBundle(), "write", "/dev/null", "x", "write", "/dev/zero", "x", "write", "/dev/full", "x").Text)),
        .. Links.Select(l => new Entry($"devices.link.{l.Name}", "runtime-linux.md#dev-symbolic-links", $"/dev/{l.Name} is a link to {l.Target}", t =>
            Assert.Equal(l.Target, t.Look(t.NewBundle(), "readlink", "/dev/" + l.Name)["readlink"]))),
        new("devices.char", "config-linux.md#devices", "a character device with mode, owner and numbers", t =>
            Assert.Equal("20640 7 8 1:3", t.Look(t.NewBundle().WithDevice("/dev/odd", "c", 1, 3, 0x1a0, 7, 8), "stat", "/dev/odd")["stat"])),
        new("devices.unbuffered", "config-linux.md#devices", "type u is a character device", t => Assert.StartsWith("20666 ", t.Look(t.NewBundle().WithDevice("/dev/odd", "u", 1, 3), "stat", "/dev/odd")["stat"], StringComparison.Ordinal)),
        new("devices.block", "config-linux.md#devices", "a block device", t => Assert.Equal("60600 0 0 7:200", t.Look(t.NewBundle().WithDevice("/dev/loopy", "b", 7, 200, 0x180), "stat", "/dev/loopy")["stat"])),
        new("devices.fifo", "config-linux.md#devices", "type p is a FIFO; it needs no numbers", t =>
        {
            var bundle = t.NewBundle();
            bundle.Linux["devices"] = new JsonArray(new JsonObject { ["path"] = "/dev/pipe", ["type"] = "p", ["fileMode"] = 0x1b0, ["uid"] = 3, ["gid"] = 4 });
            Assert.Equal("10660 3 4 0:0", t.Look(bundle, "stat", "/dev/pipe")["stat"]);
        }),
        new("devices.elsewhere", "config-linux.md#devices", "a device may lie outside /dev; its directories are made", t =>
            Assert.Equal("20666 0 0 1:3", t.Look(t.NewBundle().WithDevice("/some/where/null", "c", 1, 3), "stat", "/some/where/null")["stat"])),
        new("devices.conflict", "config-linux.md#devices", "a file at the path that is not the device is an error", t =>
            t.Refused(t.NewBundle().WithFile("/odd", "a file").WithDevice("/odd", "c", 1, 3))),
        new("devices.replaces-default", "config-linux.md#devices", "an entry for a default device gives it an owner", t =>
            Assert.Equal("20666 9 9 1:3", t.Look(t.NewBundle().WithDevice("/dev/null", "c", 1, 3, 0x1b6, 9, 9), "stat", "/dev/null")["stat"])),
        new("devices.owner-of-host", "runc CLI", "the owner of the host's /dev/null stays what it was", t =>
        {
            var before = Stat();
            t.Start(t.NewBundle().WithUser(1000, 1000).Probe("exit", "0")).WaitForEnd();
            Assert.Equal(before, Stat());
        }),
        new("devices.no-host-devices", "config-linux.md#default-devices", "nothing else of the host's /dev is there", t =>
        {
            string[] known = ["console", "core", "fd", "full", "mqueue", "null", "ptmx", "pts", "random", "shm", "stderr", "stdin", "stdout", "tty", "urandom", "zero"];
            Assert.Empty(t.Shell(t.NewBundle(), "ls /dev").Split('\n').Except(known));
        }),
    ];

    private static string Stat() => new Command("/usr/bin/stat", "-c", "%u:%g %a", "/dev/null").Run().ShouldExit(0).Trimmed;
}
