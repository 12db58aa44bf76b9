using System.Globalization;
using System.Text.Json.Nodes;
using Engine.Tests.Integration.Support;

namespace Engine.Tests.Integration.Config;

/// <summary>config.md, Process: what the payload finds of itself.</summary>
public sealed class ProcessTests : ConfigTest
{
    [RootFact(Needs.Probe)]
    public void Arguments_environment_and_directory_arrive_as_they_are()
    {
        var bundle = NewBundle().Probe("args", "env", "cwd", "say", "", "say", "two words", "say", "tab\there", "say", "ünï").WithCwd("/made/for/it");
        bundle.Process["env"] = BundleDefaults.Strings("Z=1", "A=2", "Z=3", "EMPTY=", "EQ=a=b", "PATH=/nowhere");
        var lines = Lines(bundle);
        Assert.Equal(
            ["/probe", "args", "env", "cwd", "say", "", "say", "two words", "say", "tab\there", "say", "ünï"],
            lines.Where(l => l.StartsWith("arg ", StringComparison.Ordinal)).Select(l => l[4..]));
        var environment = lines.Where(l => l.StartsWith("env ", StringComparison.Ordinal)).Select(l => l[4..]).ToArray();
        // Order is kept; HOME is the one thing that is added.
        Assert.Equal("HOME=/root", environment[^1]);
        Assert.Equal(["A=2", "Z=3", "EMPTY=", "EQ=a=b", "PATH=/nowhere"], environment.Where(e => e is not ("HOME=/root" or "Z=1")));
        Assert.Equal("/made/for/it", Field(lines, "cwd"));
        Assert.True(System.IO.Directory.Exists(bundle.Rootfs + "/made/for/it"));
    }

    [RootFact(Needs.Probe)]
    public void A_home_that_is_set_stays_and_one_that_is_not_follows_the_user()
    {
        var set = NewBundle().Probe("env");
        set.Process["env"] = BundleDefaults.Strings("HOME=/elsewhere");
        Assert.Equal(["env HOME=/elsewhere"], Lines(set));
        var followed = NewBundle().Probe("env").WithUser(1000, 1000);
        followed.Process["env"] = new JsonArray();
        Assert.Equal(["env HOME=/home"], Lines(followed));
    }

    [RootFact(Needs.Probe)]
    public void A_program_without_slash_is_looked_for_in_the_configs_path()
    {
        var bundle = NewBundle().Args("echo", "found").WithFile("/opt/echo", "#!/bin/sh\necho mine \"$@\"\n", 0x1ed);
        bundle.Process["env"] = BundleDefaults.Strings("PATH=/nowhere:/opt:/bin");
        Assert.Equal(["mine found"], Lines(bundle));
    }

    [RootFact(Needs.Probe)]
    public void User_groups_umask_and_no_new_privileges()
    {
        var bundle = NewBundle().Probe("id", "status").WithUser(1234, 5678, 10, 20, 30).WithCapabilities([]);
        bundle.Process["user"]!["umask"] = 23;
        bundle.Process["noNewPrivileges"] = false;
        var lines = Lines(bundle);
        Assert.Equal("1234 1234 1234 1234", Field(lines, "uid"));
        Assert.Equal("5678 5678 5678 5678", Field(lines, "gid"));
        Assert.Equal("10 20 30", Field(lines, "groups"));
        Assert.Equal("027", Field(lines, "umask"));
        Assert.Equal("0", Field(lines, "no_new_privs"));
        var strict = Lines(NewBundle().Probe("status"));
        Assert.Equal("1", Field(strict, "no_new_privs"));
        Assert.Equal("022", Field(strict, "umask"));
        Assert.Equal("0000000000000000", Field(strict, "ignored"));
        Assert.Equal("0000000000000000", Field(strict, "blocked"));
        Assert.Equal("0", Field(strict, "pdeathsig"));
    }

    [RootFact(Needs.Probe)]
    public void A_user_without_groups_has_none()
    {
        var lines = Lines(NewBundle().Probe("id").WithUser(1000, 1000));
        Assert.Equal("groups", lines.Single(l => l.StartsWith("groups", StringComparison.Ordinal)).TrimEnd());
    }

    [RootFact(Needs.Probe)]
    public void Each_of_the_five_capability_sets_is_exact()
    {
        var bundle = NewBundle().Probe("caps");
        bundle.Process["capabilities"] = new JsonObject
        {
            ["bounding"] = BundleDefaults.Strings("CAP_CHOWN", "CAP_KILL", "CAP_SETUID", "CAP_NET_RAW"),
            ["permitted"] = BundleDefaults.Strings("CAP_CHOWN", "CAP_KILL", "CAP_SETUID"),
            ["inheritable"] = BundleDefaults.Strings("CAP_CHOWN", "CAP_KILL"),
            ["effective"] = BundleDefaults.Strings("CAP_CHOWN", "CAP_KILL"),
            ["ambient"] = BundleDefaults.Strings("CAP_CHOWN"),
        };
        // Not root: an execve by root would fill its sets from the bounding set.
        bundle.WithUser(1000, 1000);
        var lines = Lines(bundle);
        Assert.Equal(Mask(0, 5, 7, 13), Field(lines, "bounding"));
        Assert.Equal(Mask(0, 5), Field(lines, "inheritable"));
        // An ordinary program keeps what is ambient.
        Assert.Equal(Mask(0), Field(lines, "ambient"));
        Assert.Equal(Mask(0), Field(lines, "permitted"));
        Assert.Equal(Mask(0), Field(lines, "effective"));
    }

    [RootFact(Needs.Probe)]
    public void Root_without_any_capability_has_none()
    {
        var bundle = NewBundle().Probe("caps");
        bundle.Process.Remove("capabilities");
        var lines = Lines(bundle);
        foreach (var set in new[] { "bounding", "inheritable", "ambient", "permitted", "effective" })
        {
            Assert.Equal(Mask(), Field(lines, set));
        }
    }

    [RootFact(Needs.Probe)]
    public void Limits_are_set_and_the_others_are_not_touched()
    {
        var bundle = NewBundle().Probe("rlimits").WithRlimit("RLIMIT_NOFILE", 77, 99).WithRlimit("RLIMIT_CORE", 0, 0)
            .WithRlimit("RLIMIT_STACK", 4 << 20, 4 << 20).WithRlimit("RLIMIT_CPU", 1000, 2000);
        var lines = Lines(bundle);
        Assert.Equal("77 99", Field(lines, "RLIMIT_NOFILE"));
        Assert.Equal("0 0", Field(lines, "RLIMIT_CORE"));
        Assert.Equal("4194304 4194304", Field(lines, "RLIMIT_STACK"));
        Assert.Equal("1000 2000", Field(lines, "RLIMIT_CPU"));
        Assert.Equal("unlimited unlimited", Field(lines, "RLIMIT_FSIZE"));
    }

    [RootFact(Needs.Probe)]
    public void Limits_hold_in_a_user_namespace_too()
    {
        var bundle = NewBundle().Probe("rlimits").WithUserNamespace().WithRlimit("RLIMIT_NOFILE", 77, 99).WithRlimit("RLIMIT_NPROC", 500, 1000);
        Assert.Equal("77 99", Field(Lines(bundle), "RLIMIT_NOFILE"));
        var id = Start(NewBundle().Probe("forever").WithUserNamespace().WithRlimit("RLIMIT_NOFILE", 77, 99));
        Assert.Equal("77 99", Field(Cli.OciOk("exec", id, "/probe", "rlimits").Text.Split('\n'), "RLIMIT_NOFILE"));
    }

    [RootTheory(Needs.Probe)]
    [InlineData(false)]
    [InlineData(true)]
    public void A_hard_limit_is_raised_from_outside_or_refused_at_create(bool userNamespace)
    {
        var hard = ulong.Parse(Host("/bin/sh", "-c", "ulimit -Hn"), CultureInfo.InvariantCulture) + 1;
        var bundle = NewBundle().Probe("rlimits").WithRlimit("RLIMIT_NOFILE", 77, hard);
        if (userNamespace)
        {
            bundle.WithUserNamespace();
        }

        var capabilities = ProcFs.Read(Environment.ProcessId, "status")!.Split('\n').Single(l => l.StartsWith("CapEff", StringComparison.Ordinal))[7..].Trim();
        const int sysResource = 24;
        if ((ulong.Parse(capabilities, NumberStyles.HexNumber, CultureInfo.InvariantCulture) >> sysResource & 1) != 0)
        {
            Assert.Equal($"77 {hard}", Field(Lines(bundle), "RLIMIT_NOFILE"));
        }
        else
        {
            Refused(bundle, "process.rlimits", "prlimit64 RLIMIT_NOFILE", "EPERM", "CAP_SYS_RESOURCE");
        }
    }

    [RootFact]
    public void A_working_directory_that_is_no_place_of_the_containers_is_refused()
    {
        // CVE-2024-21626: a descriptor of the host's that leaked; CVE-2019-19921: magic links of another process.
        string[] tricks = ["/proc/self/fd/3", "/proc/self/fd/7", "/proc/self/fd/../fd/3", "/proc/self/cwd", "/proc/1/root", "/link"];
        var id = Start(NewBundle().Args("/bin/sleep", "1000"));
        foreach (var trick in tricks)
        {
            var bundle = NewBundle().Args("/bin/pwd").WithCwd(trick);
            File.Delete(bundle.Rootfs + "/link");
            File.CreateSymbolicLink(bundle.Rootfs + "/link", "/proc/self/fd/3");
            Refused(bundle, "process", "chdir " + trick);
            if (trick != "/link")
            {
                Cli.Oci("exec", "--cwd", trick, id, "/bin/pwd").ShouldFail(255, "chdir " + trick);
            }
        }
    }

    [RootFact]
    public void A_security_label_is_refused_where_its_module_is_not_enabled()
    {
        foreach (var (path, module, edit) in new (string, string, Action<JsonObject>)[]
                 {
                     ("process.apparmorProfile", "/sys/kernel/security/apparmor", c => c["process"]!["apparmorProfile"] = "docker-default"),
                     ("process.selinuxLabel", "/sys/fs/selinux/enforce", c => c["process"]!["selinuxLabel"] = "a:b:c:d"),
                     ("linux.mountLabel", "/sys/fs/selinux/enforce", c => c["linux"]!["mountLabel"] = "system_u:object_r:container_file_t:s0"),
                 })
        {
            if (!System.IO.Path.Exists(module))
            {
                Refused(NewBundle().Edit(edit), path, "is not enabled");
            }
        }
    }

    [RootFact(Needs.Probe)]
    public void The_out_of_memory_score_is_the_payloads_alone()
    {
        var bundle = NewBundle().Probe("cat", "/proc/self/oom_score_adj", "forever");
        bundle.Process["oomScoreAdj"] = 321;
        var id = Start(bundle);
        Assert.Equal("321", ProcFs.Read((int)Cli.State(id)["pid"]!, "oom_score_adj")!.Trim());
        var supervisor = ProcFs.Parent((int)Cli.State(id)["pid"]!);
        Assert.NotEqual("321", ProcFs.Read(supervisor, "oom_score_adj")!.Trim());
    }

    [RootFact(Needs.Probe)]
    public void A_terminal_has_its_size_and_is_the_console()
    {
        var bundle = NewBundle().Shell("/probe tty fds status; /probe stat /dev/console; tty; : </dev/tty && echo controlling; sleep 1000").WithTerminal(31, 117);
        var id = Start(bundle);
        var text = "";
        Eventually.True(() => (text = Cli.OciOk("logs", id).Text).Contains("controlling", StringComparison.Ordinal), () => text);
        Assert.Contains("tty 31 117", text, StringComparison.Ordinal);
        Assert.Contains("fd 0 /dev/", text, StringComparison.Ordinal);
        Assert.Contains("session 1", text, StringComparison.Ordinal);
        // A character device of the container's own devpts, owner the payload.
        Assert.Contains("stat 20620 0", text, StringComparison.Ordinal);
        Assert.Contains("/dev/pts/0", text, StringComparison.Ordinal);
    }

    [RootFact]
    public void A_read_only_root_is_and_an_ordinary_one_is_not()
    {
        var script = "if echo x >/file 2>/dev/null; then echo written; else echo refused; fi; echo y >/dev/shm/f && echo shm";
        Assert.Equal(["refused", "shm"], Lines(NewBundle().Shell(script).WithReadonlyRoot()));
        var bundle = NewBundle().Shell(script);
        Assert.Equal(["written", "shm"], Lines(bundle));
        Assert.Equal("x\n", File.ReadAllText(bundle.Rootfs + "/file"));
    }

    private static string Mask(params int[] numbers) => numbers.Aggregate(0UL, (m, n) => m | (1UL << n)).ToString("x16", CultureInfo.InvariantCulture);
}
