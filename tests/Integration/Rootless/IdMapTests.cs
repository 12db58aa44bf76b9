using Engine.Tests.Integration.Support;

namespace Engine.Tests.Integration.Rootless;

/// <summary>Id maps of a user with ranges: the config's own, others inside, and what is not the user's.</summary>
public sealed class RangesIdMapTests() : UserTest("ranges")
{
    [UserFact]
    public void A_config_that_begins_with_the_user_is_mapped_as_it_says_and_not_twice()
    {
        var id = Start(Map(UserBundle().Shell("sleep 1000"), (0, Uid, 1), (1, FirstSub, 1000)));
        var state = Cli.State(id);
        var payload = (int)state["pid"]!;
        Assert.Equal($"0 {Uid} 1\n1 {FirstSub} 1000", Map(payload));
        Assert.Equal(Namespace((int)state["supervisor"]!["pid"]!), Namespace(payload));
    }

    [UserFact]
    public void Another_map_is_made_inside()
    {
        var bundle = Map(UserBundle(), (0, FirstSub, 1000), (1000, Uid, 1), (1001, FirstSub + 1000, 64_000)).WithUser(1000, 1000).Shell("sleep 1000");
        var id = Start(bundle);
        var state = Cli.State(id);
        var payload = (int)state["pid"]!;
        Assert.Equal($"0 {FirstSub} 1000\n1000 {Uid} 1\n1001 {FirstSub + 1000} 64000", Map(payload));
        Assert.NotEqual(Namespace((int)state["supervisor"]!["pid"]!), Namespace(payload));
        Assert.Equal($"{Uid}\t{Uid}\t{Uid}\t{Uid}", Status(payload, "Uid"));
        Assert.Equal("1000", Cli.OciOk("exec", id, "/bin/id", "-u").Trimmed);
        Assert.Equal("0", Cli.OciOk("exec", "--user", "0", id, "/bin/id", "-u").Trimmed);
    }

    [UserFact]
    public void Other_ids_and_groups_work_in_the_container()
    {
        var id = Start(UserBundle().WithUser(1000, 1000, 100, 2000).Shell("sleep 1000"));
        var payload = (int)Cli.State(id)["pid"]!;
        Assert.Equal($"{FirstSub + 999}\t{FirstSub + 999}\t{FirstSub + 999}\t{FirstSub + 999}", Status(payload, "Uid"));
        Assert.Equal("uid=1000(user) gid=1000(user) groups=100(users),2000", Cli.OciOk("exec", id, "/bin/id").Trimmed);
        Cli.Oci("exec", "--user", "70000", id, "/bin/id").ShouldFail(255, "process.user.uid", "user 70000");
    }

    [UserTheory]
    [InlineData(0, 1)]
    [InlineData(1000, 1)]
    [InlineData((int)Uid, 2)]
    public void Ids_of_others_are_refused_by_their_path(int host, int size) =>
        Cli.Oci("create", NewId(), "-b", Map(UserBundle(), (0, (uint)host, (uint)size)).Path).ShouldFail(255, "linux.uidMappings[0]", "not yours");

    [UserFact]
    public void The_kernel_is_told_of_setgroups_only_where_nobody_vouched()
    {
        var (code, output) = RunToEnd(UserBundle().Shell("cat /proc/self/setgroups"));
        Assert.Equal((0, "allow\n"), (code, output));
    }

    // H37: which program maps ids is not the environment's to choose, and it gets nothing of it.
    [UserFact]
    public void A_newuidmap_in_PATH_is_not_executed()
    {
        var bin = Path.Combine(Directory, "bin");
        System.IO.Directory.CreateDirectory(bin);
        Own(bin);
        var seen = Path.Combine(bin, "seen");
        foreach (var name in new[] { "newuidmap", "newgidmap" })
        {
            File.WriteAllText(Path.Combine(bin, name), $"#!/bin/sh\necho \"$0\" >>{seen}\n");
            File.SetUnixFileMode(Path.Combine(bin, name), (UnixFileMode)0b111_101_101);
        }
        var command = Cli.Prepare("oci", "run", NewId(), "-b", UserBundle().Shell("wc -l </proc/self/uid_map").Path);
        command.Environment["PATH"] = $"{bin}:{command.Environment["PATH"]}";
        var result = command.Run().ShouldExit(0);
        Assert.Equal("2", result.Trimmed);
        Assert.False(File.Exists(seen));
    }

    // C02, CVE-2015-8709: what the process does while its ids are not mapped.
    [UserFact(Needs.Strace)]
    public void Between_the_new_namespace_and_its_root_there_is_only_the_wait_for_the_maps()
    {
        var trace = Path.Combine(Directory, "trace");
        var line = new Command("/usr/bin/strace", "-f", "-o", trace, Path.Combine(Installation.SourceRoot, "tests", "as-user.sh"),
            $"{Uid}", "ranges", "own", Installation.Engine, "oci", "run", NewId(), "-b", UserBundle().Shell("id -u").Path);
        line.Environment["ENGINE_ROOT"] = Cli.Root;
        Assert.Equal("0", line.Run().ShouldExit(0).Trimmed);

        var lines = File.ReadAllLines(trace).Select(l => l.Split(' ', 2)).ToList();
        var starter = lines.First(l => l[1].Contains("unshare(CLONE_NEWNS|CLONE_NEWUSER)", StringComparison.Ordinal))[0];
        var calls = lines.Where(l => l[0] == starter).Select(l => l[1].TrimStart()).SkipWhile(l => !l.StartsWith("unshare", StringComparison.Ordinal))
            .TakeWhile(l => !l.StartsWith("execveat", StringComparison.Ordinal)).Where(l => !l.StartsWith("<...", StringComparison.Ordinal)).Select(Name).ToList();
        string[] expected =
        [
            "unshare", "prctl(PR_SET_DUMPABLE, SUID_DUMP_USER", "getpid", "sendmsg", "recvmsg", "prctl(PR_SET_DUMPABLE, SUID_DUMP_DISABLE",
            "setresgid", "setresuid", "getresuid", "getresgid", "setfsuid", "setfsgid", "fcntl",
        ];
        Assert.Equal(expected, calls);
    }

    private static string Name(string call) => call.StartsWith("prctl", StringComparison.Ordinal) ? call.Split(')')[0].Split(" <")[0] : call.Split('(')[0];

    private static string? Namespace(int pid) => new FileInfo($"/proc/{pid}/ns/user").LinkTarget;
}

/// <summary>The same of a user with one id.</summary>
public sealed class SingleIdMapTests() : UserTest("single")
{
    // D05, CVE-2018-7169 and CVE-2014-8989: a group that is dropped may be one that forbids.
    [UserFact]
    public void Nobody_in_it_sets_groups()
    {
        var id = Start(SingleBundle().Shell("sleep 1000"));
        Assert.Equal("deny", Cli.OciOk("exec", id, "/bin/cat", "/proc/self/setgroups").Trimmed);
        Assert.Equal($"0 {Uid} 1", Map((int)Cli.State(id)["pid"]!));
        Assert.Equal($"0 {Uid} 1", Map((int)Cli.State(id)["pid"]!, "gid_map"));
        var tried = Cli.Oci("exec", "--cap", "CAP_SETGID", id, "/bin/sh", "-c", "echo allow >/proc/self/setgroups");
        Assert.NotEqual(0, tried.ExitCode);
    }

    [UserFact]
    public void What_one_id_cannot_give_is_refused_by_its_path()
    {
        Cli.Oci("create", NewId(), "-b", UserBundle().WithUser(1000, 0).Path).ShouldFail(255, "process.user.uid", "1000", "/etc/subuid");
        Cli.Oci("create", NewId(), "-b", UserBundle().WithUser(0, 1000).Path).ShouldFail(255, "process.user.gid", "1000", "/etc/subgid");
        Cli.Oci("create", NewId(), "-b", UserBundle().WithUser(0, 0, 5).Path).ShouldFail(255, "process.user.additionalGids[0]");
        Cli.Oci("create", NewId(), "-b", UserBundle().WithUser(0, 0, 0).Path).ShouldFail(255, "process.user.additionalGids", "no supplementary groups");
        var terminals = UserBundle().WithoutMount("/dev/pts").WithMount("/dev/pts", "devpts", "devpts", "newinstance", "gid=5");
        Cli.Oci("create", NewId(), "-b", terminals.Path).ShouldFail(255, "mounts[", "gid=5", "group 5");
        Cli.Oci("create", NewId(), "-b", Map(UserBundle(), (0, Uid, 1), (1, 100_000, 10)).Path).ShouldFail(255, "linux.uidMappings[1]", "/usr/bin/newuidmap");
    }

    [UserFact]
    public void What_will_not_work_is_said_once()
    {
        var result = Cli.Oci("run", NewId(), "-b", UserBundle().Shell("true").Path).ShouldExit(0);
        Assert.Single(result.Error.Split('\n'), l => l.Contains($"uid {Uid} is the only id", StringComparison.Ordinal));
    }
}
