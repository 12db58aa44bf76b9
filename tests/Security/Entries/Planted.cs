namespace Engine.Tests.Security.Entries;

/// <summary>1A: objects planted where the engine makes or opens something.</summary>
internal static class Planted
{
    // What the set-up makes, opens or covers in a root filesystem: seen in a trace (I19 compares).
    private static readonly string[] Names =
        ["dev/null", "dev/zero", "dev/full", "dev/random", "dev/urandom", "dev/tty", "dev/ptmx", "dev/fd", "dev/stdin", "dev/stdout", "dev/stderr", "dev/core", "etc/passwd", "etc/group", "work", "target"];

    public static Entry[] All { get; } =
    [
        new("A05", "CVE-2025-24965", "every name that the engine makes, opens or covers is a link to the host, a FIFO, a socket, a directory, a device (config without a mount on /dev)",
            "starter/Container/Nodes.cs: mknodat and symlinkat only, an object that is there is looked at by O_PATH", [Against.Runc, Against.Fault("nodes-unchecked")], EveryName),
        new("A07", "CVE-2026-88264", "/dev/console is a link to the host, existing and not, a FIFO, a directory, a device",
            "starter/Container/Consoles.cs: made by mknodat, covered by descriptor, never opened", [Against.Crun, Against.Fault("console-opens")], Console),
        new("A08", "CVE-2026-88265", "/dev/null of the image is a file of the host's, and standard output is a pipe, a file and /dev/null",
            "starter/Payload/PayloadStdio.cs: stdio is never replaced; only its own pipes and terminals are given away", [Against.Runc, Against.Crun, Against.Fault("give-anything")], Stdio),
        new("A09", "CVE-2026-115521", "read-only root and mounts, with a /proc of the image's own",
            "starter/Container/MountAttributes.cs: read-only by mount_setattr on descriptors, no /proc needed", [Against.Fault("no-readonly")], Readonly),
        new("A12", "CVE-2024-9676 CVE-2024-9341", "/etc/passwd and /etc/group are a FIFO, a device, endless, one long line, links to the host",
            "starter/Payload/HomeDirectory.cs: opened below the root without blocking, regular files only, a bounded part", [Against.Sample("the host's own names", t =>
            {
                // What a lookup that leaves the root would find.
                var bundle = t.NewBundle().Shell("echo $HOME");
                bundle.Process["env"]!.AsArray().RemoveAt(1);
                File.WriteAllText(bundle.Rootfs + "/etc/passwd", Outside);
                return HomeOf(t, bundle);
            })], Passwd),
        new("X03", "", "the target of a device that is bound, not made, is a FIFO, a socket, a device, a link",
            "starter/Container/Nodes.cs: the target is opened as O_PATH, without following", [Against.Runc], BoundDevices),
    ];

    private const string Outside = "root:x:0:0::/outside:/bin/sh\n";

    private static void Plant(Scenario t, string path, string kind)
    {
        if (Directory.Exists(path))
        {
            Directory.Delete(path, true);
        }
        File.Delete(path);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        switch (kind)
        {
            case "link": File.CreateSymbolicLink(path, t.Out.Path + "/f"); break;
            case "dangling": File.CreateSymbolicLink(path, t.Out.Path + "/new"); break;
            case "dots": File.CreateSymbolicLink(path, "../../../../../../../../.." + t.Out.Path + "/owned"); break;
            case "fifo": Native.Check(Native.mkfifo(path, 0x1b6), "mkfifo"); break;
            case "socket": new Command("/usr/bin/perl", "-MSocket", "-e", "socket(S,PF_UNIX,SOCK_STREAM,0);bind(S,sockaddr_un($ARGV[0])) or die", path).Run().ShouldExit(0); break;
            case "directory": Directory.CreateDirectory(path); break;
            case "device": new Command("/usr/bin/mknod", path, "c", "1", "5").Run().ShouldExit(0); break;
            default: File.WriteAllText(path, "the image's"); break;
        }
    }

    private static string EveryName(Scenario t)
    {
        var (ran, refused) = (0, 0);
        string[] kinds = t.Long || t.Column.Name == "root" ? ["link", "dangling", "fifo", "socket", "directory", "device", "file"] : ["dangling", "fifo"];
        foreach (var name in Names)
        {
            foreach (var kind in kinds)
            {
                var bundle = t.NewBundle().WithCwd("/work").WithBind("/etc/hostname", "/target").Shell("stat -c '%t:%T %F' /dev/null; true");
                foreach (var mount in new[] { "/dev/pts", "/dev/shm", "/dev/mqueue", "/dev" })
                {
                    bundle.WithoutMount(mount);
                }
                Plant(t, Path.Combine(bundle.Rootfs, name), kind);
                var result = t.Run(bundle);
                if (t.Out.Changes() is { Count: > 0 } changes)
                {
                    throw Scenario.Breach($"/{name} is a {kind}: {string.Join("; ", changes)}");
                }
                if (result.ExitCode == 0 && !result.Text.StartsWith("1:3 character", StringComparison.Ordinal))
                {
                    throw Scenario.Breach($"/{name} is a {kind}: the payload's /dev/null is {result.Text.Trim()}");
                }
                _ = result.ExitCode == 0 ? ran++ : refused++;
            }
        }
        Assert.True(ran > 0, "nothing ran");
        return $"{Names.Length} names x {kinds.Length} kinds: {ran} ran, {refused} refused, nothing opened, nothing outside";
    }

    private static string Console(Scenario t)
    {
        var (ran, refused) = (0, 0);
        foreach (var kind in new[] { "link", "dangling", "dots", "fifo", "socket", "directory", "device", "file" })
        {
            var bundle = t.NewBundle().WithTerminal().Shell("tty; stat -c %t /dev/console");
            bundle.WithoutMount("/dev");
            foreach (var mount in new[] { "/dev/shm", "/dev/mqueue" })
            {
                bundle.WithoutMount(mount);
            }
            Plant(t, Path.Combine(bundle.Rootfs, "dev/console"), kind);
            using var terminal = new Pty(t.Runtime.Prepare(t.Runtime.RunArguments(t.NewId(), bundle.Path, [])));
            var code = terminal.Wait(20);
            if (t.Out.Changes() is { Count: > 0 } changes)
            {
                throw Scenario.Breach($"/dev/console is a {kind}: {string.Join("; ", changes)}");
            }
            // 136: the first of the terminals' major numbers.
            if (code == 0 && !terminal.Screen.Contains("88", StringComparison.Ordinal))
            {
                throw Scenario.Breach($"/dev/console as {kind}: {terminal.Screen}");
            }
            _ = code == 0 ? ran++ : refused++;
        }
        Assert.True(ran > 0, "nothing ran");
        return $"{ran} ran on a terminal of the engine's, {refused} refused, nothing outside";
    }

    private static string Stdio(Scenario t)
    {
        foreach (var kind in new[] { "file", "device", "fifo" })
        {
            // A file of the host's that is bound in: what is written to it is seen outside.
            var host = t.File("host-file", HostSentinel.Words);
            Native.Check(Native.chown(host, 1234, 1234), "chown");
            var bundle = t.NewBundle().WithUser(t.Column.User, t.Column.User).WithBind(host, "/hf").Shell("echo line; true");
            foreach (var mount in new[] { "/dev/pts", "/dev/shm", "/dev/mqueue", "/dev" })
            {
                bundle.WithoutMount(mount);
            }
            if (kind == "file")
            {
                File.CreateSymbolicLink(Path.Combine(bundle.Rootfs, "dev/null"), "/hf");
            }
            else
            {
                Plant(t, Path.Combine(bundle.Rootfs, "dev/null"), kind);
            }
            var result = t.Run(bundle);
            ShouldBe(host, kind);
            if (result.ExitCode == 0 && result.Text != "line\n")
            {
                throw Scenario.Breach($"/dev/null is a {kind}: the output is not the pipe's: '{result.Text}'");
            }
        }
        // A file of the host's as standard output: it stays its owner's.
        var file = t.File("stdout", HostSentinel.Words);
        Native.Check(Native.chown(file, 1234, 1234), "chown");
        var direct = t.NewBundle().WithUser(t.Column.User, t.Column.User).Args("/bin/true");
        var command = t.Runtime.Prepare(t.Runtime.RunArguments(t.NewId(), direct.Path, []));
        var redirected = new Command("/bin/sh", ["-c", "out=$1; shift; exec \"$@\" </dev/null >>\"$out\" 2>>\"$out\"", "sh", file, command.Program, .. command.Arguments]);
        foreach (var (name, value) in command.Environment)
        {
            redirected.Environment[name] = value;
        }
        _ = t.End(redirected);
        // What the engine itself has to say comes behind it.
        File.WriteAllText(file, File.ReadAllText(file)[..HostSentinel.Words.Length]);
        ShouldBe(file, "stdout");
        return "output stays on the pipe; the host's files keep text and owner";
    }

    private static void ShouldBe(string file, string kind)
    {
        var owner = new Command("/usr/bin/stat", "-c", "%u:%g", file).Run().Trimmed;
        if (File.ReadAllText(file) != HostSentinel.Words || owner != "1234:1234")
        {
            throw Scenario.Breach($"{kind}: the host's file is now '{File.ReadAllText(file)}' of {owner}");
        }
    }

    private static string Readonly(Scenario t)
    {
        var bundle = t.NewBundle().WithReadonlyRoot().WithoutMount("/proc").WithBind(t.NewDirectory("ro"), "/ro", "bind", "ro").WithMount("/tmp", "tmpfs", "tmpfs", "ro")
            .Edit(c => c["linux"]!["readonlyPaths"] = BundleDefaults.Strings("/var"))
            .Edit(c => c["linux"]!["maskedPaths"] = BundleDefaults.Strings())
            .Shell("for d in / /etc /ro /var /tmp; do touch $d/new 2>/dev/null && echo written $d; done; true");
        // A /proc that leads every descriptor to another place.
        Directory.CreateDirectory(Path.Combine(bundle.Rootfs, "proc/self/fd"));
        for (var fd = 0; fd < 40; fd++)
        {
            File.CreateSymbolicLink(Path.Combine(bundle.Rootfs, $"proc/self/fd/{fd}"), "/home");
        }
        File.CreateSymbolicLink(Path.Combine(bundle.Rootfs, "proc/thread-self"), "self");
        foreach (var dev in new[] { "/dev/pts", "/dev/shm", "/dev/mqueue" })
        {
            bundle.WithoutMount(dev);
        }
        var result = t.Run(bundle);
        if (result.Text.Contains("written", StringComparison.Ordinal))
        {
            throw Scenario.Breach(result.Text);
        }
        return result.ExitCode == 0 ? "nothing could be written" : $"refused: {result.Error}";
    }

    private static string HomeOf(Scenario t, Bundle bundle)
    {
        var watch = System.Diagnostics.Stopwatch.StartNew();
        var result = t.Run(bundle);
        if (result.Text.Contains("outside", StringComparison.Ordinal) || result.Text.Contains(HostSentinel.Words, StringComparison.Ordinal))
        {
            throw Scenario.Breach($"HOME comes from the host: {result.Text}");
        }
        return $"{result.Text.Trim()} {watch.ElapsedMilliseconds} ms";
    }

    private static string Passwd(Scenario t)
    {
        var outside = t.File("outside", Outside);
        var count = 0;
        foreach (var kind in new[] { "host", "dots", "fifo", "device", "directory", "socket", "sparse", "long" })
        {
            var bundle = t.NewBundle().Shell("echo $HOME");
            var environment = bundle.Process["env"]!.AsArray();
            environment.RemoveAt(environment.Count - 1);
            foreach (var name in new[] { "passwd", "group" })
            {
                var path = Path.Combine(bundle.Rootfs, "etc", name);
                switch (kind)
                {
                    case "host": File.Delete(path); File.CreateSymbolicLink(path, outside); break;
                    case "dots": File.Delete(path); File.CreateSymbolicLink(path, "../../../../../../.." + outside); break;
                    case "sparse": File.Delete(path); using (var file = File.Create(path)) { file.SetLength(1L << 30); } break;
                    case "long": File.WriteAllText(path, new string('a', 10 << 20)); break;
                    default: Plant(t, path, kind); break;
                }
            }
            _ = HomeOf(t, bundle);
            count++;
        }
        return $"{count} forms: a HOME from inside or none, no wait";
    }

    private static string BoundDevices(Scenario t)
    {
        var refused = 0;
        foreach (var kind in new[] { "link", "dangling", "fifo", "socket", "device", "directory", "file" })
        {
            var bundle = t.NewBundle().Shell("stat -c '%t:%T' /dev/null");
            foreach (var mount in new[] { "/dev/pts", "/dev/shm", "/dev/mqueue", "/dev" })
            {
                bundle.WithoutMount(mount);
            }
            if (!t.Column.BindsDevices)
            {
                bundle.WithUserNamespace();
            }
            Plant(t, Path.Combine(bundle.Rootfs, "dev/null"), kind);
            var result = t.Run(bundle);
            if (t.Out.Changes() is { Count: > 0 } changes)
            {
                throw Scenario.Breach($"/dev/null is a {kind}: {string.Join("; ", changes)}");
            }
            if (result.ExitCode == 0 && result.Trimmed != "1:3")
            {
                throw Scenario.Breach($"/dev/null is a {kind}, and stays {result.Trimmed}");
            }
            refused += result.ExitCode == 0 ? 0 : 1;
        }
        return $"7 kinds, {refused} refused; what ran has the null device";
    }
}
