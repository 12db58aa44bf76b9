using System.Text.Json.Nodes;
using Engine.Shared.Linux;
using Engine.Tests.Integration.Support;

namespace Engine.Tests.Integration.Setuid;

/// <summary>A container of an ordinary user without any user namespace, from create to delete, and who its processes are at each step.</summary>
public sealed class SetuidLifecycleTests : SetuidTest
{
    private const string None = "0000000000000000";


    [RootFact]
    public void The_payload_is_the_caller_and_nothing_more()
    {
        var (code, output) = RunToEnd(UserBundle().Shell("id -u; id -g; id -G; grep -E '^(Cap|NoNewPrivs)' /proc/self/status; cat /proc/self/setgroups; exit 3"));
        Assert.Equal(3, code);
        var lines = output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal([$"{Uid}", $"{Uid}"], lines[..2]);
        Assert.Equal([$"{Uid}", $"{Group}"], lines[2].Split(' ').Order());
        Assert.Equal(["CapInh:\t" + None, "CapPrm:\t" + None, "CapEff:\t" + None, "CapBnd:\t" + None, "CapAmb:\t" + None, "NoNewPrivs:\t1"], lines[3..9]);
    }

    // security.md I17: nosuid and nodev everywhere (devices and devpts apart, which are nosuid and noexec), and nothing shared.
    [RootFact]
    public void Every_mount_is_nosuid_and_nodev_and_none_is_shared()
    {
        var source = UserDirectory("source");
        var (_, output) = RunToEnd(UserBundle().WithBind(source, "/mnt", "rbind").Shell("cat /proc/self/mountinfo"));
        var lines = output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(l => l.Split(' ')).ToList();
        Assert.Contains(lines, f => f[4] == "/mnt");
        foreach (var fields in lines)
        {
            var options = fields[5].Split(',');
            Assert.Contains("nosuid", options);
            // A masked file is covered by the null device.
            var isDevice = fields[3] == "/null" || (fields[4].StartsWith("/dev/", StringComparison.Ordinal) && fields[4] is not ("/dev/shm" or "/dev/mqueue"));
            Assert.Contains(isDevice ? "noexec" : "nodev", options);
            Assert.DoesNotContain(fields, f => f.StartsWith("shared:", StringComparison.Ordinal));
        }
    }

    [RootFact]
    public void It_is_created_started_entered_read_and_deleted()
    {
        var id = Create(UserBundle().Shell("echo begin; read line; echo \"got $line\"; sleep 1000"));
        Assert.Equal("created", Cli.Status(id));
        Assert.Equal("setuid", (string?)Cli.State(id)["engine"]!["workflow"]);
        using var attached = Cli.Attach(id);
        Cli.OciOk("start", id);
        attached.Send("hello\n"u8);
        Eventually.True(() => File.ReadAllText(Cli.DefaultLog(id)).Contains("got hello", StringComparison.Ordinal), "the log has the answer");
        Assert.Contains("got hello", Cli.OciOk("logs", id).Text, StringComparison.Ordinal);

        var exec = Cli.Oci("exec", id, "/bin/sh", "-c", "id -u; grep -c . /proc/1/cmdline; grep ^CapEff /proc/self/status; exit 7").ShouldExit(7);
        Assert.Equal($"{Uid}\n1\nCapEff:\t{None}\n", exec.Text);
        using (var pty = new Pty(Cli.Prepare("oci", "exec", "--tty", id, "/bin/sh", "-c", "tty; stty size"), rows: 33, columns: 99))
        {
            pty.WaitFor("33 99");
            Assert.Equal(0, pty.Wait());
        }
        Cli.Oci("exec", id, "/bin/nothing").ShouldExit(127);
        Cli.OciOk("kill", id, "TERM");
        Cli.OciOk("kill", id, "KILL");
        Cli.WaitForStatus(id, "stopped");
        Cli.OciOk("delete", id);
        Assert.Null(Cli.Status(id));
    }

    [RootFact]
    public void A_terminal_is_the_containers_own()
    {
        using var pty = new Pty(Cli.Prepare("oci", "run", NewId(), "-b", UserBundle().WithTerminal().Shell("tty; id -u; exit 4").Path), rows: 20, columns: 70);
        pty.WaitFor($"{Uid}");
        Assert.Equal(4, pty.Wait());
        Assert.Contains("/dev/pts/0", pty.Screen, StringComparison.Ordinal);
    }

    // security.md 4.4. Who waits for Start holds what the last steps need; everybody else holds nothing any more.
    [RootFact]
    public void Who_is_who_when_the_container_is_created()
    {
        var id = Create(UserBundle().Shell("sleep 1000"));
        int stage = Pid(id), supervisor = Supervisor(id);
        Assert.Equal($"{Uid} 0 0 {Uid}", Status(stage, "Uid"));
        Assert.Equal($"{Uid} {Uid} {Uid} {Uid}", Status(stage, "Gid"));
        var documented = Documented();
        Assert.Equal(documented, Convert.ToUInt64(Status(stage, "CapPrm"), 16));
        Assert.Equal(documented & ~(1UL << capability_h.CAP_CHOWN | 1UL << capability_h.CAP_DAC_OVERRIDE), Convert.ToUInt64(Status(stage, "CapEff"), 16));
        var others = ProcFs.Children(supervisor).Where(p => p != stage && ProcFs.Lives(p)).Append(supervisor).ToList();
        Assert.True(others.Count >= 2, "supervisor and pump");
        foreach (var process in others)
        {
            Assert.Equal($"{Uid} {Uid} {Uid} {Uid}", Status(process, "Uid"));
            Assert.Equal(None, Status(process, "CapPrm"));
        }
        foreach (var process in others.Append(stage))
        {
            Assert.Equal(None, Status(process, "CapBnd"));
            Assert.Equal(None, Status(process, "CapInh"));
            Assert.Equal("1", Status(process, "NoNewPrivs"));
        }
        // F5: a program that cannot be read is not dumpable, so that its user cannot trace it; the pump holds nothing that he has not.
        foreach (var process in new[] { stage, supervisor })
        {
            Assert.Equal("1", Status(process, "Threads"));
            AsUser("/bin/sh", "-c", $"cat /proc/{process}/environ || ls /proc/{process}/fd || readlink /proc/{process}/ns/mnt || head -c1 /proc/{process}/mem").Run().ShouldExit(1);
        }
        Cli.OciOk("start", id);
        Cli.WaitForStatus(id, "running");
        Assert.Equal($"{Uid} {Uid} {Uid} {Uid}", Status(stage, "Uid"));
        Assert.Equal(None, Status(stage, "CapPrm"));
    }

    // The set that docs/privileges.md gives the supervisor and the stage.
    private static ulong Documented()
    {
        var row = File.ReadLines(Path.Combine(Installation.SourceRoot, "docs/privileges.md")).Single(l => l.Contains("`[2:sup]` until \"created\"", StringComparison.Ordinal));
        return row.Split('|')[3].Trim().Split(' ').Aggregate(0UL, (set, name) => set | (Engine.Security.Capabilities.TryNumber("CAP_" + name, out var number) ? 1UL << (int)number : throw new InvalidDataException(name)));
    }

    [RootFact]
    public void What_the_user_may_not_do_he_may_not_do_in_the_container()
    {
        var secret = Path.Combine(Directory, "secret");
        System.IO.Directory.CreateDirectory(secret, (UnixFileMode)0b111_000_000);
        File.WriteAllText(Path.Combine(secret, "file"), "secret\n");
        var bundle = UserBundle().WithBind(secret, "/mnt");
        // The directory itself can be opened O_PATH, as on the host; what is in it cannot be read.
        var (code, output) = RunToEnd(bundle.Shell("cat /mnt/file; ls /mnt; echo >/etc/new && rm /etc/new && echo wrote"));
        Assert.Equal(0, code);
        Assert.Equal("wrote\n", output);
        File.SetUnixFileMode(secret, (UnixFileMode)0b111_000_000);
        var inside = Path.Combine(secret, "file");
        Cli.Oci("run", NewId(), "-b", UserBundle().WithBind(inside, "/mnt/file").Path).ShouldFail(255, "EACCES");
    }

    [RootFact]
    public void Set_uid_files_and_device_nodes_in_his_root_are_inert()
    {
        var bundle = UserBundle();
        var su = Path.Combine(bundle.Rootfs, "su");
        File.Copy(Installation.Probe, su);
        File.SetUnixFileMode(su, (UnixFileMode)0b100_111_101_101);
        new Command("/bin/mknod", Path.Combine(bundle.Rootfs, "zero"), "c", "1", "5").Run().ShouldExit(0);
        File.SetUnixFileMode(Path.Combine(bundle.Rootfs, "zero"), (UnixFileMode)0b110_110_110);
        var output = Cli.OciOk("run", NewId(), "-b", bundle.Shell("/su id; head -c1 /zero 2>&1 | head -c100").Path).Text;
        Assert.Contains($"uid {Uid} {Uid} {Uid}", output, StringComparison.Ordinal);
        Assert.Contains("Permission denied", output, StringComparison.Ordinal);
    }

    [RootFact]
    public void Hooks_run_as_the_caller()
    {
        var seen = UserDirectory("seen");
        var bundle = UserBundle().WithBind(seen, "/seen");
        foreach (var kind in new[] { "prestart", "createRuntime", "createContainer", "poststart", "poststop" })
        {
            bundle.WithHook(kind, "/bin/sh", ["sh", "-c", $"(id -u; grep -E '^(CapPrm|CapBnd|NoNewPrivs|Uid)' /proc/self/status) >{seen}/{kind}"]);
        }
        bundle.WithHook("startContainer", "/bin/sh", ["sh", "-c", "(id -u; grep -E '^(CapPrm|CapBnd|NoNewPrivs|Uid)' /proc/self/status) >/seen/startContainer"]);
        var id = Start(bundle.Shell("true"));
        Cli.WaitForStatus(id, "stopped");
        Cli.OciOk("delete", id);
        foreach (var kind in new[] { "prestart", "createRuntime", "createContainer", "startContainer", "poststart", "poststop" })
        {
            var lines = File.ReadAllLines(Path.Combine(seen, kind));
            Assert.Equal($"{Uid}", lines[0]);
            Assert.Contains($"Uid:\t{Uid}\t{Uid}\t{Uid}\t{Uid}", lines);
            Assert.Contains("CapPrm:\t" + None, lines);
            if (kind is not ("poststop"))
            {
                // Poststop hooks are run by the caller's own command, as which they have what he has.
                Assert.Contains("CapBnd:\t" + None, lines);
                Assert.Contains("NoNewPrivs:\t1", lines);
            }
        }
    }

    [RootFact]
    public void With_cgroups_he_pauses_counts_and_limits()
    {
        Configure("cgroups = yes", "cgroup_pids_max = 77");
        var bundle = UserBundle().Shell("while :; do echo tick; sleep 0.05; done").WithResources(r => r["pids"] = new JsonObject { ["limit"] = 20 });
        var id = Start(bundle);
        var pids = TestRun.Hierarchies.First(h => File.Exists($"{h}/engine/user-{Uid}/pids.max"));
        Assert.Equal("77", File.ReadAllText($"{pids}/engine/user-{Uid}/pids.max").Trim());
        Assert.Equal("20", File.ReadAllText($"{pids}/engine/user-{Uid}/{id}/pids.max").Trim());
        Assert.All(File.ReadAllLines($"/proc/{Pid(id)}/cgroup").Where(l => !l.Contains("name=", StringComparison.Ordinal)), l => Assert.EndsWith($"/engine/user-{Uid}/{id}", l, StringComparison.Ordinal));

        Cli.OciOk("pause", id);
        Assert.Equal("paused", Cli.Status(id));
        Cli.OciOk("resume", id);
        Assert.Equal("running", Cli.Status(id));
        Assert.Contains($"/engine/user-{Uid}/{id}", Cli.OciOk("exec", id, "/bin/cat", "/proc/self/cgroup").Text, StringComparison.Ordinal);
        Assert.Equal("", Cli.Oci("exec", id, "/bin/sh", "-c", "echo 5 >/sys/fs/cgroup/pids/pids.max 2>/dev/null || echo 5 >/sys/fs/cgroup/pids.max 2>/dev/null; find /sys/fs/cgroup -writable -type f -name pids.max 2>/dev/null | while read f; do (echo 5 >$f) 2>/dev/null && echo $f; done").Text);
        Cli.OciOk("delete", "--force", id);
        Assert.False(System.IO.Directory.Exists($"{pids}/engine/user-{Uid}/{id}"));
    }

    [RootFact]
    public void A_process_that_joins_makes_no_cgroups()
    {
        // The administrator has allowed them since.
        var id = Start(UserBundle().Shell("sleep 1000"));
        Configure("cgroups = yes");
        Assert.Equal("in\n", Cli.OciOk("exec", id, "/bin/echo", "in").Text);
        Assert.All(TestRun.Hierarchies, h => Assert.False(Path.Exists($"{h}/engine/user-{Uid}"), h));
        // One who creates does.
        Create(UserBundle().Shell("true"));
        Assert.Contains(TestRun.Hierarchies, h => Path.Exists($"{h}/engine/user-{Uid}"));
    }

    [RootFact]
    public void Without_cgroups_it_says_so_and_pause_says_why_not()
    {
        var bundle = UserBundle().Shell("sleep 1000");
        var id = NewId();
        var created = Cli.Oci("create", id, "-b", bundle.Path).ShouldExit(0);
        Assert.Contains("cgroups = yes in engine.conf", created.Error, StringComparison.Ordinal);
        Cli.OciOk("start", id);
        Cli.Oci("pause", id).ShouldFail(255, "no freezer cgroup");
        Assert.Equal("running", Cli.Status(id));
        Cli.Oci("create", NewId(), "-b", UserBundle().WithResources(r => r["pids"] = new JsonObject { ["limit"] = 20 }).Path).ShouldExit(255);
    }

    [RootFact]
    public void A_seccomp_profile_acts_on_the_payload_only()
    {
        var bundle = UserBundle().Shell("mkdir /tmp/x 2>&1; id -u").Edit(c => c["linux"]!["seccomp"] = JsonNode.Parse(
            """{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["mkdir","mkdirat","setresuid","capset","setgroups"],"action":"SCMP_ACT_ERRNO","errnoRet":38}]}"""));
        var (code, output) = RunToEnd(bundle);
        Assert.Equal(0, code);
        Assert.Contains("Function not implemented", output, StringComparison.Ordinal);
        Assert.EndsWith($"{Uid}\n", output, StringComparison.Ordinal);
    }

    // S09.
    [RootFact]
    public void Nobody_else_gets_to_his_container()
    {
        var id = Start(UserBundle().Shell("sleep 1000"));
        Assert.Equal(0b111_000_000, (int)File.GetUnixFileMode(Cli.StateDirectory(id)));
        foreach (var entry in System.IO.Directory.EnumerateFileSystemEntries(Cli.StateDirectory(id)))
        {
            Assert.Equal(0, (int)File.GetUnixFileMode(entry) & 0b000_000_111);
        }
        AsOther(Uid + 7, SetuidSite.Engine, "oci", "exec", id, "/bin/true").Run().ShouldExit(255);
        AsOther(Uid + 7, SetuidSite.Engine, "oci", "kill", id, "KILL").Run().ShouldExit(255);
        Assert.Equal("running", Cli.Status(id));
    }
}
