using System.Globalization;

namespace Engine.Tests.Security.Entries;

/// <summary>1F, 1G and 1I as far as they are for these workflows: terminals, sockets, state, files of the caller's, odd roots.</summary>
internal static class Shapes
{
    private const int Stranger = 54321;

    public static Entry[] All { get; } =
    [
        new("S02", "CVE-2017-5226 CVE-2016-10124", "the payload types into the caller's terminal: TIOCSTI, TIOCSCTTY, /dev/tty",
            "starter/Container/ContainerStage.cs: a session of its own, without a terminal", [Against.Fault("one-session")], Terminal),
        new("S16", "CVE-2021-4034 CVE-2023-4911 CVE-2018-1000001 CVE-2021-3156", "the starter without arguments, with 100000, with 2 MiB of environment and every variable that a loader or a runtime knows, from a working directory that is gone",
            "starter/Stages/Stage0Entry.cs: reads neither", [Against.Sample("a program with a loader", t => Entry(t, "/usr/bin/cat"))], t => Entry(t, t.Column.Starter()))
        { NotIn = [new("the same file, started by the same user as in root", "oci", "userns")] },
        new("G01", "CVE-2020-15257", "sockets of a container with the host's network, from inside and as another user",
            "engine/State: path sockets in a directory 0700; the peer is asked who it is", [Against.Sample("an abstract name", t => Sockets(t, isAbstract: true))], t => Sockets(t, isAbstract: false)),
        new("G05", "CVE-2024-25621 CVE-2021-41103 CVE-2019-19724 CVE-2020-25039 CVE-2020-25040", "another user reads and passes through the state directory",
            "engine/State: 0700", [Against.Runc], StateModes),
        new("G06", "CVE-2026-53489", "the pid file's and the log's path is a link to the host, a FIFO, a directory, a device",
            "starter/Supervisor/PidFile.cs and LogFile.cs: a new file by rename; regular files only, not followed", [Against.Crun], Files),
        new("G08", "", "names in errors with terminal escapes, newlines and forged log records",
            "engine/Diagnostics: control bytes are escaped", [Against.Crun], Escapes),
        new("X04", "", "a config without a mount namespace",
            "engine/Spec: refused", [Against.Sample("mounts that spread", t => Spread(t, bad: true))], t => Spread(t, bad: false)),
        new("X10", "", "the root filesystem is /, a file, missing, a procfs, a link to /",
            "starter/Container/RootMount.cs: a clone in a namespace of its own, whatever it is of", [Against.Sample("a mount on the host", t => Spread(t, bad: true))], OddRoots) { RefusedBy = ["rootfs.directory", "rootfs.host"] },
        new("X11", "", "others mount and unmount all the time while containers are created on a shared mount: nothing shows on the host",
            "starter/Container/RootMount.cs: propagation is cut on the whole tree before anything is mounted, without reading mountinfo", [Against.Fault("host-shared")], MountStorm)
        { NotIn = [new("who types does so in a mount namespace of the test's, to which nothing spreads", "rootless", "setuid")] },
    ];

    private static string Terminal(Scenario t)
    {
        const string word = "injected";
        // Foreground on the caller's own terminal, which is the payload's standard input.
        var bundle = t.NewBundle().Probe("type", word, "sleep", "1");
        var command = t.Runtime.Prepare(t.Runtime.RunArguments(t.NewId(), bundle.Path, []));
        using var terminal = new Pty(new Command("/bin/bash", ["-c", "stty -echo; \"$@\" 2>/dev/null; echo AFTER; read -t 1 line; echo \"got[$line]\"", "sh", command.Program, .. command.Arguments]).With(command.Environment));
        terminal.WaitFor("got[", 20);
        Eventually.True(() => terminal.Screen.Contains(']', StringComparison.Ordinal), "the end", 5);
        var screen = terminal.Screen.Replace("\r", "", StringComparison.Ordinal);
        if (screen.Contains($"got[{word}", StringComparison.Ordinal))
        {
            throw Scenario.Breach($"typed into the caller's terminal: {screen}");
        }
        return screen.Split('\n').FirstOrDefault(l => l.StartsWith("type", StringComparison.Ordinal)) is { } said ? $"payload: {said}; nothing arrives" : $"nothing arrives: {screen.Split('\n')[0]}";
    }

    private static string Entry(Scenario t, string program)
    {
        var hostile = "LD_PRELOAD LD_AUDIT LD_LIBRARY_PATH LD_DEBUG_OUTPUT GLIBC_TUNABLES MALLOC_CHECK_ GCONV_PATH LOCPATH NLSPATH TMPDIR DOTNET_STARTUP_HOOKS DOTNET_gcServer COMPlus_EnableDiagnostics HOME PATH".Split(' ');
        var count = 0;
        var outputs = new HashSet<string>();
        foreach (var arguments in new[] { "", "x", "x " + string.Join(' ', Enumerable.Repeat("a", 100_000)), "x " + new string('b', 100_000) })
        {
            foreach (var size in new[] { 0, 1000, 100_000 })
            {
                var list = Path.Combine(t.Directory, "arguments");
                File.WriteAllText(list, arguments);
                var trace = Path.Combine(t.Directory, "trace");
                var script = "my ($p, $f, $n, $w) = @ARGV; open(my $h, '<', $f); my @a = split / /, <$h> // ''; mkdir \"$w/gone\"; chdir \"$w/gone\"; rmdir \"$w/gone\"; %ENV = map { $_ => \"$w/opened\" } split / /, $ENV{V}; $ENV{\"X$_\"} = 'y' for 1..$n/10; exec { $p } @a or die $!";
                var started = t.Runtime.As("/usr/bin/perl", "-e", script, program, list, size.ToString(CultureInfo.InvariantCulture), t.Directory);
                var command = new Command(Installation.Find("strace")!, ["-qq", "-o", trace, "-e", "trace=%file", started.Program, .. started.Arguments]);
                command.Environment["V"] = string.Join(' ', hostile);
                var result = t.End(command);
                var opened = File.ReadAllLines(trace).SkipWhile(l => !l.Contains($"execve(\"{program}\"", StringComparison.Ordinal)).Skip(1)
                    .Where(l => l.Contains("open", StringComparison.Ordinal) || l.Contains("access", StringComparison.Ordinal)).ToList();
                if (opened.Any(l => !l.Contains("\"/dev/null\"", StringComparison.Ordinal)))
                {
                    throw Scenario.Breach($"opens by name: {opened.First(l => !l.Contains("\"/dev/null\"", StringComparison.Ordinal))}");
                }
                if (result.ExitCode is not 1)
                {
                    throw Scenario.Breach($"ends with {result.ExitCode}: {result.Error}");
                }
                outputs.Add(result.Error + result.Text);
                count++;
            }
        }
        return outputs.Count == 1 ? $"{count} forms, always the same word: {outputs.Single().Trim()}" : throw Scenario.Breach($"says different things: {string.Join(" / ", outputs.Take(3))}");
    }

    private static List<string> Abstract() => File.ReadLines("/proc/net/unix").Where(l => l.Contains(" @", StringComparison.Ordinal)).ToList();

    private static string Sockets(Scenario t, bool isAbstract)
    {
        var before = Abstract();
        using var careless = isAbstract ? new Command("/usr/bin/perl", "-MSocket", "-e", "socket(S,PF_UNIX,SOCK_STREAM,0);bind(S,pack('Sa*',1,\"\\0security\")) or die; listen(S,1); $|=1; print \"ready\"; sleep 30").Start() : null;
        careless?.WaitForOutput("ready");
        var bundle = t.NewBundle().WithoutNamespace("network").Shell("echo ready; cat /proc/net/unix; sleep 1000");
        bundle.WithoutMount("/sys");
        var made = t.Start(bundle).WaitFor("ready");
        var ours = LeakGate.Processes().Append(careless?.Pid ?? 0).SelectMany(p => ProcFs.Descriptors(p).Values).Where(v => v.StartsWith("socket:[", StringComparison.Ordinal)).Select(v => v[8..^1]).ToHashSet();
        var names = Abstract().Except(before).Where(l => ours.Contains(l.Split(' ', StringSplitOptions.RemoveEmptyEntries)[6])).ToList();
        if (names.Count > 0)
        {
            throw Scenario.Breach($"an abstract socket: {names[0]}");
        }
        // As another user: neither found nor connected to.
        var reached = new Command("/usr/bin/setpriv", $"--reuid={Stranger}", $"--regid={Stranger}", "--clear-groups", "/usr/bin/find", t.Runtime.Root, "-type", "s").Run();
        if (reached.Text.Length > 0)
        {
            throw Scenario.Breach($"another user finds {reached.Text}");
        }
        return $"{ours.Count} sockets, none abstract, none found by another user";
    }

    private static string StateModes(Scenario t)
    {
        var made = t.StartWaiting();
        // The root itself may be passed through, so that the containers' own directories are what is tried.
        File.SetUnixFileMode(t.Runtime.Root, (UnixFileMode)0b111_101_101);
        var names = Directory.EnumerateFileSystemEntries(Path.Combine(t.Runtime.Root, made.Id)).ToList();
        Assert.NotEmpty(names);
        foreach (var name in names.Append(Path.Combine(t.Runtime.Root, made.Id, ".")))
        {
            var seen = new Command("/usr/bin/setpriv", $"--reuid={Stranger}", $"--regid={Stranger}", "--clear-groups", "/usr/bin/stat", name).Run();
            if (seen.ExitCode == 0)
            {
                throw Scenario.Breach($"another user passes through to {Path.GetFileName(name)}");
            }
        }
        return $"{names.Count} names, none reached";
    }

    private static string Files(Scenario t)
    {
        var (ran, refused) = (0, 0);
        foreach (var option in new[] { "--pid-file", "--log" })
        {
            foreach (var kind in new[] { "link", "dangling", "fifo", "directory", "device" })
            {
                var path = Path.Combine(t.Directory, $"planted-{option[2..]}-{kind}");
                switch (kind)
                {
                    case "link": File.CreateSymbolicLink(path, t.Out.Path + "/f"); break;
                    case "dangling": File.CreateSymbolicLink(path, t.Out.Path + "/new"); break;
                    case "fifo": Native.Check(Native.mkfifo(path, 0x1b6), "mkfifo"); break;
                    case "directory": Directory.CreateDirectory(path); break;
                    default: new Command("/usr/bin/mknod", path, "c", "1", "5").Run().ShouldExit(0); break;
                }
                // --log is runc's own, and stands before the verb; engine oci has --log-path for the payload's.
                var options = option == "--log" ? (t.Column.Dialect == Dialect.Oci ? ["--log-path", path] : Array.Empty<string>()) : ["--pid-file", path];
                if (options.Length == 0)
                {
                    continue;
                }
                _ = t.Create(t.NewBundle().Shell("echo forged"), options) is null ? refused++ : ran++;
                t.ShouldBeClean();
            }
        }
        return $"{ran} ran, {refused} refused, nothing behind the links was written";
    }

    private static string Escapes(Scenario t)
    {
        var count = 0;
        foreach (var evil in new[] { "\u001b[31mred", "\u001b]0;title\u0007", "x\ntime=\"2026-01-01T00:00:00Z\" level=error msg=forged", "a\rb", "\u009b31m" })
        {
            foreach (var (what, bundle) in new[]
                     {
                         ("args", t.NewBundle().Args("/" + evil)), ("cwd", t.NewBundle().WithCwd("/nosuch" + evil).Edit(c => c["root"]!["readonly"] = true)), ("source", t.NewBundle().WithBind("/nosuch" + evil, "/x")),
                     })
            {
                var result = t.Run(bundle);
                if (result.Error.Any(c => char.IsControl(c) && c != '\n' && c != '\t') || result.Error.Split('\n').Any(l => l.StartsWith("time=\"2026-01-01", StringComparison.Ordinal)))
                {
                    throw Scenario.Breach($"{what}: raw control bytes in the error");
                }
                count++;
            }
        }
        return $"{count} errors without a control byte";
    }

    private static string Spread(Scenario t, bool bad)
    {
        var before = File.ReadAllText("/proc/self/mountinfo");
        if (bad)
        {
            Kernel.Mount("tmpfs", t.NewDirectory("spread"), "tmpfs");
        }
        else
        {
            var result = t.Run(t.NewBundle().WithoutNamespace("mount").Args("/bin/true"));
            if (result.ExitCode == 0)
            {
                throw Scenario.Breach("it runs without a mount namespace");
            }
        }
        return File.ReadAllText("/proc/self/mountinfo") == before ? "refused, the host's mounts as before" : throw Scenario.Breach("a mount shows on the host");
    }

    private static string OddRoots(Scenario t)
    {
        var seen = new List<string>();
        foreach (var (what, path, mayRun) in new[] { ("/", "/", true), ("a file", "/etc/passwd", false), ("missing", "/nosuch", false), ("a link to /", "link", true), ("proc", "/proc", true), ("dots", "../../../../../../..", true) })
        {
            var bundle = t.NewBundle().Edit(c => c["root"]!["path"] = path).Args("/bin/true");
            File.CreateSymbolicLink(Path.Combine(Path.GetDirectoryName(bundle.Rootfs)!, "link"), "/");
            var result = t.Run(bundle);
            if (result.ExitCode == 0 && !mayRun)
            {
                throw Scenario.Breach($"the root filesystem may be {what}");
            }
            // In the root workflow that is the config's word; the host is compared afterwards.
            seen.Add($"{what} {(result.ExitCode == 0 ? "ran" : "refused")}");
        }
        return string.Join(", ", seen);
    }

    private static string MountStorm(Scenario t)
    {
        var shared = t.NewDirectory("shared");
        var storm = t.NewDirectory("shared/storm");
        var rounds = t.Rounds(8);
        // Before the mount: the root filesystem's files are hard links.
        var bundles = Enumerable.Range(0, 4).Select(i => t.NewBundle(Path.Combine(shared, $"b{i.ToString(CultureInfo.InvariantCulture)}")).Args("/bin/true")).ToList();
        Kernel.Mount(shared, shared, "none", Kernel.MS_BIND);
        Kernel.Mount("none", shared, "none", Kernel.MS_SHARED);
        using var stop = new CancellationTokenSource();
        var seen = new HashSet<string>();
        var thread = new Thread(() =>
        {
            while (!stop.IsCancellationRequested)
            {
                Kernel.Mount("tmpfs", storm, "tmpfs");
                foreach (var line in SafeTree.MountsBelow(shared).Where(m => m != shared && m != storm))
                {
                    lock (seen)
                    {
                        seen.Add(line);
                    }
                }
                _ = Native.umount2(storm, Native.MNT_DETACH);
            }
        });
        thread.Start();
        try
        {
            for (var i = 0; i < rounds; i++)
            {
                if (t.Create(bundles[i % bundles.Count]) is { } made && made.Mounts.FirstOrDefault(l => l.Contains("shared:", StringComparison.Ordinal)) is { } line)
                {
                    throw Scenario.Breach($"a mount of the container's is shared: {line}");
                }
            }
        }
        finally
        {
            stop.Cancel();
            thread.Join();
        }
        return seen.Count == 0 ? $"{rounds} containers: no mount on the host, none shared" : throw Scenario.Breach($"shows on the host: {seen.First()}");
    }
}
