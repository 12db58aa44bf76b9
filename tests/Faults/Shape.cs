using Engine.Tests.Integration.Setuid;

namespace Engine.Tests.Faults;

/// <summary>One kind of container. The more of the starter it makes work, the more calls there are to fail.</summary>
/// <param name="Name">As in messages.</param>
/// <param name="Must">Lines that the payload prints of itself, beside being the same each time.</param>
/// <param name="Apply">Changes the default bundle.</param>
internal sealed record Shape(string Name, string[] Must, Action<Bundle> Apply)
{
    private const string None = "0000000000000000";
    private static readonly string[] Kept = ["CAP_KILL", "CAP_NET_BIND_SERVICE"];

    /// <summary>An ordinary user with groups, capabilities in all five sets, limits, a filter, a bind mount, a cgroup limit, and a hook of each kind.</summary>
    public static Shape Plain { get; } = new("plain", ["uid 1000 1000 1000 1000", "groups 5 6", "permitted 0000000000000420", "bounding 0000000000000420", "no_new_privs 1", "seccomp 2"], bundle =>
    {
        bundle.WithUser(1000, 1000, 5, 6).WithCapabilities(Kept, "bounding", "effective", "permitted", "inheritable", "ambient");
        bundle.WithRlimit("RLIMIT_NOFILE", 64, 128).WithBind("/usr", "/usr", "rbind", "ro");
        bundle.WithResources(r => r["pids"] = new JsonObject { ["limit"] = 50 });
        bundle.WithSysctl("net.ipv4.ip_forward", "1");
        bundle.Process["oomScoreAdj"] = 100;
        Filter(bundle);
        foreach (var kind in new[] { "prestart", "createRuntime", "createContainer", "startContainer", "poststart", "poststop" })
        {
            bundle.WithHook(kind, "/bin/true", ["true"]);
        }
    });

    /// <summary>A user namespace, a cgroup namespace, a terminal, no list of capabilities.</summary>
    public static Shape UserNamespace { get; } = new("userns", ["uid 1000 1000 1000 1000", $"permitted {None}", "no_new_privs 1", "seccomp 2"], bundle =>
    {
        bundle.WithUserNamespace().WithUser(1000, 1000).WithTerminal(24, 80).WithNamespace("cgroup");
        bundle.Process.Remove("capabilities");
        Filter(bundle);
    });

    /// <summary>What the policy lets an ordinary user have: his ids and groups, no capabilities.</summary>
    public static Shape Setuid { get; } = new(
        "user",
        [$"uid {SetuidSite.Uid} {SetuidSite.Uid} {SetuidSite.Uid} {SetuidSite.Uid}", $"permitted {None}", $"effective {None}", $"bounding {None}", $"ambient {None}", "no_new_privs 1", "seccomp 2"],
        bundle =>
        {
            bundle.Process.Remove("capabilities");
            WithoutTerminalGroup(bundle);
            bundle.WithUser(SetuidSite.Uid, SetuidSite.Uid).WithRlimit("RLIMIT_NOFILE", 64, 128);
            bundle.WithMount("/mnt", "tmpfs", "tmpfs", "size=64k");
            Filter(bundle);
            Give(bundle, SetuidSite.Uid);
        });

    /// <summary>Root of a user namespace of the user's own.</summary>
    public static Shape Rootless { get; } = new("ranges", ["uid 0 0 0 0", "no_new_privs 1", "seccomp 2"], bundle =>
    {
        bundle.WithRlimit("RLIMIT_NOFILE", 64, 128);
        Filter(bundle);
        Give(bundle, Workflow.RootlessUid);
    });

    private static void Filter(Bundle bundle) => bundle.Linux["seccomp"] = new JsonObject
    {
        ["defaultAction"] = "SCMP_ACT_ALLOW",
        ["syscalls"] = new JsonArray(new JsonObject { ["names"] = BundleDefaults.Strings("mkdir", "mkdirat"), ["action"] = "SCMP_ACT_ERRNO" }),
    };

    private static void WithoutTerminalGroup(Bundle bundle)
    {
        var options = bundle.Config["mounts"]!.AsArray().Single(m => (string?)m!["destination"] == "/dev/pts")!["options"]!.AsArray();
        options.Remove(options.Single(o => (string?)o == "gid=5"));
    }

    private static void Give(Bundle bundle, uint owner)
    {
        foreach (var entry in Directory.EnumerateDirectories(bundle.Rootfs).Append(bundle.Rootfs).Append(Path.GetDirectoryName(bundle.Rootfs)!))
        {
            Native.Check(Native.chown(entry, owner, owner), $"chown {entry}");
        }
    }
}
