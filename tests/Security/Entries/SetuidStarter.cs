using System.Globalization;
using System.Text;
using Engine.Linux;
using Engine.Rpc;
using Engine.Rpc.Client;
using Engine.Rpc.Linux;
using Engine.Rpc.Transport;
using Engine.Shared.Linux;
using Engine.Shared.Policy;
using Engine.Shared.Protocol;
using Engine.Tests.Integration.Setuid;
using Engine.Tests.Integration.Starter;

namespace Engine.Tests.Security.Entries;

/// <summary>1F: what an ordinary user does to the set-uid starter itself: as its tracer, as its master, with the files that it trusts.</summary>
internal static class SetuidStarter
{
    private const int Stranger = 54321;

    /// <summary>Not in the other columns.</summary>
    public static Without[] Only { get; } = [new("nothing there is set-uid", "root", "oci", "userns", "rootless")];

    public static Entry[] All { get; } =
    [
        new("S01", "CVE-2016-8659", "the caller stops each process of the starter again and again, and looks into it: ptrace, mem, fd, environ, root, pidfd_getfd",
            "starter/Policy/Caller.cs: another effective id until the drop, not dumpable before and after it", [Against.Fault("setuid-dumpable", "setuid")], LookInto)
        { NotIn = Only },
        new("S05", "CVE-2026-41163 CVE-2018-19295", "a hostile master behind the set-uid bit: every request outside the policy, with descriptors that no user could have opened; then the rest of a creation",
            "starter/Policy: every request is looked at before its first system call, whoever asks",
            [
                Against.Fault("rule-methods", "setuid"), Against.Fault("rule-namespaces", "setuid"), Against.Fault("rule-devices", "setuid"), Against.Fault("rule-clear", "setuid"),
                Against.Fault("rule-ids", "setuid"), Against.Fault("rule-capabilities", "setuid"),
            ], Master)
        { NotIn = Only },
        new("S06", "CVE-2018-12021 CVE-2022-1184 CVE-2023-30549 CVE-2021-3493 CVE-2023-0386", "overlay, and every filesystem that reads an image or a device (S11), past the command line",
            "starter/Policy/FilesystemRules.cs: tmpfs, proc, devpts and mqueue", [Against.Fault("rule-filesystems", "setuid")], Filesystems)
        { NotIn = Only },
        new("S08", "CVE-2019-11328 CVE-2022-31214", "the record of a running container names another process: process 1, one of root's, one of another user's",
            "starter/Policy/ExecRules.cs: the kernel says whom the caller could trace; no file says whose container it is", [Against.Fault("keeps-ptrace", "setuid")], ForgedRecord)
        { NotIn = Only },
        new("S14", "CVE-2017-5985 CVE-2018-6556 CVE-2022-47952", "what lies in a directory of another's is asked for by name: a directory, a file, a FIFO, nothing",
            "starter/Supervisor/Sources.cs: sources come as descriptors of the caller's", [Against.Fault("source-by-root", "setuid")], Oracle)
        { NotIn = Only },
        new("S15", "CVE-2021-44730 CVE-2021-44731 CVE-2022-3328", "a hard link of the starter in a directory of the caller's, with a master and a pump of his beside it",
            "starter/Policy/Site.cs: programs are where engine.conf says; argv[0] and /proc/self/exe are not asked", [Against.Fault("programs-beside", "setuid")], Beside)
        { NotIn = Only },
        new("U02", "", "the starter in a user namespace that has the machine's root, where the bit works",
            "starter/Stages/Stage0Entry.cs: the initial user namespace, asked of /proc", [Against.Fault("any-user-namespace", "setuid")], UserNamespace)
        { NotIn = Only },
        new("H56", "", "engine.conf is writable for others, another's, a link, a FIFO, a directory, or has a second name",
            "starter/Policy/TrustedPath.cs: root's alone all the way down, looked at by its descriptor", [Against.Fault("trust-anything", "setuid")], SiteFile)
        { NotIn = Only },
    ];

    // SIGSTOP and SIGKILL are his to send, for the real id is his; with them he has all the time that he wants.
    private const string Attack = """
        $| = 1; my $end = 0; $SIG{TERM} = sub { $end = 1 }; print "ready\n";
        sub stat_of { open my $s, '<', "/proc/$_[0]/stat" or return ''; return <$s> // '' }
        while (!$end) {
            opendir my $d, '/proc'; my @pids = grep /^\d+$/, readdir $d; closedir $d;
            for my $p (@pids) {
                my ($name) = stat_of($p) =~ /\((starter.*)\) [^ZX]/ or next;
                kill 'STOP', $p or next;
                # Until it has stopped it may still become the payload, or end: then there is nothing of the starter to look at.
                for (1..2000) { last if stat_of($p) !~ /\(\Q$name\E\) [^TZX]/ }
                if (stat_of($p) !~ /\(\Q$name\E\) T/) { kill 'CONT', $p; next }
                print "met $name\n";
                for my $f ('mem', 'fd/0', 'fd/3', 'environ', 'root/.', 'exe', 'maps') {
                    open my $o, ($f eq 'mem' ? '+<' : '<'), "/proc/$p/$f" or next;
                    print "OPEN $f of $name\n";
                }
                my $fd = syscall 434, $p + 0, 0;
                print "OPEN pidfd_getfd of $name\n" if syscall(438, $fd, 0, 0) >= 0;
                if (syscall(101, 0x4206, $p + 0, 0, 0) == 0) { print "OPEN ptrace of $name\n"; $end = 1 }
                POSIX::close($fd); kill 'CONT', $p;
            }
        }
        """;

    private static string LookInto(Scenario t)
    {
        using var attacker = t.Runtime.As("/usr/bin/perl", "-MPOSIX", "-e", Attack).Start();
        attacker.WaitForOutput("ready");
        var made = t.StartWaiting();
        for (var i = 0; i < t.Rounds(4); i++)
        {
            made.Exec([], "/bin/true").ShouldExit(0);
            t.Run(t.NewBundle().Args("/bin/true")).ShouldExit(0);
        }
        if (!attacker.HasExited)
        {
            attacker.Signal(15);
        }
        Assert.True(Eventually.Holds(() => attacker.HasExited, 10), "the attacker does not end");
        var lines = attacker.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        var opened = lines.Where(l => l.StartsWith("OPEN", StringComparison.Ordinal)).Distinct().ToList();
        var met = lines.Where(l => l.StartsWith("met", StringComparison.Ordinal)).ToList();
        Assert.NotEmpty(met);
        return opened.Count == 0 ? $"stopped {met.Count} times in {met.Distinct().Count()} stages, never opened" : throw Scenario.Breach(string.Join("; ", opened.Take(5)));
    }

    private static string Rootfs(Scenario t)
    {
        var bundle = t.NewBundle();
        _ = bundle.Path;
        return bundle.Rootfs;
    }

    private static string Name(PolicyRule rule) => Encoding.ASCII.GetString(PolicyTable.Name(rule));

    /// <summary>The request must be refused by the rule: anything else is a breach.</summary>
    private static void Refused(string what, PolicyRule rule, Func<Pending> ask)
    {
        Exception? answer = null;
        // What is served may wait for something that does not come.
        var asking = Task.Run(() =>
        {
            try
            {
                ask().Wait();
            }
            catch (Exception e) when (e is RpcException or PeerLostException)
            {
                answer = e;
            }
        });
        if (!asking.Wait(TimeSpan.FromSeconds(10)))
        {
            throw Scenario.Breach($"{what}: not refused, against {Name(rule)}");
        }
        if (answer is not RpcException refused || refused.Operation != $"policy: {Name(rule)}")
        {
            throw Scenario.Breach(answer is null ? $"{what}: served, against {Name(rule)}" : $"{what}: not {Name(rule)}, but {answer.Message}");
        }
    }

    private static string Master(Scenario t)
    {
        t.Site!.Configure("libexec = /usr/local/libexec/hostile");
        var rootfs = Rootfs(t);
        foreach (var phase in HostileRequests.Phases)
        {
            using var master = HostileRequests.At(phase, t.Site, t.Directory, rootfs);
            foreach (var (_, rule, ask) in HostileRequests.All.Where(r => r.Phase == phase))
            {
                Refused(phase, rule, () => ask(master));
            }
            var report = HostileRequests.GoOn(master, phase);
            if (report[0] != t.Column.Caller.ToString(CultureInfo.InvariantCulture) || !report.Where(l => l.StartsWith("Cap", StringComparison.Ordinal)).All(l => l.EndsWith("0000000000000000", StringComparison.Ordinal)) || !report.Contains("NoNewPrivs:\t1"))
            {
                throw Scenario.Breach($"{phase}: the payload is {string.Join(' ', report)}");
            }
        }
        using (var without = new HostileMaster(t.Site, t.Directory, rootfs).Saved())
        {
            without.Host.CloneSource(0, SourceFlags.Recursive | SourceFlags.Root, rootfs, without.Open(rootfs)).Wait();
            without.Host.Spawn(new SpawnRequest { Namespaces = sched_h.CLONE_NEWNS | sched_h.CLONE_NEWPID }).Wait();
            without.Stage.Hello().Wait();
            without.Stage.AttachRoot(0, mount_h.MS_SLAVE | mount_h.MS_REC).Wait();
            // H27: the uts namespace is the host's.
            Assert.Throws<RpcException>(() => without.Stage.SetHostname(Environment.MachineName).Wait());
        }
        return $"{HostileRequests.All.Length} requests refused by their rules; the container made afterwards is the caller's";
    }

    private static string Filesystems(Scenario t)
    {
        string[] types = ["ext2", "ext3", "ext4", "squashfs", "erofs", "xfs", "btrfs", "vfat", "iso9660", "udf", "overlay", "fuse", "nfs", "9p", "bpf", "debugfs", "tracefs", "securityfs", "ramfs", "devtmpfs", "tmpfs2", ""];
        t.Site!.Configure("libexec = /usr/local/libexec/hostile");
        using var master = HostileRequests.At("rooted", t.Site, t.Directory, Rootfs(t));
        foreach (var type in types)
        {
            Refused(type, PolicyRule.OtherFilesystem, () => master.Stage.MountFilesystem(type, "/dev/vda", "/mnt", MountFlags.None, default, type == "overlay" ? ["lowerdir=/etc:/usr"] : []));
        }
        return $"{types.Length} types refused";
    }

    private static string ForgedRecord(Scenario t)
    {
        var made = t.StartWaiting();
        var record = Path.Combine(t.Runtime.Root, made.Id, "state.json");
        var text = File.ReadAllText(record);
        var started = StartTime(made.Pid);
        var told = new List<string>();
        using var roots = new Command("/bin/sleep", "1000").Start();
        using var strangers = new Command("/usr/bin/setpriv", $"--reuid={Stranger}", $"--regid={Stranger}", "--clear-groups", "/bin/sleep", "1000").Start();
        Eventually.True(() => ProcFs.CommandLine(strangers.Pid).StartsWith("/bin/sleep", StringComparison.Ordinal), "the stranger's process");
        foreach (var (what, pid) in new[] { ("process 1", 1), ("a process of root's", roots.Pid), ("a process of another user's", strangers.Pid) })
        {
            var forged = text.Replace($":{made.Pid},", $":{pid},", StringComparison.Ordinal).Replace($":{started}", $":{StartTime(pid)}", StringComparison.Ordinal);
            Assert.NotEqual(text, forged);
            // As his file: by rename, as the engine does it.
            File.WriteAllText(record + ".forged", forged);
            Native.Check(Native.chown(record + ".forged", t.Column.Caller, t.Column.Caller), "chown");
            File.Move(record + ".forged", record, overwrite: true);
            var result = made.Exec([], "/bin/sh", "-c", "readlink /proc/self/ns/mnt");
            if (result.ExitCode == 0)
            {
                throw Scenario.Breach($"exec joins {what}: {result.Text}");
            }
            // And without the command line, which cannot even look there.
            told.Add($"{what}: {Joining(t, pid) ?? throw Scenario.Breach($"the starter joins {what}")}");
        }
        if (Joining(t, made.Pid) is { } own)
        {
            throw new InvalidOperationException($"the container's own is not joined: {own}");
        }
        File.WriteAllText(record, text);
        made.Exec([], "/bin/true").ShouldExit(0);
        return $"{string.Join("; ", told)}; the container's own is joined";
    }

    // Null: a process of the caller's was started there. Otherwise why not.
    private static string? Joining(Scenario t, int pid)
    {
        using var launch = LaunchSocket.Start($"exec {string.Join(' ', t.Site!.Prefix)} {SetuidSite.Starter}");
        using var init = Pidfds.Open(pid);
        using var plan = ProcessPlanWriter.Write(new ProcessDescription { Args = ["/bin/true"], Env = ["PATH=/bin"], Flags = ProcessFlags.HasCapabilities, Uid = t.Column.Caller, Gid = t.Column.Caller });
        var record = launch.Record();
        record.Mode = (uint)LaunchMode.Exec;
        record.Namespaces = sched_h.CLONE_NEWNS | sched_h.CLONE_NEWPID | sched_h.CLONE_NEWUTS | sched_h.CLONE_NEWIPC | sched_h.CLONE_NEWNET;
        record.Descriptors = 1u << (int)LaunchDescriptor.InitPidfd | 1u << (int)LaunchDescriptor.ProcessPlan;
        launch.Send(record, init.Value, plan.Value);
        var none = default(ExecCgroups);
        launch.Channel.SendMessage(ref none, []);
        var (kind, _, operation, detail, _) = launch.Result();
        return kind == 1 ? $"{operation} {detail}".Trim() : null;
    }

    private static string StartTime(int pid) => ProcFs.Read(pid, "stat")!.Split(") ")[1].Split(' ')[19];

    private static string Oracle(Scenario t)
    {
        t.Site!.Configure("libexec = /usr/local/libexec/hostile");
        using var master = HostileRequests.At("saved", t.Site, t.Directory, Rootfs(t));
        var hidden = Hidden(t);
        var told = new HashSet<string>();
        foreach (var name in new[] { "absent", "there", "file", "fifo" })
        {
            try
            {
                master.Host.CloneSource(master.NewSlot(), SourceFlags.Recursive, Path.Combine(hidden, name)).Wait();
                throw Scenario.Breach($"{name}: cloned");
            }
            catch (RpcException e)
            {
                told.Add(e.Message.Replace(name, "NAME", StringComparison.Ordinal));
            }
        }
        return told.Count == 1 ? $"always: {told.Single()}" : throw Scenario.Breach($"says what is there: {string.Join(" / ", told)}");
    }

    /// <summary>A directory of another's with something of each kind in it.</summary>
    public static string Hidden(Scenario t)
    {
        var hidden = t.NewDirectory("hidden");
        Directory.CreateDirectory(Path.Combine(hidden, "there"));
        File.WriteAllText(Path.Combine(hidden, "file"), HostSentinel.Words);
        Native.Check(Native.mkfifo(Path.Combine(hidden, "fifo"), 0x1b6), "mkfifo");
        Native.Check(Native.chown(hidden, Stranger, Stranger), "chown");
        File.SetUnixFileMode(hidden, (UnixFileMode)0b111_000_000);
        return hidden;
    }

    private static string Beside(Scenario t)
    {
        t.Site!.Configure("libexec = /usr/local/libexec/hostile");
        var rootfs = Rootfs(t);
        var beside = t.NewDirectory("beside");
        // Nobody else is to reach a set-uid starter, least of all a broken one.
        Native.Check(Native.chown(beside, t.Column.Caller, t.Column.Caller), "chown");
        File.SetUnixFileMode(beside, (UnixFileMode)0b111_000_000);
        foreach (var (name, program) in new[] { ("master", Installation.Probe), ("pump", Installation.Pump) })
        {
            File.Copy(program, Path.Combine(beside, name));
            File.SetUnixFileMode(Path.Combine(beside, name), (UnixFileMode)0b111_101_101);
            Native.Check(Native.chown(Path.Combine(beside, name), t.Column.Caller, t.Column.Caller), "chown");
        }
        // As root has left it there: the kernel would not let him (fs.protected_hardlinks).
        var link = Path.Combine(beside, "starter-suid");
        Native.Check(Native.link(Path.Combine(SetuidInstallation.Of(t.Runtime.Directory), "libexec/engine/starter-suid"), link), "link");
        using var master = new HostileMaster(t.Site, t.Directory, rootfs, link).Saved();
        var executed = ProcFs.Children(master.Supervisor).Select(p => new FileInfo($"/proc/{p.ToString(CultureInfo.InvariantCulture)}/exe").LinkTarget ?? "").ToList();
        Assert.Contains(executed, e => e.EndsWith("/pump", StringComparison.Ordinal));
        return executed.FirstOrDefault(e => e.StartsWith(beside, StringComparison.Ordinal)) is { } own ? throw Scenario.Breach($"{own} is executed") : $"executed: {string.Join(", ", executed)}";
    }

    // unshare(CLONE_NEWUSER) in a child, whose maps are then all of the machine's ids.
    private const string EnterUserNamespace = "pipe(A,B); pipe(C,D); unless ($p = fork) { syscall(272, 0x10000000) == 0 or die $!; syswrite B,\"x\"; sysread C,$x,1; exec @ARGV } "
        + "sysread A,$x,1; for (qw(uid gid)) { open F,\">\",\"/proc/$p/${_}_map\"; print F \"0 0 65536\"; close F } syswrite D,\"x\"; waitpid $p,0; exit $?>>8";

    private static string UserNamespace(Scenario t)
    {
        using var launch = LaunchSocket.Start($"exec perl -e '{EnterUserNamespace}' {string.Join(' ', t.Site!.Prefix)} {SetuidSite.Starter}");
        launch.Send(launch.Record());
        var (_, _, operation, detail, _) = launch.Result();
        return operation == $"policy: {Name(PolicyRule.CallerNamespace)}" ? $"refused: {detail}" : throw Scenario.Breach($"comes as far as {operation} {detail}");
    }

    private static string SiteFile(Scenario t)
    {
        var conf = t.Site!.Conf;
        var real = Path.Combine(Path.GetDirectoryName(conf)!, "real");
        var bundle = t.NewBundle().Args("/bin/true");
        var count = 0;
        foreach (var kind in new[] { "group-writable", "writable", "another's", "link", "two names", "fifo", "directory", "directory-writable" })
        {
            t.Site.Configure();
            switch (kind)
            {
                case "group-writable": File.SetUnixFileMode(conf, (UnixFileMode)0b110_110_100); break;
                case "writable": File.SetUnixFileMode(conf, (UnixFileMode)0b110_100_110); break;
                case "another's": Native.Check(Native.chown(conf, Stranger, Stranger), "chown"); break;
                case "link": File.Move(conf, real); File.CreateSymbolicLink(conf, "real"); break;
                case "two names": File.Move(conf, real); Native.Check(Native.link(real, conf), "link"); break;
                case "fifo": File.Delete(conf); Native.Check(Native.mkfifo(conf, 0x1a4), "mkfifo"); break;
                case "directory": File.Delete(conf); Directory.CreateDirectory(conf); break;
                default: File.SetUnixFileMode(Path.GetDirectoryName(conf)!, (UnixFileMode)0b111_111_101); break;
            }
            if (t.Run(bundle).ExitCode == 0)
            {
                throw Scenario.Breach($"{kind}: the file lets him in");
            }
            count++;
            File.SetUnixFileMode(Path.GetDirectoryName(conf)!, (UnixFileMode)0b111_101_101);
            File.Delete(real);
            if (Directory.Exists(conf))
            {
                Directory.Delete(conf);
            }
        }
        t.Site.Configure();
        t.Run(bundle).ShouldExit(0);
        return $"{count} kinds close the workflow";
    }
}
