namespace Engine.Tests.Conformance.Entries;

/// <summary>config.md#linux-mount-options: the table of mount options, each seen in mountinfo from inside.</summary>
internal static class MountOptions
{
    // Option, what mountinfo must show of the mount, what it must not show.
    private static readonly (string Option, string[] Shown, string[] Absent)[] PerMount =
    [
        ("ro", ["ro"], ["rw"]),
        ("rw", ["rw"], ["ro"]),
        ("nosuid", ["nosuid"], []),
        ("nodev", ["nodev"], []),
        ("noexec", ["noexec"], []),
        ("noatime", ["noatime"], ["relatime"]),
        ("nodiratime", ["nodiratime"], []),
        ("relatime", ["relatime"], ["noatime"]),
        ("strictatime", [], ["relatime", "noatime"]),
        ("nosymfollow", ["nosymfollow"], []),
        ("defaults", ["rw"], ["nosuid", "nodev", "noexec", "nosymfollow"]),
    ];

    // A later option wins over an earlier one.
    private static readonly (string[] Options, string Absent)[] Negations =
    [
        (["ro", "rw"], "ro"),
        (["nosuid", "suid"], "nosuid"),
        (["nodev", "dev"], "nodev"),
        (["noexec", "exec"], "noexec"),
        (["noatime", "atime"], "noatime"),
        (["nodiratime", "diratime"], "nodiratime"),
        (["nosymfollow", "symfollow"], "nosymfollow"),
    ];

    private static readonly (string Option, string Shown)[] PerFilesystem = [("sync", "sync"), ("dirsync", "dirsync"), ("mand", "mand"), ("lazytime", "lazytime")];

    // Recursive attributes: set on a mount and on what is mounted below it.
    private static readonly (string Option, string Shown)[] Recursive =
    [
        ("rro", "ro"), ("rnosuid", "nosuid"), ("rnodev", "nodev"), ("rnoexec", "noexec"), ("rnoatime", "noatime"), ("rnodiratime", "nodiratime"), ("rnosymfollow", "nosymfollow"),
    ];

    private static readonly (string Option, Func<MountLine, bool> Holds)[] Propagation =
    [
        ("shared", m => m.HasTag("shared")),
        ("slave", m => m.HasTag("master") && !m.HasTag("shared")),
        ("private", m => m.Tags.Length == 0),
        ("unbindable", m => m.HasTag("unbindable")),
    ];

    public static Entry[] All { get; } =
    [
        .. PerMount.Select(row => Option(row.Option, $"the option {row.Option} is an attribute of the mount", t =>
            Check(t.Look(t.NewBundle().WithMount("/mnt", "tmpfs", "tmpfs", row.Option), "mounts").Mount("/mnt").Options, row.Shown, row.Absent))),
        .. PerMount.Where(row => row.Shown.Length > 0 && row.Option != "defaults").Select(row => Option($"bind.{row.Option}", $"the option {row.Option} is an attribute of a bind mount", t =>
            Check(t.Look(t.NewBundle().WithBind(Mounts.Source(t), "/mnt", "bind", row.Option), "mounts").Mount("/mnt").Options, row.Shown, row.Absent))),
        .. Negations.Select(row => Option($"{row.Options[1]}-after-{row.Options[0]}", $"{row.Options[1]} after {row.Options[0]} takes it back", t =>
            Check(t.Look(t.NewBundle().WithMount("/mnt", "tmpfs", "tmpfs", row.Options), "mounts").Mount("/mnt").Options, [], [row.Absent]))),
        .. PerFilesystem.Select(row => Option(row.Option, $"the option {row.Option} is an attribute of the file system", t =>
        {
            var mount = t.Look(t.NewBundle().WithMount("/mnt", "tmpfs", "tmpfs", row.Option), "mounts").Mount("/mnt");
            // Since 5.15 the kernel takes mand and does nothing; tmpfs takes lazytime and has nothing to show for it.
            if (row.Option is "sync" or "dirsync")
            {
                Assert.Contains(row.Shown, mount.SuperOptions);
            }
        })),
        .. Recursive.Select(row => Option(row.Option, $"{row.Option} also sets {row.Shown} on submounts", t =>
        {
            var seen = t.Look(t.NewBundle().WithBind(Mounts.Nested(t), "/mnt", "rbind", row.Option), "mounts");
            Assert.Contains(row.Shown, seen.Mount("/mnt").Options);
            Assert.Contains(row.Shown, seen.Mount("/mnt/sub").Options);
        })),
        Option("rrw", "rrw makes a read-only submount writable", t =>
        {
            var source = Mounts.Nested(t);
            Native.Check(Kernel.Remount(source + "/sub", Kernel.MS_RDONLY), "remount");
            Assert.Contains("rw", t.Look(t.NewBundle().WithBind(source, "/mnt", "rbind", "rrw"), "mounts").Mount("/mnt/sub").Options);
        }),
        Option("ro-not-recursive", "ro on an rbind leaves submounts as they are", t =>
        {
            var seen = t.Look(t.NewBundle().WithBind(Mounts.Nested(t), "/mnt", "rbind", "ro"), "mounts");
            Assert.Contains("ro", seen.Mount("/mnt").Options);
            Assert.Contains("rw", seen.Mount("/mnt/sub").Options);
        }),
        .. Propagation.Select(row => Option(row.Option, $"the mount has {row.Option} propagation", t =>
        {
            var mount = t.Look(t.NewBundle().WithBind(Shared(t), "/mnt", "rbind", row.Option), "mounts").Mount("/mnt");
            Assert.True(row.Holds(mount), $"propagation: '{string.Join(' ', mount.Tags)}'");
        })),
        .. Propagation.Select(row => Option("r" + row.Option, $"the mount and its submounts have {row.Option} propagation", t =>
        {
            var seen = t.Look(t.NewBundle().WithBind(Shared(t), "/mnt", "rbind", "r" + row.Option), "mounts");
            Assert.True(row.Holds(seen.Mount("/mnt")), $"propagation of /mnt: '{string.Join(' ', seen.Mount("/mnt").Tags)}'");
            // An unbindable submount is not there in a copy; the copy itself is made unbindable with what is below.
            Assert.True(row.Holds(seen.Mount("/mnt/sub")), $"propagation of /mnt/sub: '{string.Join(' ', seen.Mount("/mnt/sub").Tags)}'");
        })),
        Option("slave.receives", "a mount made on the host appears in a slave bind mount", t =>
        {
            var source = Shared(t);
            var container = t.StartWaiting(t.NewWaiting().WithBind(source, "/mnt", "rbind", "rslave").Edit(c => c["linux"]!["rootfsPropagation"] = "slave"));
            Kernel.Mount("none", Directory.CreateDirectory(Path.Combine(source, "late")).FullName, "tmpfs");
            Assert.Contains("/mnt/late ", ProcFs.Read(container.Pid, "mountinfo"), StringComparison.Ordinal);
        }),
        Option("remount", "a bind of a read-only source keeps the source's locked flags and applies the new ones", t =>
        {
            var source = Mounts.Nested(t);
            Native.Check(Kernel.Remount(source + "/sub", Kernel.MS_RDONLY), "remount");
            var mount = t.Look(t.NewBundle().WithBind(source + "/sub", "/mnt", "bind", "ro", "nosuid"), "mounts").Mount("/mnt");
            Check(mount.Options, ["ro", "nosuid"], []);
        }),
    ];

    private static Entry Option(string name, string must, Action<Scenario> prove) => new($"mount-option.{name}", "config.md#linux-mount-options", must, prove);

    private static void Check(string[] options, string[] shown, string[] absent)
    {
        Assert.All(shown, o => Assert.Contains(o, options));
        Assert.All(absent, o => Assert.DoesNotContain(o, options));
    }

    // Both mounts of Nested, made shared.
    private static string Shared(Scenario t)
    {
        var source = Mounts.Nested(t);
        Kernel.Mount("none", source, "none", Kernel.MS_SHARED | Kernel.MS_REC);
        return source;
    }
}
