using System.Globalization;
using System.Text.Json.Nodes;
using Engine.Tests.Integration.Support;

namespace Engine.Tests.Integration.Config;

/// <summary>config-linux.md, Namespaces, User namespace mappings, Offset for time namespace, and the names of the host.</summary>
public sealed class NamespaceTests : ConfigTest
{
    // OCI type, name in /proc/PID/ns, option of unshare(1).
    private static readonly (string Type, string Proc, string Unshare)[] Kinds =
    [
        ("network", "net", "--net"), ("ipc", "ipc", "--ipc"), ("uts", "uts", "--uts"), ("cgroup", "cgroup", "--cgroup"), ("mount", "mnt", "--mount"),
    ];

    [RootFact]
    public void A_namespace_that_is_listed_is_new_and_one_that_is_not_is_the_hosts()
    {
        var bundle = NewBundle().Shell("sleep 1000").WithNamespace("cgroup").WithNamespace("time");
        var all = (int)Cli.State(Start(bundle))["pid"]!;
        foreach (var kind in new[] { "pid", "net", "ipc", "uts", "mnt", "cgroup", "time" })
        {
            Assert.NotEqual(ProcFs.Namespace(Environment.ProcessId, kind), ProcFs.Namespace(all, kind));
        }
        Assert.Equal(ProcFs.Namespace(Environment.ProcessId, "user"), ProcFs.Namespace(all, "user"));

        bundle = NewBundle().Shell("sleep 1000").WithoutNamespace("pid").WithoutNamespace("network").WithoutNamespace("ipc").WithoutNamespace("uts")
            .WithoutMount("/sys").WithoutMount("/dev/mqueue").Edit(c => c.Remove("hostname"));
        var one = (int)Cli.State(Start(bundle))["pid"]!;
        Assert.NotEqual(ProcFs.Namespace(Environment.ProcessId, "mnt"), ProcFs.Namespace(one, "mnt"));
        foreach (var kind in new[] { "pid", "net", "ipc", "uts", "cgroup", "time", "user" })
        {
            Assert.Equal(ProcFs.Namespace(Environment.ProcessId, kind), ProcFs.Namespace(one, kind));
        }
    }

    [RootFact]
    public void Each_namespace_is_joined_by_its_path()
    {
        var holder = Holder([.. Kinds.Select(k => k.Unshare)]);
        var bundle = NewBundle().Shell("sleep 1000").Edit(c => c.Remove("hostname"));
        foreach (var (type, proc, _) in Kinds.Where(k => k.Type != "mount"))
        {
            bundle.WithNamespace(type, $"/proc/{holder.ToString(CultureInfo.InvariantCulture)}/ns/{proc}");
        }
        var pid = (int)Cli.State(Start(bundle))["pid"]!;
        foreach (var (_, proc, _) in Kinds.Where(k => k.Type != "mount"))
        {
            Assert.Equal(ProcFs.Namespace(holder, proc), ProcFs.Namespace(pid, proc));
        }
    }

    [RootFact]
    public void Another_containers_pid_namespace_is_joined()
    {
        var first = (int)Cli.State(Start(NewBundle().Shell("sleep 1000")))["pid"]!;
        var second = Start(NewBundle().Shell("echo I am $$; ps; sleep 1000").WithNamespace("pid", $"/proc/{first.ToString(CultureInfo.InvariantCulture)}/ns/pid"));
        var pid = (int)Cli.State(second)["pid"]!;
        Assert.Equal(ProcFs.Namespace(first, "pid"), ProcFs.Namespace(pid, "pid"));
        Assert.True(ProcFs.Lives(pid));
        var text = "";
        Eventually.True(() => (text = Cli.OciOk("logs", second).Text).Contains("sleep 1000", StringComparison.Ordinal), () => text);
        Assert.DoesNotContain("I am 1\n", text, StringComparison.Ordinal);
        // Its end does not end the other one.
        Cli.OciOk("kill", second, "KILL");
        Cli.WaitForStatus(second, "stopped");
        Assert.True(ProcFs.Lives(first));
    }

    [RootFact]
    public void A_mount_namespace_is_joined()
    {
        var holder = Holder("--mount");
        var bundle = NewBundle().Shell("sleep 1000").WithNamespace("mount", $"/proc/{holder.ToString(CultureInfo.InvariantCulture)}/ns/mnt");
        var id = NewId();
        Cli.OciOk("create", id, "-b", bundle.Path);
        Assert.Equal(ProcFs.Namespace(holder, "mnt"), ProcFs.Namespace((int)Cli.State(id)["pid"]!, "mnt"));
    }

    [RootFact]
    public void A_path_that_is_no_namespace_or_of_another_kind_is_refused()
    {
        Refused(NewBundle().WithNamespace("network", "/proc/self/status"), "linux.namespaces", "/proc/self/status");
        Refused(NewBundle().WithNamespace("network", "/not/there"), "linux.namespaces", "/not/there");
        Refused(NewBundle().WithNamespace("network", OwnNamespace("uts")), "linux.namespaces", "/ns/uts");
    }

    [RootFact(Needs.Probe)]
    public void Names_are_the_containers_own()
    {
        var before = Host("/bin/uname", "-n");
        var bundle = NewBundle().Probe("host").Edit(c =>
        {
            c["hostname"] = "box.example";
            c["domainname"] = "nis.example";
        });
        var lines = Lines(bundle);
        Assert.Equal("box.example", Field(lines, "hostname"));
        Assert.Equal("nis.example", Field(lines, "domainname"));
        Assert.Equal(before, Host("/bin/uname", "-n"));
    }

    [RootFact]
    public void A_name_without_a_namespace_of_its_own_is_refused()
    {
        Refused(NewBundle().WithoutNamespace("uts"), "hostname");
        Refused(NewBundle().WithoutNamespace("uts").Edit(c =>
        {
            c.Remove("hostname");
            c["domainname"] = "x";
        }), "domainname");
        Refused(NewBundle().WithNamespace("uts", OwnNamespace("uts")), "hostname");
        Assert.NotEqual("bundle", Host("/bin/uname", "-n"));
    }

    [RootFact(Needs.Probe)]
    public void A_user_namespace_has_its_mappings_its_root_and_bound_devices()
    {
        var bundle = NewBundle().WithUserNamespace(200_000, 1000).WithUser(5, 6, 7)
            .Shell("cat /proc/self/uid_map /proc/self/gid_map; /probe id caps stat /dev/zero stat /dev/tty; echo x >/dev/null && echo null; head -c 4 /dev/zero | wc -c; stat -c '%u %g' /; /probe mounts; sleep 1000");
        bundle.Config["process"]!["capabilities"] = new JsonObject();
        var id = Start(bundle);
        var text = "";
        Eventually.True(() => (text = Cli.OciOk("logs", id).Text).Contains(" /sys ", StringComparison.Ordinal), () => text);
        var lines = text.Split('\n');
        Assert.Equal(2, lines.Count(l => string.Join(' ', l.Split(' ', StringSplitOptions.RemoveEmptyEntries)) == "0 200000 1000"));
        Assert.Equal("5 5 5 5", Field(lines, "uid"));
        Assert.Equal("7", Field(lines, "groups"));
        // Devices of the host, bound: the owner is nobody in here.
        Assert.Contains("stat 20666 65534 65534 1:5", lines);
        Assert.Contains("null", lines);
        Assert.Contains("4", lines);
        Assert.Contains("0 0", lines);
        Assert.Equal("devtmpfs", DeviceSource(Mount(lines, "/dev/null").Type));
        var pid = (int)Cli.State(id)["pid"]!;
        Assert.Equal("200005\t200005\t200005\t200005", ProcFs.Status(pid, "Uid"));
        Assert.Equal("200006\t200006\t200006\t200006", ProcFs.Status(pid, "Gid"));
        Assert.NotEqual(ProcFs.Namespace(Environment.ProcessId, "user"), ProcFs.Namespace(pid, "user"));
    }

    [RootFact(Needs.Probe)]
    public void A_user_namespace_is_joined_with_the_others_that_it_owns()
    {
        var first = (int)Cli.State(Start(NewBundle().WithUserNamespace().Shell("sleep 1000")))["pid"]!;
        var bundle = NewBundle().WithUserNamespace().Shell("sleep 1000").Edit(c => c.Remove("hostname"));
        bundle.Linux.Remove("uidMappings");
        bundle.Linux.Remove("gidMappings");
        foreach (var (type, proc) in new[] { ("user", "user"), ("network", "net"), ("uts", "uts") })
        {
            bundle.WithNamespace(type, $"/proc/{first.ToString(CultureInfo.InvariantCulture)}/ns/{proc}");
        }
        var second = (int)Cli.State(Start(bundle))["pid"]!;
        foreach (var kind in new[] { "user", "net", "uts" })
        {
            Assert.Equal(ProcFs.Namespace(first, kind), ProcFs.Namespace(second, kind));
        }
        Assert.NotEqual(ProcFs.Namespace(first, "pid"), ProcFs.Namespace(second, "pid"));
        Assert.Equal("200000\t200000\t200000\t200000", ProcFs.Status(second, "Uid"));
    }

    [RootFact(Needs.Probe)]
    public void A_time_namespace_has_its_offsets()
    {
        var bundle = NewBundle().WithNamespace("time").Shell("cat /proc/self/timens_offsets; cat /proc/uptime");
        bundle.Linux["timeOffsets"] = new JsonObject
        {
            ["monotonic"] = new JsonObject { ["secs"] = 172800, ["nanosecs"] = 5 },
            ["boottime"] = new JsonObject { ["secs"] = 604800, ["nanosecs"] = 0 },
        };
        var lines = Lines(bundle).Select(l => string.Join(' ', l.Split(' ', StringSplitOptions.RemoveEmptyEntries))).ToArray();
        Assert.Equal(["monotonic 172800 5", "boottime 604800 0"], lines[..2]);
        Assert.True(double.Parse(lines[2].Split(' ')[0], CultureInfo.InvariantCulture) > 604800);
    }

    [RootFact]
    public void Sysctls_of_own_namespaces_are_set_and_the_hosts_stay()
    {
        (string Key, string Value)[] table = [("kernel.msgmax", "12345"), ("fs.mqueue.msg_max", "17"), ("net.ipv4.ip_local_port_range", "20000\t30000"), ("net/core/somaxconn", "99")];
        string[] canaries = [.. table.Select(t => "/proc/sys/" + t.Key.Replace('.', '/'))];
        var before = canaries.Select(File.ReadAllText).ToArray();
        var bundle = NewBundle().Shell($"cat {string.Join(' ', canaries)}");
        foreach (var (key, value) in table)
        {
            bundle.WithSysctl(key, value);
        }
        Assert.Equal(table.Select(t => t.Value), Lines(bundle));
        Assert.Equal(before, canaries.Select(File.ReadAllText));
    }

    [RootFact]
    public void Sysctls_of_the_machine_are_refused()
    {
        var canary = File.ReadAllText("/proc/sys/kernel/printk_ratelimit") + File.ReadAllText("/proc/sys/kernel/msgmax");
        foreach (var key in new[] { "kernel.printk_ratelimit", "vm.swappiness", "kernel.core_pattern", "kernel/../kernel/printk_ratelimit", "fs.file-max" })
        {
            Refused(NewBundle().WithSysctl(key, "7"), "linux.sysctl", key);
        }
        Refused(NewBundle().WithoutNamespace("ipc").WithSysctl("kernel.msgmax", "7"), "linux.sysctl", "ipc");
        Refused(NewBundle().WithoutNamespace("network").WithoutMount("/sys").WithSysctl("net.core.somaxconn", "7"), "linux.sysctl", "network");
        Refused(NewBundle().WithNamespace("network", OwnNamespace("net")).WithoutMount("/sys").WithSysctl("net.core.somaxconn", "7"), "linux.sysctl");
        Refused(NewBundle().WithNamespace("ipc", OwnNamespace("ipc")).WithSysctl("kernel.msgmax", "7"), "linux.sysctl");
        Assert.Equal(canary, File.ReadAllText("/proc/sys/kernel/printk_ratelimit") + File.ReadAllText("/proc/sys/kernel/msgmax"));
    }

    private static string OwnNamespace(string kind) => $"/proc/{Environment.ProcessId.ToString(CultureInfo.InvariantCulture)}/ns/{kind}";

    // A machine may have its /dev on a tmpfs.
    private static string DeviceSource(string type) => type is "tmpfs" ? "devtmpfs" : type;
}
