namespace Engine.Tests.Faults;

/// <summary>A column of every table here: who types, and what that makes of a payload.</summary>
/// <param name="Name">As in messages and on the command line.</param>
/// <param name="Profile">The command line.</param>
/// <param name="Shapes">The bundles that the injected faults are tried with.</param>
internal sealed record Workflow(string Name, Profile Profile, IReadOnlyList<Shape> Shapes)
{
    public static Workflow Root { get; } = new("root", Profile.Root, [Shape.Plain, Shape.UserNamespace]);

    public static IReadOnlyList<Workflow> All { get; } = [Root];
}

/// <summary>One kind of container. The more of the starter it makes work, the more calls there are to fail.</summary>
/// <param name="Name">As in messages.</param>
/// <param name="Apply">Changes the default bundle.</param>
internal sealed record Shape(string Name, Action<Bundle> Apply)
{
    private static readonly string[] Kept = ["CAP_KILL", "CAP_NET_BIND_SERVICE"];

    /// <summary>An ordinary user with groups, capabilities in all five sets, limits, a filter, a bind mount, a cgroup limit, and a hook of each kind.</summary>
    public static Shape Plain { get; } = new("plain", bundle =>
    {
        bundle.WithUser(1000, 1000, 5, 6).WithCapabilities(Kept, "bounding", "effective", "permitted", "inheritable", "ambient");
        bundle.WithRlimit("RLIMIT_NOFILE", 64, 128).WithBind("/usr", "/usr", "rbind", "ro");
        bundle.WithResources(r => r["pids"] = new JsonObject { ["limit"] = 50 });
        bundle.WithSysctl("net.ipv4.ip_forward", "1");
        bundle.Process["oomScoreAdj"] = 100;
        Filter(bundle);
        foreach (var kind in new[] { "prestart", "createRuntime", "createContainer", "poststart", "poststop" })
        {
            bundle.WithHook(kind, "/bin/true", ["true"]);
        }
        bundle.WithHook("startContainer", "/bin/true", ["true"]);
    });

    /// <summary>A user namespace, a time namespace, a terminal, no list of capabilities.</summary>
    public static Shape UserNamespace { get; } = new("userns", bundle =>
    {
        bundle.WithUserNamespace().WithUser(1000, 1000).WithTerminal(24, 80).WithNamespace("cgroup");
        bundle.Process.Remove("capabilities");
        Filter(bundle);
    });

    private static void Filter(Bundle bundle) => bundle.Linux["seccomp"] = new JsonObject
    {
        ["defaultAction"] = "SCMP_ACT_ALLOW",
        ["syscalls"] = new JsonArray(new JsonObject { ["names"] = BundleDefaults.Strings("mkdir", "mkdirat"), ["action"] = "SCMP_ACT_ERRNO" }),
    };
}
