namespace Engine.Tests.Security.Entries;

/// <summary>1A: path resolution below a root filesystem that somebody else made.</summary>
internal static class Paths
{
    private static readonly string[] Kinds = ["absolute", "relative", "magic", "dangling", "itself", "deep"];

    public static Entry[] All { get; } =
    [
        new("A01", "CVE-2019-18837 GHSA-pxhw-h44j-8pfx", "mounts below and on a link that leads out of the root filesystem: absolute, with dots, through /proc, to nothing, to itself, 40 deep",
            "starter/Container/RootPath.cs: every lookup is one openat2 with RESOLVE_IN_ROOT and RESOLVE_NO_MAGICLINKS", [Against.Fault("follow-links"), Against.Fault("made-by-name")], LinksInDestinations),
        new("A02", "CVE-2019-19921 CVE-2023-27561 CVE-2023-28642 CVE-2025-54867", "proc and sysfs, new ones and the host's bound in their place, on something else than a real directory of the image",
            "starter/Container/Filesystems.cs and Binds.cs: RESOLVE_NO_SYMLINKS for the mount points of proc and sysfs", [Against.Fault("proc-anywhere"), Against.Fault("hosts-anywhere"), Against.Fault("hosts-anywhere", "setuid")], ProcOnALink),
        new("A06", "CVE-2026-41579 CVE-2026-47766", "/dev of the image, or a part of it, is a link to a directory of the host's, with and without a mount on /dev",
            "starter/Container/Nodes.cs: names are made in a directory that was opened below the root", [Against.Runc, Against.Crun, Against.Fault("follow-links")], DevIsALink),
    ];

    /// <summary>Makes rootfs/NAME a link of the kind to the host's directory.</summary>
    private static void Link(Scenario t, Bundle bundle, string name, string kind)
    {
        var link = Path.Combine(bundle.Rootfs, name);
        switch (kind)
        {
            case "absolute": File.CreateSymbolicLink(link, t.Out.Path); break;
            case "relative": File.CreateSymbolicLink(link, "../../../../../../../.." + t.Out.Path); break;
            case "magic": File.CreateSymbolicLink(link, "/proc/1/root" + t.Out.Path); break;
            case "dangling": File.CreateSymbolicLink(link, t.Out.Path + "/new"); break;
            case "itself": File.CreateSymbolicLink(link, name); break;
            default:
                for (var i = 0; i < 39; i++)
                {
                    File.CreateSymbolicLink($"{link}{i}", i < 38 ? $"{name}{i + 1}" : t.Out.Path);
                }
                File.CreateSymbolicLink(link, name + "0");
                break;
        }
    }

    private static string LinksInDestinations(Scenario t)
    {
        var (inside, refused) = (0, 0);
        foreach (var kind in Kinds)
        {
            foreach (var (type, destination) in new[] { ("bind", "/l/newfile"), ("tmpfs", "/l/newdirectory"), ("tmpfs", "/l/a/b/c"), ("tmpfs", "/l") })
            {
                var bundle = t.NewBundle().Shell("cat /l/f /l/ptmx 2>/dev/null; ls /l");
                Link(t, bundle, "l", kind);
                if (type == "bind")
                {
                    bundle.WithBind(t.File("source", "x"), destination);
                }
                else
                {
                    bundle.WithMount(destination, "tmpfs", "tmpfs");
                }
                var result = t.Run(bundle);
                t.ShouldBeClean();
                if (result.Text.Contains(HostSentinel.Words, StringComparison.Ordinal))
                {
                    throw Scenario.Breach($"{kind} {destination}: the payload reads the host's file");
                }
                _ = result.ExitCode == 0 ? inside++ : refused++;
            }
        }
        Assert.True(inside > 0, "nothing ran");
        return $"{inside} mounts inside, {refused} refused, the host's directory untouched";
    }

    private static string ProcOnALink(Scenario t)
    {
        var (refused, forms) = (0, new[] { "absolute", "inside", "file", "dangling", "regular", "fifo" });
        foreach (var (name, hosts) in new[] { ("proc", false), ("sys", false), ("sys", true) })
        {
            foreach (var form in forms)
            {
                var bundle = t.NewBundle().Shell("true");
                if (hosts)
                {
                    bundle.WithoutMount("/sys").WithBind("/sys", "/sys", "rbind", "ro");
                }
                var path = Path.Combine(bundle.Rootfs, name);
                Directory.Delete(path);
                switch (form)
                {
                    case "absolute": File.CreateSymbolicLink(path, t.Out.Path); break;
                    case "inside": File.CreateSymbolicLink(path, "/tmp"); break;
                    case "file": File.CreateSymbolicLink(path, "/etc/passwd"); break;
                    case "dangling": File.CreateSymbolicLink(path, "/nowhere"); break;
                    case "regular": File.WriteAllText(path, ""); break;
                    default: Native.Check(Native.mkfifo(path, 0x1b6), "mkfifo"); break;
                }
                if (t.Create(bundle) is not { } made)
                {
                    refused++;
                    continue;
                }
                foreach (var fields in made.Mounts.Select(l => l.Split(" - ")).Where(h => h[1].StartsWith("proc ", StringComparison.Ordinal) || h[1].StartsWith("sysfs ", StringComparison.Ordinal)))
                {
                    var point = fields[0].Split(' ')[4];
                    if (point is not ("/proc" or "/sys") && !point.StartsWith("/proc/", StringComparison.Ordinal) && !point.StartsWith("/sys/", StringComparison.Ordinal))
                    {
                        throw Scenario.Breach($"/{name} as {form}: {fields[1]} is mounted on {point}");
                    }
                }
            }
        }
        return $"{refused} of {forms.Length * 3} refused, no procfs or sysfs elsewhere";
    }

    private static string DevIsALink(Scenario t)
    {
        var (ran, refused) = (0, 0);
        foreach (var (name, relative, mounted) in from n in new[] { "dev", "dev/pts", "dev/shm", "dev/mqueue", "dev/fd" } from r in new[] { false, true } from m in new[] { false, true } select (n, r, m))
        {
            var bundle = t.NewBundle().Args("/bin/true");
            foreach (var mount in new[] { "/dev/pts", "/dev/shm", "/dev/mqueue" }.Where(m => name == "dev" || "/" + name != m).Append("/dev").Where(m => !mounted))
            {
                bundle.WithoutMount(mount);
            }
            var path = Path.Combine(bundle.Rootfs, name);
            if (Directory.Exists(path))
            {
                Directory.Delete(path);
            }
            File.CreateSymbolicLink(path, relative ? "../../../../../../../../.." + t.Out.Path : t.Out.Path);
            var result = t.Run(bundle);
            t.ShouldBeClean();
            _ = result.ExitCode == 0 ? ran++ : refused++;
        }
        Assert.True(ran > 0, "nothing ran");
        return $"{ran} ran, {refused} refused, nothing made, removed or written outside";
    }
}
