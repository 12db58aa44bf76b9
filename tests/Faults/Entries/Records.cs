namespace Engine.Tests.Faults.Entries;

/// <summary>A state directory that is not what the supervisor left: damaged, or older than the processes that it names.</summary>
internal static class Records
{
    private static readonly (string Name, Action<string> Damage)[] Table =
    [
        ("empty", path => File.WriteAllText(path + "/state.json", "")),
        ("cut", path => File.WriteAllBytes(path + "/state.json", File.ReadAllBytes(path + "/state.json")[..100])),
        ("noise", path => File.WriteAllBytes(path + "/state.json", Enumerable.Range(0, 5000).Select(i => (byte)(i * 7)).ToArray())),
        ("nojson", path => File.WriteAllText(path + "/state.json", "[1, 2]")),
        ("huge", path => File.WriteAllText(path + "/state.json", new string(' ', 20_000_000))),
        ("numbers", path => File.WriteAllText(path + "/state.json", """{"id":5,"status":"running","pid":-1,"startTime":1e300,"supervisor":{"pid":0}}""")),
        ("directory", path => { File.Delete(path + "/state.json"); Directory.CreateDirectory(path + "/state.json"); }),
        ("missing", path => File.Delete(path + "/state.json")),
        ("fifo", path => { File.Delete(path + "/state.json"); Native.Check(Native.mkfifo(path + "/state.json", 0x180), "mkfifo"); }),
        ("extra", path => { Directory.CreateDirectory(path + "/more/deep"); File.WriteAllText(path + "/more/deep/file", "x"); File.CreateSymbolicLink(path + "/link", "/etc"); }),
        ("mode", path => File.SetUnixFileMode(path, (UnixFileMode)0b111_111_111)),
        ("nothing", path => { Directory.Delete(path, true); Directory.CreateDirectory(path); }),
    ];

    public static Entry[] All { get; } =
    [
        .. Table.Select(row => new Entry($"FI27.{row.Name}", "a damaged record is told in a line and deleted, and list shows the others", ground => Damaged(ground, row.Damage))),
        new("FI27.symlink", "a link in the place of a container's directory is not followed", Symlink),
        new("FI27.owner", "a directory of somebody else is not taken for a container", Owner),
        new("FI26.pid", "a pid that belongs to a stranger now is told as stopped, and the stranger is never signalled", Stranger),
        .. new[] { ("seconds", "100000"), ("past", "-1") }.Select(row => new Entry(
            $"FI24.{row.Item1}", "a caller in another time namespace, to whom every process has another start time, finds what runs and ends it", ground => OtherTime(ground, row.Item2))),
        new("FI25.boot", "what an earlier boot left is stopped, whatever runs under its numbers", ground => Stranger(ground, earlierBoot: true)),
    ];

    private static void Damaged(Ground ground, Action<string> damage)
    {
        var other = ground.Start(ground.NewWaiting());
        var id = ground.Start(ground.NewBundle().Probe("say", "done"));
        ground.Cli.WaitForStatus(id, "stopped");
        damage(ground.Cli.StateDirectory(id));
        Assert.Contains(other, ground.Cli.OciOk("list", "-q").Trimmed.Split('\n'));
        ground.Cli.OciOk("list");
        foreach (var verb in new[] { "state", "start", "kill", "pause", "exec" })
        {
            var result = ground.Cli.Oci(verb == "exec" ? [verb, id, "/bin/true"] : [verb, id]);
            if (result.ExitCode != 0)
            {
                result.ShouldFail(255, id);
            }
        }
        ground.Cli.OciOk("delete", "--force", id);
        Assert.False(Path.Exists(ground.Cli.StateDirectory(id)), "the directory is still there");
        Assert.True(Directory.Exists("/etc"));
        Assert.Equal("running", Truth.Status(ground.Cli, other));
    }

    private static void Symlink(Ground ground)
    {
        var target = ground.NewDirectory("target");
        File.WriteAllText(target + "/state.json", """{"id":"x","status":"stopped"}""");
        var id = ground.NewId();
        File.CreateSymbolicLink(ground.Cli.StateDirectory(id), target);
        ground.Cli.OciOk("list");
        Assert.NotEqual(0, ground.Cli.Oci("state", id).ExitCode);
        _ = ground.Cli.Oci("delete", "--force", id);
        Assert.True(File.Exists(target + "/state.json"), "the target was emptied");
        ground.Cli.Oci("create", id, "-b", ground.NewBundle().Path).ShouldFail(255, id);
        File.Delete(ground.Cli.StateDirectory(id));
    }

    private static void Owner(Ground ground)
    {
        var id = ground.NewId();
        var path = ground.Cli.StateDirectory(id);
        Directory.CreateDirectory(path);
        File.WriteAllText(path + "/state.json", $$"""{"ociVersion":"1.0.2","id":"{{id}}","status":"running","pid":1,"bundle":"/"}""");
        Native.Check(Native.chown(path, 1234, 1234), "chown");
        ground.Cli.OciOk("list");
        Assert.NotEqual(0, ground.Cli.Oci("kill", id, "TERM").ExitCode);
        Native.Check(Native.chown(path, 0, 0), "chown");
        Assert.NotEqual(0, ground.Cli.Oci("kill", id, "0").ExitCode);
    }

    // Without a supervisor nobody else can say that the payload lives: it was killed here, and engine-runc has none.
    private static void OtherTime(Ground ground, string offset)
    {
        string[] shifted = ["/usr/bin/unshare", "--time", "--boottime", offset, "--fork", "--"];
        string[] unshifted = [];
        foreach (var (creator, reader) in new[] { (shifted, unshifted), (unshifted, shifted) })
        {
            var id = ground.NewId();
            ground.Before(creator, "oci", "create", id, "-b", ground.NewWaiting().Path).Run().ShouldExit(0);
            ground.Before(reader, "oci", "start", id).Run().ShouldExit(0);
            var roles = new Roles(ground.Cli, id);
            _ = roles.Kill(Role.Supervisor);
            foreach (var line in new[] { creator, reader })
            {
                Assert.Contains("\"running\"", ground.Before(line, "oci", "state", id).Run().ShouldExit(0).Text, StringComparison.Ordinal);
            }
            ground.Before(reader, "oci", "delete", "--force", id).Run().ShouldExit(0);
            Assert.False(ProcFs.Lives(roles.Payload), "the payload was left behind");

            var runtime = RuncCli.Own(ground.NewDirectory("runc-" + id));
            CommandResult Runtime(string[] before, params string[] words) =>
                new Command("/bin/sh", ["-c", "exec \"$@\" </dev/null 2>/dev/null | cat", "sh", .. before, runtime.Program, "--root", runtime.Root, .. words]).Run().ShouldExit(0);
            Runtime([.. creator, "/bin/sh", "-c", "exec \"$@\" >/dev/null", "sh"], "create", "--bundle", ground.NewWaiting().Path, id);
            Runtime(reader, "start", id);
            var payload = (int)runtime.State(id)["pid"]!;
            Assert.Contains("\"running\"", Runtime(reader, "state", id).Text, StringComparison.Ordinal);
            Runtime(reader, "delete", "--force", id);
            Assert.False(ProcFs.Lives(payload), "engine-runc left the payload behind");
            Assert.Empty(Directory.GetFileSystemEntries(runtime.Root));
        }
    }

    private static void Stranger(Ground ground) => Stranger(ground, earlierBoot: false);

    private static void Stranger(Ground ground, bool earlierBoot)
    {
        var id = ground.Start(ground.NewWaiting());
        var roles = new Roles(ground.Cli, id);
        var record = File.ReadAllText(Path.Combine(ground.Cli.StateDirectory(id), "state.json"));
        // The supervisor first: it would write the end down.
        foreach (var role in new[] { Role.Supervisor, Role.Master, Role.Pump, Role.Payload })
        {
            _ = roles.Kill(role);
        }
        Eventually.True(() => !ProcFs.Lives(roles.Payload), "the payload's end");
        var strangers = new[] { ground.Owned(new Command("/bin/sleep", "1000").Start()), ground.Owned(new Command("/bin/sleep", "1000").Start()) };
        var state = JsonNode.Parse(record)!.AsObject();
        state["pid"] = strangers[0].Pid;
        state["supervisor"]!["pid"] = strangers[1].Pid;
        var text = state.ToJsonString();
        if (earlierBoot)
        {
            // Even the numbers are the strangers': only the boot is another.
            (state["startTime"], state["supervisor"]!["startTime"]) = (StartTime(strangers[0].Pid), StartTime(strangers[1].Pid));
            var boot = File.ReadAllText("/proc/sys/kernel/random/boot_id").Trim();
            text = state.ToJsonString();
            Assert.Contains(boot, text, StringComparison.Ordinal);
            text = text.Replace(boot, "00000000-0000-4000-8000-000000000000", StringComparison.Ordinal);
        }
        File.WriteAllText(Path.Combine(ground.Cli.StateDirectory(id), "state.json"), text);
        Assert.Equal("stopped", ground.Cli.Status(id));
        Assert.Contains(id, ground.Cli.OciOk("list").Text, StringComparison.Ordinal);
        Assert.NotEqual(0, ground.Cli.Oci("kill", id, "KILL").ExitCode);
        ground.Cli.OciOk("delete", "--force", id);
        Assert.All(strangers, s => Assert.True(ProcFs.Lives(s.Pid), "a stranger was killed"));
    }

    private static ulong StartTime(int pid) =>
        ulong.Parse(ProcFs.Read(pid, "stat")!.Split(' ')[21], System.Globalization.CultureInfo.InvariantCulture);
}
