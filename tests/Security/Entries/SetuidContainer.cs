using System.Globalization;

namespace Engine.Tests.Security.Entries;

/// <summary>1F: what an ordinary user's container gets through the set-uid starter, and what the administrator's limits are worth.</summary>
internal static class SetuidContainer
{
    private const int Stranger = 54321;

    private static readonly Without[] s_only = SetuidStarter.Only;

    public static Entry[] All { get; } =
    [
        new("S13", "CVE-2026-47215 CVE-2026-48785", "root filesystems and bind mounts in a directory whose name begins as an allowed, or a denied, one does; with dots, through links, below it",
            "starter/Policy/Ancestry.cs: the kernel is asked where the opened directory lies", [Against.Fault("path-by-text", "setuid")], PathLimits)
        { NotIn = s_only, RefusedBy = ["mount.bind.denied", "rootfs.site"] },
        new("I16", "", "who the payload is: ids, groups, capabilities, no_new_privs, also behind a set-uid program of root's",
            "starter/Policy/ProcessRules.cs: the caller's identity, no_new_privs from stage 0 on", [Against.Fault("setuid-new-privs", "setuid")], Identity)
        { NotIn = s_only },
        new("I17", "", "the flags of every mount that the payload has, where the config asks for none",
            "starter/Policy/SourceRules.cs and MountRules.cs: nosuid and nodev are forced, on the detached mount", [Against.Fault("source-kept", "setuid"), Against.Fault("flags-not-forced", "setuid")], MountFlags)
        { NotIn = s_only },
        new("U26", "", "a mount point is to be made in a directory of another's in the root filesystem",
            "starter/Policy/Caller.cs: files are the caller's", [Against.Fault("files-as-root", "setuid")], OthersDirectory)
        { NotIn = s_only },
        new("U57", "", "one container more than max_containers",
            "starter/Policy/Seats.cs: a lock a container, in a directory of root's", [Against.Fault("no-seats", "setuid")], Seats)
        { NotIn = s_only, RefusedBy = ["caller.containers"] },
    ];

    private static string PathLimits(Scenario t)
    {
        var place = t.NewDirectory("limit");
        Bundle At(string name)
        {
            var bundle = t.NewBundle(Path.Combine(place, name)).Args("/bin/true");
            _ = bundle.Path;
            return bundle;
        }
        Directory.CreateDirectory(Path.Combine(place, "a"));
        Bundle allowed = At("a/b"), beside = At("a/bc");
        File.CreateSymbolicLink(Path.Combine(place, "a/bc/into"), allowed.Rootfs);
        File.CreateSymbolicLink(Path.Combine(place, "a/b/out"), beside.Rootfs);
        t.Site!.Configure($"limit_rootfs_paths = {place}/a/b", $"deny_bind_paths = {place}/a/b");
        void Root(Bundle bundle, string path, bool runs) => Judge($"root {path}", bundle.Edit(c => c["root"]!["path"] = path), runs);
        void Judge(string what, Bundle bundle, bool runs)
        {
            if (t.Run(bundle).ExitCode == 0 != runs)
            {
                throw Scenario.Breach($"{what}: {(runs ? "refused" : "taken")}");
            }
        }
        Root(allowed, allowed.Rootfs, true);
        Root(allowed, allowed.Rootfs + "/", true);
        Root(beside, $"{place}/a/bc/into", true);
        Root(beside, beside.Rootfs, false);
        Root(beside, $"{place}/a/b/../bc/rootfs", false);
        Root(allowed, $"{place}/a/b/out", false);
        Root(allowed, allowed.Rootfs, true);
        Judge("bind beside", At("a/b/1").WithBind($"{place}/a/bc/rootfs", "/mnt"), true);
        Judge("bind below", At("a/b/2").WithBind(allowed.Rootfs + "/etc", "/mnt"), false);
        Judge("bind above", At("a/b/3").WithBind($"{place}/a", "/mnt", "rbind"), false);
        Judge("bind of a file", At("a/b/4").WithBind(allowed.Rootfs + "/etc/passwd", "/mnt"), false);
        return "what lies in the directory, not what is called like it";
    }

    private static string Identity(Scenario t)
    {
        var bundle = t.NewBundle().Edit(c => c["process"]!["noNewPrivileges"] = false);
        var program = Path.Combine(bundle.Rootfs, "set-uid");
        File.Copy(Installation.Probe, program);
        File.SetUnixFileMode(program, (UnixFileMode)0b100_111_101_101);
        var uid = t.Column.Caller.ToString(CultureInfo.InvariantCulture);
        foreach (var args in new[] { new[] { "id", "caps", "status" }, ["exec", "/set-uid", "id", "caps", "status"] })
        {
            var seen = new ProbeOutput(t.Run(bundle.Probe(args)).ShouldExit(0).Text);
            var groups = seen["groups"].Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(g => uint.Parse(g, CultureInfo.InvariantCulture)).Order();
            var sound = seen["uid"].Split(' ').Concat(seen["gid"].Split(' ')).All(i => i == uid) && groups.SequenceEqual(t.Column.KeptGroups.Order())
                && new[] { "bounding", "effective", "permitted", "inheritable", "ambient" }.All(s => seen[s] == "0000000000000000") && seen["no_new_privs"] == "1";
            if (!sound)
            {
                throw Scenario.Breach($"{args[0]}: uid {seen["uid"]}, groups {seen["groups"]}, effective {seen["effective"]}, bounding {seen["bounding"]}, no_new_privs {seen["no_new_privs"]}");
            }
        }
        return "the caller, without a capability, no_new_privs";
    }

    private static string MountFlags(Scenario t)
    {
        var bundle = t.NewBundle().WithBind(t.NewDirectory("plain"), "/plain").WithBind("/usr/share", "/share", "rbind").WithMount("/new", "tmpfs", "tmpfs");
        foreach (var mount in bundle.Config["mounts"]!.AsArray().Where(m => (string?)m!["type"] is "proc" or "tmpfs" or "mqueue" or "devpts"))
        {
            foreach (var option in mount!["options"]!.AsArray().Where(o => (string?)o is "nosuid" or "nodev" or "noexec").ToList())
            {
                mount["options"]!.AsArray().Remove(option);
            }
        }
        var result = t.Run(bundle.Args("/bin/cat", "/proc/self/mountinfo")).ShouldExit(0);
        var lines = result.Text.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        foreach (var line in lines)
        {
            var fields = line.Split(' ');
            var (point, options) = (fields[4], fields[5].Split(','));
            // Devices must work: a devpts, and single nodes that are bound, also as masks.
            var devices = point == "/dev/pts" || fields[3].EndsWith("/null", StringComparison.Ordinal) || (point.StartsWith("/dev/", StringComparison.Ordinal) && point is not ("/dev/shm" or "/dev/mqueue"));
            if (!options.Contains("nosuid") || (!devices && !options.Contains("nodev")) || line.Contains("shared:", StringComparison.Ordinal))
            {
                throw Scenario.Breach(line);
            }
        }
        return $"{lines.Length} mounts: nosuid, nodev but for the devices, none shared";
    }

    private static string OthersDirectory(Scenario t)
    {
        var bundle = t.NewBundle().WithMount("/locked/made", "tmpfs", "tmpfs").Args("/bin/true");
        var locked = Path.Combine(bundle.Rootfs, "locked");
        Directory.CreateDirectory(locked);
        Native.Check(Native.chown(locked, Stranger, Stranger), "chown");
        var result = t.Run(bundle);
        return !Directory.Exists(Path.Combine(locked, "made")) ? $"refused: {result.Error}" : throw Scenario.Breach("it is made there");
    }

    private static string Seats(Scenario t)
    {
        t.Site!.Configure("max_containers = 1");
        var first = t.StartWaiting();
        if (t.Create(t.NewBundle().Args("/bin/true")) is not null)
        {
            throw Scenario.Breach("there are two");
        }
        t.End(t.Runtime.Prepare("delete", "--force", first.Id)).ShouldExit(0);
        t.Run(t.NewBundle().Args("/bin/true")).ShouldExit(0);
        return "the second is refused, and a next one runs";
    }
}
