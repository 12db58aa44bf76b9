namespace Engine.Tests.Conformance.Entries;

/// <summary>config-linux.md#namespaces, user namespace mappings, time offsets.</summary>
internal static class Namespaces
{
    // The config's name and that of /proc/PID/ns.
    private static readonly (string Type, string Link)[] Types =
    [
        ("pid", "pid"), ("network", "net"), ("mount", "mnt"), ("ipc", "ipc"), ("uts", "uts"), ("cgroup", "cgroup"), ("time", "time"),
    ];

    public static Entry[] All { get; } =
    [
        .. Types.Select(n => new Entry($"namespaces.new.{n.Type}", "config-linux.md#namespaces", $"a {n.Type} namespace without a path is a new one", t =>
        {
            NeedTime(n.Type);
            Assert.NotEqual(Scenario.OwnNamespace(n.Link), t.Look(t.NewBundle().WithNamespace(n.Type), "ns")[n.Link]);
        })),
        .. Types.Where(n => n.Type is not "mount").Select(n => new Entry($"namespaces.inherited.{n.Type}", "config-linux.md#namespaces", $"without an entry the {n.Type} namespace is the runtime's", t =>
        {
            NeedTime(n.Type);
            var bundle = t.NewBundle().WithoutNamespace(n.Type);
            if (n.Type == "uts")
            {
                bundle.Config.Remove("hostname");
            }
            if (n.Type == "network")
            {
                bundle.WithoutMount("/sys");
            }
            Assert.Equal(Scenario.OwnNamespace(n.Link), t.Look(bundle, "ns")[n.Link]);
        })),
        .. Types.Where(n => n.Type is not "mount").Select(n => new Entry($"namespaces.path.{n.Type}", "config-linux.md#namespaces", $"a {n.Type} namespace with a path is joined", t =>
        {
            NeedTime(n.Type);
            var owner = t.StartWaiting(t.NewWaiting().WithNamespace(n.Type));
            var bundle = t.NewBundle().WithNamespace(n.Type, $"/proc/{owner.Pid}/ns/{n.Link}");
            if (n.Type == "uts")
            {
                bundle.Config.Remove("hostname");
            }
            Assert.Equal(ProcFs.Namespace(owner.Pid, n.Link), t.Look(bundle, "ns")[n.Link]);
        })),
        new("namespaces.user", "config-linux.md#user-namespace-mappings", "a user namespace has the configured mappings", t =>
        {
            var seen = t.Look(t.NewBundle().WithUserNamespace(), "cat", "/proc/self/uid_map", "cat", "/proc/self/gid_map", "id", "ns");
            var lines = seen.Text.Split('\n').Take(2).Select(l => string.Join(' ', l.Split(' ', StringSplitOptions.RemoveEmptyEntries)));
            Assert.Equal(["0 200000 65536", "0 200000 65536"], lines);
            Assert.StartsWith("0 ", seen["uid"], StringComparison.Ordinal);
            Assert.NotEqual(Scenario.OwnNamespace("user"), seen["user"]);
        }),
        new("namespaces.user.host-ids", "config-linux.md#user-namespace-mappings", "a process in a user namespace has the mapped ids on the host", t =>
        {
            var container = t.StartWaiting(t.NewWaiting().WithUserNamespace().WithUser(7, 8));
            Assert.StartsWith("200007\t", ProcFs.Status(container.Pid, "Uid"), StringComparison.Ordinal);
            Assert.StartsWith("200008\t", ProcFs.Status(container.Pid, "Gid"), StringComparison.Ordinal);
        }),
        new("namespaces.user.path", "config-linux.md#namespaces", "a user namespace with a path is joined", t =>
        {
            var owner = t.StartWaiting(t.NewWaiting().WithUserNamespace());
            var bundle = t.NewBundle().WithUserNamespace();
            bundle.WithNamespace("user", $"/proc/{owner.Pid}/ns/user");
            bundle.Linux.Remove("uidMappings");
            bundle.Linux.Remove("gidMappings");
            Assert.Equal(ProcFs.Namespace(owner.Pid, "user"), t.Look(bundle, "ns")["user"]);
        }),
        new("namespaces.user.devices", "config-linux.md#default-devices", "the default devices are usable in a user namespace", t =>
            Assert.Equal("write ok\n", t.Look(t.NewBundle().WithUserNamespace(), "write", "/dev/null", "x").Text)),
        new("namespaces.user.root-owned-network", "config-linux.md#namespaces", "the network namespace belongs to the new user namespace: root inside may configure it", t =>
            Assert.Equal("up", t.Shell(t.NewBundle().WithUserNamespace().WithCapabilities(["CAP_NET_ADMIN"]), "ip link set lo up && echo up"))),
        new("namespaces.time.offsets", "config-linux.md#offset-for-time-namespace", "timeOffsets are the offsets of the clocks", t =>
        {
            NeedTime("time");
            var bundle = t.NewBundle().WithNamespace("time");
            bundle.Linux["timeOffsets"] = new JsonObject { ["monotonic"] = new JsonObject { ["secs"] = 1000, ["nanosecs"] = 5 }, ["boottime"] = new JsonObject { ["secs"] = 2_000_000 } };
            var lines = t.Look(bundle, "cat", "/proc/self/timens_offsets").Text.Split('\n').Select(l => string.Join(' ', l.Split(' ', StringSplitOptions.RemoveEmptyEntries))).ToList();
            Assert.Equal(["monotonic 1000 5", "boottime 2000000 0"], lines.Take(2));
        }),
        new("namespaces.loopback", "config-linux.md#network", "the loopback device of a new network namespace is up", t =>
            Assert.Contains("LOOPBACK,UP", t.Shell(t.NewBundle(), "ip link show lo"), StringComparison.Ordinal)),
        new("namespaces.network-device", "config-linux.md#network-devices", "netDevices moves a device of the host into the container", t =>
        {
            Scenario.Need(Dummy(t), "no dummy network device can be made here");
            var bundle = t.NewBundle();
            bundle.Linux["netDevices"] = new JsonObject { [DummyName(t)] = new JsonObject { ["name"] = "moved0" } };
            Assert.Contains("moved0", t.Shell(bundle, "ip link show"), StringComparison.Ordinal);
        }),
    ];

    private static string DummyName(Scenario t) => $"d{Math.Abs(t.Directory.GetHashCode(StringComparison.Ordinal)) % 100_000}";

    // The device goes with the container's network namespace.
    private static bool Dummy(Scenario t) => File.Exists("/sbin/ip") && new Command("/sbin/ip", "link", "add", DummyName(t), "type", "dummy").Run().ExitCode == 0;

    private static void NeedTime(string type) => Scenario.Need(type != "time" || File.Exists("/proc/self/ns/time"), "the kernel has no time namespaces");
}
