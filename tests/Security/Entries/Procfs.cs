namespace Engine.Tests.Security.Entries;

/// <summary>1B: procfs, masks, terminals, and what cannot be set.</summary>
internal static class Procfs
{
    public static Entry[] All { get; } =
    [
        new("B01", "CVE-2019-16884 CVE-2025-52881 CVE-2025-62596 CVE-2025-64750 CVE-2025-65105", "/proc of the container is a tree of files and links, a tmpfs, a part of a procfs; sysctls are set and paths masked with it",
            "starter/Container/PrivateProc.cs: a procfs of its own, by fsopen, that no namespace sees; openat2 with NO_XDEV", [Against.Fault("proc-of-container")], FakeProc) { RefusedBy = ["sysctl"] },
        new("B02", "CVE-2025-31133 CVE-2025-62161", "/dev/null of the image is a link into /proc/sys, a FIFO, another device, a directory, missing, while paths are masked",
            "starter/Container/Masks.cs: the host's device 1:3, cloned before anything of the container was mounted", [Against.Runc, Against.Fault("mask-any-null")], Masks),
        new("B03", "CVE-2025-52565", "/dev/pts of the container is a directory whose names lead elsewhere, mounted over the engine's devpts",
            "starter/Container/Consoles.cs: both sides from a descriptor of the devpts, the peer by TIOCGPTPEER", [Against.Fault("peer-by-path")], Pts) { RefusedBy = ["device.bind"] },
        new("B05", "", "a profile, label, capability or filter that cannot be applied",
            "engine/Spec and starter/Payload: what cannot be applied is an error", [Against.Fault("no-seccomp")], CannotApply),
        new("B06", "", "a payload with CAP_SYS_ADMIN remounts one masked directory and writes, and looks at another",
            "starter/Container/Masks.cs: one superblock, read-only, with room for its root alone", [Against.Fault("mask-roomy")], SharedMask) { RefusedBy = ["process.capabilities"] },
        new("B07", "", "a read-only path with a mount below it",
            "starter/Container/Masks.cs: AT_RECURSIVE", [Against.Runc, Against.Fault("readonly-top")], BelowReadonly),
        new("H07", "", "a bind mount with nosuid and a set-uid program in it, without no_new_privs",
            "starter/Container/MountAttributes.cs: on the detached mount, before it can be seen", [Against.Fault("no-nosuid")], Nosuid),
    ];

    private static Bundle WithoutProc(Bundle bundle) => bundle.WithoutMount("/proc").Edit(c =>
    {
        c["linux"]!["maskedPaths"] = BundleDefaults.Strings();
        c["linux"]!["readonlyPaths"] = BundleDefaults.Strings();
    });

    private static string FakeProc(Scenario t)
    {
        var seen = new List<string>();
        foreach (var form in new[] { "tree", "links", "tmpfs", "part" })
        {
            var fake = t.NewDirectory("fake-" + form);
            var bundle = WithoutProc(t.NewBundle()).Shell("ls /proc; ls /proc/sys/kernel 2>/dev/null; true");
            bundle.Process["oomScoreAdj"] = 333;
            if (t.Column.IsPrivileged)
            {
                bundle.WithSysctl("kernel.msgmax", "4242");
            }
            switch (form)
            {
                case "tree":
                    Directory.CreateDirectory(Path.Combine(fake, "sys/kernel"));
                    File.WriteAllText(Path.Combine(fake, "sys/kernel/msgmax"), "fake");
                    bundle.WithBind(fake, "/proc", "rbind");
                    break;
                case "links":
                    Directory.CreateDirectory(Path.Combine(fake, "sys/kernel"));
                    // Not the host's directory itself: a link inside the tree to a file that can be looked at afterwards.
                    File.WriteAllText(Path.Combine(fake, "target"), "fake");
                    File.CreateSymbolicLink(Path.Combine(fake, "sys/kernel/msgmax"), "../../target");
                    bundle.WithBind(fake, "/proc", "rbind");
                    break;
                case "tmpfs": bundle.WithMount("/proc", "tmpfs", "tmpfs"); break;
                default: bundle.WithBind("/proc/sys/net", "/proc", "bind"); break;
            }
            var result = t.Run(bundle);
            foreach (var file in Directory.EnumerateFiles(fake, "*", SearchOption.AllDirectories))
            {
                if (File.ReadAllText(file) != "fake")
                {
                    throw Scenario.Breach($"{form}: a sysctl went to {file}: {File.ReadAllText(file)}");
                }
            }
            seen.Add($"{form} {(result.ExitCode == 0 ? "ran" : "refused")}");
        }
        if (!t.Column.IsPrivileged && t.Run(t.NewBundle().WithSysctl("kernel.msgmax", "4242").Args("/bin/true")).ExitCode == 0)
        {
            throw Scenario.Breach("a sysctl is set");
        }
        // Root of a user namespace gets no procfs of its own where the container shows none in full: there all of it is refused.
        Assert.True(t.Column.Root != 0 || seen.Any(s => s.EndsWith("ran", StringComparison.Ordinal)), "nothing ran");
        return string.Join(", ", seen) + "; nothing was written to it";
    }

    private static string Masks(Scenario t)
    {
        var (held, refused) = (0, 0);
        foreach (var form in new[] { "knob", "file", "fifo", "zero", "directory", "missing", "dangling" })
        {
            var bundle = t.NewBundle().WithFile("/secret", "secret\n").Edit(c => c["linux"]!["maskedPaths"] = BundleDefaults.Strings("/secret", "/proc/timer_list", "/proc/version"))
                .Shell("for f in /secret /proc/timer_list /proc/version; do stat -c '%t:%T' $f >/tmp/s; read s </tmp/s; echo $f $s; done; cat /secret; : >/secret; true");
            foreach (var mount in new[] { "/dev/pts", "/dev/shm", "/dev/mqueue", "/dev" })
            {
                bundle.WithoutMount(mount);
            }
            var dev = Path.Combine(bundle.Rootfs, "dev");
            Directory.Delete(dev);
            // A /dev of the host's that is bound in: what the engine makes for /dev/null is then there already.
            var host = t.NewDirectory("dev-" + form);
            Directory.CreateDirectory(dev);
            var nothing = Path.Combine(host, "null");
            switch (form)
            {
                case "knob": File.CreateSymbolicLink(nothing, "/proc/sys/kernel/hostname"); break;
                case "file": File.WriteAllText(nothing, "file"); break;
                case "fifo": Native.Check(Native.mkfifo(nothing, 0x1b6), "mkfifo"); break;
                case "zero": new Command("/usr/bin/mknod", nothing, "c", "1", "5").Run().ShouldExit(0); break;
                case "directory": Directory.CreateDirectory(nothing); break;
                case "dangling": File.CreateSymbolicLink(nothing, "/nowhere"); break;
                default: break;
            }
            foreach (var name in Directory.EnumerateFileSystemEntries(host))
            {
                new Command("/bin/cp", "-a", name, dev).Run().ShouldExit(0);
            }
            var result = t.Run(bundle);
            if (result.ExitCode != 0)
            {
                refused++;
                continue;
            }
            foreach (var line in result.Text.Split('\n').Where(l => l.StartsWith('/')))
            {
                if (!line.EndsWith(" 1:3", StringComparison.Ordinal) && !(line.StartsWith("/proc/timer_list", StringComparison.Ordinal) && !File.Exists("/proc/timer_list")))
                {
                    throw Scenario.Breach($"/dev/null as {form}: the mask of {line} is not the null device");
                }
            }
            if (result.Text.Contains("secret\n", StringComparison.Ordinal))
            {
                throw Scenario.Breach($"/dev/null as {form}: a masked file is read: {result.Text}");
            }
            held++;
        }
        // A good null device that is exchanged once it was made, behind each call: the only way there is to the masks.
        var stops = t.Column.Dialect != Dialect.Runc ? 0 : Stops.Each(t, (call, n) =>
        {
            var bundle = t.NewBundle().WithFile("/knob", "knob\n").Edit(c => c["linux"]!["maskedPaths"] = BundleDefaults.Strings("/proc/version")).Shell("cat /proc/version; true");
            foreach (var mount in new[] { "/dev/pts", "/dev/shm", "/dev/mqueue", "/dev", "/sys" })
            {
                bundle.WithoutMount(mount);
            }
            var evil = Path.Combine(bundle.Rootfs, "dev/evil");
            File.CreateSymbolicLink(evil, "/knob");
            var reached = Stops.At(call, n, t, t.Runtime.Prepare(t.Runtime.RunArguments(t.NewId(), bundle.Path, [])), () => Flipper.Swap(Path.Combine(bundle.Rootfs, "dev/null"), evil), out var result);
            if (result.Text.Contains("knob", StringComparison.Ordinal) || (result.ExitCode == 0 && result.Text.Contains("Linux", StringComparison.Ordinal)))
            {
                throw Scenario.Breach($"stop {call} {n}: the mask is what /dev/null was exchanged for: {result.Text}");
            }
            return reached;
        });
        return $"{held} with the null device, {refused} refused; {stops} stops";
    }

    private static string Pts(Scenario t)
    {
        var fake = t.NewDirectory("pts");
        // A terminal of the host's that nobody's session has: a file would not do as one.
        using var knob = new FreeTerminal();
        if (!t.Column.IsPrivileged && t.Run(t.NewBundle().WithBind(knob.Path, "/knob").Args("/bin/true")).ExitCode == 0)
        {
            throw Scenario.Breach("a terminal of the host's is bound");
        }
        var bundle = (t.Column.IsPrivileged ? t.NewBundle().WithBind(knob.Path, "/knob") : t.NewBundle()).WithTerminal().WithBind(fake, "/dev/pts", "bind").Shell("stat -c '%t' /dev/console; echo word >/dev/console");
        for (var i = 0; i < 10; i++)
        {
            File.CreateSymbolicLink(Path.Combine(fake, i.ToString(System.Globalization.CultureInfo.InvariantCulture)), "/knob");
        }
        File.CreateSymbolicLink(Path.Combine(fake, "ptmx"), "/knob");
        using var terminal = new Pty(t.Runtime.Prepare(t.Runtime.RunArguments(t.NewId(), bundle.Path, [])));
        int? code = null;
        try
        {
            code = terminal.Wait(6);
        }
        catch (Xunit.Sdk.XunitException)
        {
            // A payload on another terminal: nobody hears of its end.
        }
        t.Hear(terminal.Screen);
        if (knob.Received() is { Length: > 0 } received)
        {
            throw Scenario.Breach($"the payload's terminal is the one that /dev/pts/0 led to: {received}");
        }
        if (code == 0 && !terminal.Screen.Contains("88", StringComparison.Ordinal))
        {
            throw Scenario.Breach($"the console is no terminal: {terminal.Screen}");
        }
        Assert.True(code is not null, "does not end");
        return code == 0 ? "console and stdio are a terminal of the engine's devpts" : $"refused: {terminal.Screen.Trim()}";
    }

    private static string CannotApply(Scenario t)
    {
        var silent = new List<string>();
        var count = 0;
        void Case(string what, Action<System.Text.Json.Nodes.JsonObject> edit)
        {
            count++;
            var result = t.Run(t.NewBundle().Edit(edit).Args("/bin/true"));
            if (result.ExitCode == 0)
            {
                silent.Add(what);
            }
        }
        Case("apparmorProfile", c => c["process"]!["apparmorProfile"] = "no-such-profile");
        Case("selinuxLabel", c => c["process"]!["selinuxLabel"] = "system_u:system_r:nothing_t:s0");
        Case("rlimit type", c => c["process"]!["rlimits"] = new System.Text.Json.Nodes.JsonArray(new System.Text.Json.Nodes.JsonObject { ["type"] = "RLIMIT_NOTHING", ["soft"] = 1, ["hard"] = 1 }));
        Case("seccomp action", c => c["linux"]!["seccomp"] = new System.Text.Json.Nodes.JsonObject { ["defaultAction"] = "SCMP_ACT_NOTHING" });
        Case("seccomp architecture", c => c["linux"]!["seccomp"] = new System.Text.Json.Nodes.JsonObject { ["defaultAction"] = "SCMP_ACT_ALLOW", ["architectures"] = BundleDefaults.Strings("SCMP_ARCH_NOTHING") });
        if (silent.Count > 0)
        {
            throw Scenario.Breach($"asked for and silently not there: {string.Join(", ", silent)}");
        }
        // A filter is either there or an error.
        var filtered = t.NewBundle().Edit(c => c["linux"]!["seccomp"] = new System.Text.Json.Nodes.JsonObject
        {
            ["defaultAction"] = "SCMP_ACT_ALLOW",
            ["syscalls"] = new System.Text.Json.Nodes.JsonArray(new System.Text.Json.Nodes.JsonObject { ["names"] = BundleDefaults.Strings("mkdir", "mkdirat"), ["action"] = "SCMP_ACT_ERRNO", ["errnoRet"] = 95 }),
        }).Shell("mkdir /tmp/made && echo made; grep Seccomp: /proc/self/status");
        var ran = t.Run(filtered);
        if (ran.ExitCode == 0 && (ran.Text.StartsWith("made", StringComparison.Ordinal) || !ran.Text.Contains("\t2", StringComparison.Ordinal)))
        {
            throw Scenario.Breach($"the filter does not filter: {ran.Text}");
        }
        return $"{count} refused, the filter filters";
    }

    private static string SharedMask(Scenario t)
    {
        var bundle = t.NewBundle().WithCapabilities(["CAP_SYS_ADMIN", "CAP_DAC_OVERRIDE"]).WithFile("/m1/f", "x").WithFile("/m2/f", "x")
            .Edit(c => c["linux"]!["maskedPaths"] = BundleDefaults.Strings("/m1", "/m2"))
            .Shell("mount -o remount,rw /m1; touch /m1/made; mkdir /m1/dir; ls /m1 /m2");
        var result = t.Run(bundle);
        if (result.Text.Contains("made", StringComparison.Ordinal) || result.Text.Contains("dir\n", StringComparison.Ordinal))
        {
            throw Scenario.Breach($"one mask is written through another: {result.Text}");
        }
        return $"nothing could be made: {result.Error.Split('\n')[0]}";
    }

    private static string BelowReadonly(Scenario t)
    {
        var bundle = t.NewBundle().WithMount("/ro", "tmpfs", "tmpfs").WithMount("/ro/below", "tmpfs", "tmpfs").WithBind(t.NewDirectory("deep"), "/ro/below/deep")
            .Edit(c => c["linux"]!["readonlyPaths"] = BundleDefaults.Strings("/ro"))
            .Shell("for d in /ro /ro/below /ro/below/deep; do touch $d/x 2>/dev/null && echo written $d; done; true");
        var result = t.Run(bundle).ShouldExit(0);
        return result.Text.Length == 0 ? "nothing could be written" : throw Scenario.Breach(result.Text);
    }

    private static string Nosuid(Scenario t)
    {
        var directory = t.NewDirectory("set-uid");
        var program = Path.Combine(directory, "probe");
        File.Copy(Installation.Probe, program);
        var owner = t.Column.Root;
        Native.Check(Native.chown(program, owner, owner), "chown");
        File.SetUnixFileMode(program, (UnixFileMode)0b100_111_101_101);
        var bundle = t.NewBundle().WithBind(directory, "/bound", "bind", "nosuid").WithUser(t.Column.User, t.Column.User).Edit(c => c["process"]!["noNewPrivileges"] = false).Args("/bound/probe", "id");
        var ids = new ProbeOutput(t.Run(bundle).ShouldExit(0).Text)["uid"];
        return ids.Split(' ').All(i => i == $"{t.Column.User}") ? "uid stays the payload's" : throw Scenario.Breach($"the set-uid bit works: uid {ids}");
    }
}
