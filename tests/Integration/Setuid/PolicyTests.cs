using System.Text.Json.Nodes;
using Engine.Shared.Policy;
using Engine.Tests.Integration.Support;

namespace Engine.Tests.Integration.Setuid;

/// <summary>
/// The rows of docs/security/policy.md as the user meets them: what a configuration asks for is refused by its JSON path and the rule's name, before
/// anything is made. That the starter says the same to whoever does not ask the command line is HostileMasterTests'.
/// </summary>
public sealed class PolicyTests : SetuidTest
{
    /// <summary>Rule, JSON path in the error, and the change of a bundle that is otherwise allowed.</summary>
    private static readonly (PolicyRule Rule, string Path, Action<Bundle> Ask)[] Denied =
    [
        (PolicyRule.UserIds, "process.user.uid", b => b.WithUser(0, Uid)),
        (PolicyRule.UserIds, "process.user.uid", b => b.WithUser(Uid + 1, Uid)),
        (PolicyRule.UserIds, "process.user.gid", b => b.WithUser(Uid, 0)),
        (PolicyRule.UserGroups, "process.user.additionalGids[1]", b => b.WithUser(Uid, Uid, Group, 5)),
        (PolicyRule.Capabilities, "process.capabilities.bounding", b => b.WithCapabilities(["CAP_CHOWN"], "bounding")),
        (PolicyRule.Capabilities, "process.capabilities.permitted", b => b.WithCapabilities(["CAP_NET_BIND_SERVICE"], "bounding", "permitted", "effective")),
        (PolicyRule.IoPriority, "process.ioPriority.class", b => b.Process["ioPriority"] = new JsonObject { ["class"] = "IOPRIO_CLASS_RT", ["priority"] = 3 }),
        (PolicyRule.TimeNamespace, "linux.namespaces", b => b.WithNamespace("time")),
        (PolicyRule.JoinNamespace, "linux.namespaces[", b => b.WithNamespace("ipc", "/proc/1/ns/ipc")),
        (PolicyRule.NetDevices, "linux.netDevices", b => b.Linux["netDevices"] = new JsonObject { ["eth0"] = new JsonObject() }),
        (PolicyRule.Sysctl, "linux.sysctl", b => b.WithSysctl("net.ipv4.ip_forward", "1")),
        (PolicyRule.MountShared, "linux.rootfsPropagation", b => b.Linux["rootfsPropagation"] = "shared"),
        (PolicyRule.MountShared, "mounts[", b => b.WithMount("/mnt", "bind", "/usr", "rbind", "rshared")),
        (PolicyRule.SourceIdMap, "mounts[", b => Mapped(b.WithMount("/mnt", "bind", "/usr", "rbind", "idmap").Config["mounts"]!.AsArray().Last()!.AsObject())),
        (PolicyRule.MountReconfigure, "mounts[", b => b.WithMount("/tmp", "", "", "remount", "size=1g")),
        (PolicyRule.MountFlags, "mounts[", b => b.WithMount("/mnt", "bind", "/usr", "rbind", "suid")),
        (PolicyRule.MountFlags, "mounts[", b => b.WithMount("/mnt", "bind", "/usr", "rbind", "dev")),
        (PolicyRule.OtherFilesystem, "mounts[", b => b.WithMount("/mnt", "overlay", "overlay", "lowerdir=/usr:/etc")),
        (PolicyRule.OtherFilesystem, "mounts[", b => b.WithMount("/mnt", "ext4", "/dev/vda")),
        (PolicyRule.OtherFilesystem, "mounts[", b => b.WithMount("/mnt", "squashfs", "/tmp/image")),
        (PolicyRule.OtherFilesystem, "mounts[", b => b.WithMount("/mnt", "debugfs", "debugfs")),
        (PolicyRule.DeviceNode, "linux.devices[0]", b => b.WithDevice("/dev/sda", "b", 8, 0)),
    ];

    private static void Mapped(JsonObject mount) => (mount["uidMappings"], mount["gidMappings"]) = (Mapping(), Mapping());

    private static JsonArray Mapping() => new(new JsonObject { ["containerID"] = 0, ["hostID"] = 1000, ["size"] = 1 });

    public static TheoryData<int> Rows() => new(Enumerable.Range(0, Denied.Length));

    [RootTheory]
    [MemberData(nameof(Rows))]
    public void What_is_denied_is_refused_by_its_path_and_the_rules_name(int row)
    {
        var (rule, path, ask) = Denied[row];
        var bundle = UserBundle();
        ask(bundle);
        var refused = Cli.Oci("create", NewId(), "-b", bundle.Path, "--workflow", "setuid").ShouldExit(255);
        var name = System.Text.Encoding.ASCII.GetString(PolicyTable.Name(rule));
        Assert.Contains(path, refused.Error, StringComparison.Ordinal);
        Assert.Contains($"[set-uid policy: {name}]", refused.Error, StringComparison.Ordinal);
    }

    /// <summary>What the command line leaves to the starter: rule and change.</summary>
    private static readonly (PolicyRule Rule, string[] Conf, Action<Bundle> Ask)[] ByStarter =
    [
        (PolicyRule.DeviceBind, [], b => b.WithDevice("/dev/kmsg", "c", 1, 11)),
        (PolicyRule.DeviceBind, [], b => b.WithBind("/dev/vda", "/mnt/disk")),
        (PolicyRule.RootfsHost, [], b => b.Config["root"]!["path"] = "/"),
        (PolicyRule.RootfsHost, [], b => b.Config["root"]!["path"] = "/proc"),
        (PolicyRule.SourceNamespace, [], b => b.WithBind("/proc/self/ns/net", "/mnt/net")),
        (PolicyRule.Namespaces, ["allow_ns = pid, uts"], _ => { }),
        (PolicyRule.BindSite, ["user_bind = no"], b => b.WithBind("/usr/share", "/mnt")),
        (PolicyRule.BindDenied, ["deny_bind_paths = /usr/share"], b => b.WithBind("/usr/share", "/mnt")),
        (PolicyRule.BindDenied, ["deny_bind_paths = /usr/share"], b => b.WithBind("/usr/share/doc", "/mnt")),
        (PolicyRule.BindDenied, ["deny_bind_paths = /usr/share"], b => b.WithBind("/usr", "/mnt", "rbind")),
        (PolicyRule.BindDenied, ["deny_bind_paths = /etc"], b => b.WithBind("/etc/hostname", "/mnt/name")),
        (PolicyRule.TmpfsLimits, ["tmpfs_max_size = 1M"], b => b.WithMount("/mnt", "tmpfs", "tmpfs", "size=2m")),
        (PolicyRule.TmpfsLimits, [], b => b.WithMount("/mnt", "tmpfs", "tmpfs", "size=50%")),
        (PolicyRule.Tmpfs, [], b => b.WithMount("/mnt", "tmpfs", "tmpfs", "uid=0")),
        (PolicyRule.Tmpfs, [], b => b.WithMount("/mnt", "tmpfs", "tmpfs", "huge=always")),
        (PolicyRule.MountCount, ["max_mounts = 3"], _ => { }),
        (PolicyRule.RootfsSite, ["limit_rootfs_owners = 0"], _ => { }),
        (PolicyRule.RootfsSite, ["limit_rootfs_groups = 0"], _ => { }),
        (PolicyRule.RootfsSite, ["limit_rootfs_paths = /opt"], _ => { }),
        (PolicyRule.OomScore, [], b => b.Process["oomScoreAdj"] = -500),
    ];

    public static TheoryData<int> StarterRows() => new(Enumerable.Range(0, ByStarter.Length));

    [RootTheory]
    [MemberData(nameof(StarterRows))]
    public void What_only_the_starter_can_judge_it_refuses_by_the_rules_name(int row)
    {
        var (rule, conf, ask) = ByStarter[row];
        Configure([.. conf, "allow_devices = /dev/fuse"]);
        var bundle = UserBundle();
        ask(bundle);
        var refused = Cli.Oci("create", NewId(), "-b", bundle.Path).ShouldExit(255);
        Assert.Contains($"policy: {System.Text.Encoding.ASCII.GetString(PolicyTable.Name(rule))}", refused.Error, StringComparison.Ordinal);
    }

    // S13, CVE-2026-47215: the limit is a directory, not the beginning of a text.
    [RootFact]
    public void A_path_limit_is_about_directories()
    {
        var allowed = UserBundle();
        var bundle = Path.GetDirectoryName(allowed.Rootfs)!;
        Configure($"limit_rootfs_paths = {bundle}");
        Assert.Equal(0, RunToEnd(allowed).ExitCode);
        Configure($"limit_rootfs_paths = {allowed.Rootfs}");
        Assert.Equal(0, RunToEnd(allowed).ExitCode);
        Configure($"limit_rootfs_paths = {bundle[..^1]}");
        Cli.Oci("create", NewId(), "-b", allowed.Path).ShouldFail(255, "policy: rootfs.site");

        // A link into the allowed directory is the directory; one out of it is not.
        var other = UserBundle();
        var link = Path.Combine(Path.GetDirectoryName(other.Rootfs)!, "link");
        File.CreateSymbolicLink(link, allowed.Rootfs);
        other.Config["root"]!["path"] = "link";
        Configure($"limit_rootfs_paths = {allowed.Rootfs}");
        Assert.Equal(0, RunToEnd(other).ExitCode);
        Configure($"limit_rootfs_paths = {Path.GetDirectoryName(other.Rootfs)}");
        Cli.Oci("create", NewId(), "-b", other.Path).ShouldFail(255, "policy: rootfs.site");
    }

    [RootFact]
    public void What_is_allowed_works()
    {
        Configure("allow_devices = /dev/fuse", $"limit_rootfs_owners = {Uid}", $"allow_users = {Uid}", "tmpfs_max_size = 2M", "tmpfs_max_inodes = 100");
        var bundle = UserBundle().WithRlimit("RLIMIT_NOFILE", 100, 200).WithMount("/mnt", "tmpfs", "tmpfs", "mode=700").WithMount("/var", "tmpfs", "tmpfs", "ro")
            .WithUser(Uid, Uid, Group).WithReadonlyRoot().WithBind(UserDirectory("data"), "/home", "rbind", "rw", "noatime");
        bundle.Process["oomScoreAdj"] = 300;
        bundle.Config["mounts"]!.AsArray().Single(m => (string?)m!["destination"] == "/dev")!["options"] = BundleDefaults.Strings("mode=755");
        bundle.Config["mounts"]!.AsArray().Single(m => (string?)m!["destination"] == "/dev/shm")!["options"] = BundleDefaults.Strings("mode=1777");
        var (code, output) = RunToEnd(bundle.Shell(
            "ulimit -n; ulimit -Hn; cat /proc/self/oom_score_adj /home/file; hostname; echo x >/home/new && echo wrote; echo x 2>/dev/null >/etc/new || echo readonly; echo x 2>/dev/null >/var/new || echo readonly;"
            + "head -c 4000000 /dev/zero >/mnt/big 2>/dev/null; stat -c %s /mnt/big; touch /mnt/0 && i=0; while touch /mnt/$i 2>/dev/null; do i=$((i+1)); [ $i -lt 500 ] || break; done; echo $((i < 100))"));
        Assert.Equal(0, code);
        Assert.Equal("100\n200\n300\ntext\nbundle\nwrote\nreadonly\nreadonly\n2097152\n1\n", output);
        Assert.Equal(Uid.ToString(System.Globalization.CultureInfo.InvariantCulture), new Command("/usr/bin/stat", "-c", "%u", Path.Combine(Directory, "data", "new")).Run().Trimmed);
    }

    // The kernel's list of supplementary groups need not have the primary one, which is a group of his all the same.
    [RootFact]
    public void His_primary_group_is_one_of_his()
    {
        var command = As(Site.PrefixOf(Uid, $"{Group}"), SetuidSite.Engine, "oci", "run", NewId(), "-b", UserBundle().WithUser(Uid, Uid, Uid, Group).Shell("id -G").Path);
        Assert.Equal([$"{Uid}", $"{Group}"], command.Run().ShouldExit(0).Trimmed.Split(' ').Order());
    }

    [RootFact]
    public void A_read_only_mount_of_the_host_stays_so()
    {
        var bundle = UserBundle().WithBind("/sys/kernel", "/mnt", "rbind").Shell("(echo 1 >/mnt/profiling) 2>&1; grep ' /mnt ' /proc/self/mountinfo");
        var (_, output) = RunToEnd(bundle);
        Assert.Contains("Read-only file system", output, StringComparison.Ordinal);
    }

    [RootFact]
    public void The_number_of_containers_is_bounded_and_free_again_afterwards()
    {
        Configure("max_containers = 2");
        string first = Start(UserBundle().Shell("sleep 1000")), second = Start(UserBundle().Shell("sleep 1000"));
        Cli.Oci("create", NewId(), "-b", UserBundle().Path).ShouldFail(255, "policy: caller.containers");
        Cli.OciOk("delete", "--force", first);
        Assert.Equal(0, RunToEnd(UserBundle()).ExitCode);
        Cli.OciOk("delete", "--force", second);
    }

    // U61: mounts of a running container are a runtime's, and its record is the user's.
    [RootFact]
    public void Mounts_of_a_running_container_are_not_changed_for_an_ordinary_user()
    {
        var id = Start(UserBundle().Shell("sleep 1000"));
        var file = Path.Combine(UserDirectory("lists"), "mounts.json");
        File.WriteAllText(file, """[{"destination":"/mnt","type":"tmpfs","source":"tmpfs"}]""");
        Own(file);
        var before = ProcFs.Read(Pid(id), "mountinfo");
        foreach (var verb in new[] { "add", "remove" })
        {
            AsUser("/usr/local/bin/engine-runc", "--root", Cli.Root, "mounts", verb, id, file).Run().ShouldFail(1, "policy: launch.runtime", "an OCI runtime runs as root or in a user namespace");
        }

        Assert.Equal(before, ProcFs.Read(Pid(id), "mountinfo"));
    }

    [RootFact]
    public void Joining_is_for_processes_that_the_user_could_trace()
    {
        var id = Start(UserBundle().Shell("sleep 1000"));
        // S08: the record is the user's, and may say anything. Root's process is not his to join.
        var record = Path.Combine(Cli.StateDirectory(id), "state.json");
        var text = File.ReadAllText(record);
        var pid = Pid(id);
        foreach (var target in new[] { 1, Environment.ProcessId })
        {
            File.WriteAllText(record, text.Replace($"\"pid\":{pid}", $"\"pid\":{target}", StringComparison.Ordinal).Replace($"\"pid\": {pid}", $"\"pid\": {target}", StringComparison.Ordinal));
            Own(record);
            Assert.NotEqual(0, Cli.Oci("exec", id, "/bin/id").ExitCode);
        }
        File.WriteAllText(record, text);
        Own(record);
        Cli.OciOk("exec", id, "/bin/true");
    }
}
