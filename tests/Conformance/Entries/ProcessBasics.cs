namespace Engine.Tests.Conformance.Entries;

/// <summary>config.md#process: what is run, where, with which environment, as whom.</summary>
internal static class ProcessBasics
{
    public static Entry[] All { get; } =
    [
        new("process.args", "config.md#process", "the program gets the arguments as they are", t =>
            Assert.Equal(["/probe", "args", "say", "two words", "say", "\"quo'te$"], t.Look(t.NewBundle(), "args", "say", "two words", "say", "\"quo'te$").All("arg"))),
        new("process.args.path", "config.md#process", "args[0] without a slash is found by the PATH of process.env", t =>
        {
            var bundle = t.NewBundle().WithFile("/odd/place/tool", "#!/bin/sh\necho found\n", 0x1ed).Args("tool");
            bundle.Process["env"] = Scenario.Strings("PATH=/nowhere:/odd/place");
            Assert.Equal("found", t.Run(bundle).ShouldExit(0).Trimmed);
        }),
        new("process.args.not-found", "config.md#process", "a program that does not exist is an error", t => t.Refused(t.NewBundle().Args("/no/such/program"), atStart: true)),
        new("process.args.not-executable", "config.md#process", "a file without execute permission is an error", t => t.Refused(t.NewBundle().WithFile("/plain", "text").Args("/plain"), atStart: true)),
        new("process.env", "config.md#process", "the program's environment has the entries in their order", t =>
        {
            var bundle = t.NewBundle();
            bundle.Process["env"] = Scenario.Strings("PATH=/bin", "HOME=/root", "B=2", "A=with = and blank", "EMPTY=");
            Assert.Equal(["PATH=/bin", "HOME=/root", "B=2", "A=with = and blank", "EMPTY="], t.Look(bundle, "env").All("env"));
        }),
        new("process.env.nothing-else", "config.md#process", "the caller's environment does not reach the program", t =>
        {
            var bundle = t.NewBundle().Probe("env");
            var command = t.Oci.Prepare("run", "--bundle", bundle.Path, t.NewId());
            command.Environment["LEAKED_FROM_CALLER"] = "1";
            Assert.DoesNotContain("LEAKED", command.Run().ShouldExit(0).Text, StringComparison.Ordinal);
        }),
        new("process.cwd", "config.md#process", "the program starts in cwd", t => Assert.Equal("/tmp", t.Look(t.NewBundle().WithCwd("/tmp"), "cwd")["cwd"])),
        new("process.cwd.mounted", "config.md#process", "cwd may lie in a mount of the config", t => Assert.Equal("/mnt/a", t.Shell(t.NewBundle().WithBind(WithDirectory(t), "/mnt").WithCwd("/mnt/a"), "pwd"))),
        new("process.cwd.as-user", "config.md#process", "cwd that only the program's user may enter is reached", t =>
        {
            var bundle = t.NewBundle().WithUser(1000, 1000).WithCwd("/private");
            Directory.CreateDirectory(bundle.Rootfs + "/private", (UnixFileMode)0x1c0);
            Native.Check(Native.chown(bundle.Rootfs + "/private", 1000, 1000), "chown");
            Assert.Equal("/private", t.Look(bundle, "cwd")["cwd"]);
        }),
        new("process.user", "config.md#user", "uid and gid, real, effective, saved and of the file system", t =>
        {
            var seen = t.Look(t.NewBundle().WithUser(1000, 1001), "id");
            Assert.Equal("1000 1000 1000 1000", seen["uid"]);
            Assert.Equal("1001 1001 1001 1001", seen["gid"]);
        }),
        new("process.user.no-passwd", "config.md#user", "a uid that /etc/passwd does not have is as good", t => Assert.StartsWith("54321 ", t.Look(t.NewBundle().WithUser(54321, 54321), "id")["uid"], StringComparison.Ordinal)),
        new("process.user.groups", "config.md#user", "additionalGids are the supplementary groups, and no others", t => Assert.Equal("5 6 7", Sorted(t.Look(t.NewBundle().WithUser(1000, 1001, 5, 6, 7), "id")["groups"].Split(' ').Where(g => g != "1001")))),
        new("process.user.no-groups", "config.md#user", "without additionalGids the caller's groups are gone", t => Assert.True(t.Look(t.NewBundle().WithUser(1000, 1001), "id")["groups"] is "" or "1001")),
        new("process.user.umask", "config.md#user", "umask is the configured one", t =>
        {
            var bundle = t.NewBundle();
            bundle.Process["user"]!["umask"] = 23;
            Assert.Equal("027", t.Look(bundle, "status")["umask"].PadLeft(3, '0')[^3..]);
        }),
        new("process.capabilities.none", "config.md#linux-process", "empty sets leave no capability", t =>
        {
            var seen = t.Look(t.NewBundle().WithCapabilities([]), "caps");
            Assert.All(["inheritable", "permitted", "effective", "bounding", "ambient"], set => Assert.Equal(new string('0', 16), seen[set]));
        }),
        .. new (string Set, string[] With)[]
        {
            ("bounding", ["bounding"]),
            ("permitted", ["bounding", "permitted"]),
            ("effective", ["bounding", "permitted", "effective"]),
            ("inheritable", ["bounding", "permitted", "inheritable"]),
            ("ambient", ["bounding", "permitted", "inheritable", "ambient"]),
        }.Select(row => new Entry($"process.capabilities.{row.Set}", "config.md#linux-process", $"the {row.Set} set is the configured one", t =>
        {
            // CAP_NET_RAW is bit 13. A user that is not root: execve gives root what the bounding set has.
            var seen = t.Look(t.NewBundle().WithUser(row.Set is "ambient" or "bounding" or "inheritable" ? 1000u : 0u, 0).WithCapabilities(["CAP_NET_RAW"], row.With), "caps");
            Assert.Equal("0000000000002000", seen[row.Set]);
        })),
        new("process.capabilities.user-drops", "config.md#linux-process", "a user that is not root has no effective capability without ambient ones", t =>
        {
            var seen = t.Look(t.NewBundle().WithUser(1000, 1000).WithCapabilities(["CAP_NET_RAW", "CAP_CHOWN"]), "caps");
            Assert.Equal("0000000000000000", seen["effective"]);
            Assert.Equal("0000000000002001", seen["bounding"]);
        }),
        new("process.capabilities.unknown", "config.md#linux-process", "a capability that the kernel does not know is no failure, but a warning", t =>
            Assert.Equal("0000000000002000", t.Look(t.NewBundle().WithCapabilities(["CAP_NET_RAW", "CAP_NONSENSE"]), "caps")["bounding"])),
        new("process.no-new-privileges", "config.md#linux-process", "noNewPrivileges true sets no_new_privs", t => Assert.Equal("1", t.Look(t.NewBundle(), "status")["no_new_privs"])),
        new("process.no-new-privileges.false", "config.md#linux-process", "noNewPrivileges false leaves it", t =>
        {
            var bundle = t.NewBundle();
            bundle.Process["noNewPrivileges"] = false;
            Assert.Equal("0", t.Look(bundle, "status")["no_new_privs"]);
        }),
        new("process.descriptors", "runc CLI run", "the program has descriptors 0, 1 and 2 and no others", t =>
            Assert.Equal(["0", "1", "2"], t.Look(t.NewBundle(), "fds").All("fd").Select(l => l.Split(' ')[0]))),
        new("process.signals", "runc CLI run", "the program starts with no signal blocked or ignored", t =>
        {
            var seen = t.Look(t.NewBundle(), "status");
            Assert.Equal(new string('0', 16), seen["blocked"]);
            Assert.Equal(new string('0', 16), seen["ignored"]);
        }),
        new("process.session", "config-linux.md#namespaces", "the program is process 1 of its pid namespace and leads a session", t =>
        {
            var seen = t.Look(t.NewBundle(), "status");
            Assert.Equal(("1", "1"), (seen["pid"], seen["session"]));
        }),
    ];

    private static string WithDirectory(Scenario t)
    {
        t.NewDirectory("source/a");
        return Path.Combine(t.Directory, "source");
    }

    private static string Sorted(IEnumerable<string> words) => string.Join(' ', words.Order(StringComparer.Ordinal));
}
