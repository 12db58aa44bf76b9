using System.Globalization;
using System.Security.Cryptography;
using System.Text.RegularExpressions;

namespace Engine.Tests.Security.Entries;

/// <summary>1C: descriptors, binaries, tracing, environment.</summary>
internal static class Descriptors
{
    public static Entry[] All { get; } =
    [
        new("C01", "CVE-2016-9962 CVE-2015-8709 CVE-2016-8649", "a payload with every capability, CAP_SYS_PTRACE only where the starter comes from another user namespace, looks into the process that joins its namespaces, which is held there: fd, mem, root, environ, exe",
            "starter/Stages/Stage0Entry.cs: not dumpable from the first instruction to execve", [Against.Fault("dumpable", "userns")], LookInto),
        new("C03", "CVE-2019-5736", "args[0] is /proc/self/exe, a script with that interpreter; a payload opens /proc/N/exe of whatever enters, keeps it and writes later",
            "engine/Lifecycle/Installation.cs: a sealed copy in memory; starter/Payload/ProgramLookup.cs: no magic links", [Against.Fault("magic-exe"), Against.Sample("a program of the host's enters by nsenter", NaiveEnter)], Exe),
        new("C04", "CVE-2024-21626", "the caller leaks descriptors of /, /proc and cgroups; cwd and args[0] of run and exec lead through them",
            "starter/Payload/WorkingDirectory.cs: no magic links, looked at from inside; close_range at entry and before execve", [Against.Crun, Against.Fault("leaked-cwd")], LeakedCwd),
        new("C05", "CVE-2022-1227 CVE-2019-14271", "programs and libraries of the image's that the engine might run or load",
            "starter: static, executes the payload alone", [Against.Sample("a hook of the config's", t => Executed(t, hook: true))], t => Executed(t, hook: false)),
        new("C07", "CVE-2021-3602 CVE-2020-14370", "the caller's environment holds a secret: in the payload, in every process of the engine, in their command lines",
            "starter/Supervisor/MasterEnvironment.cs: made of constants; the starter gets none", [Against.Sample("a process that inherits it", t => Secret(t, leaks: true))], t => Secret(t, leaks: false)),
        new("I25", "", "the descriptors of the waiting first process, when the caller leaks some, against a list",
            "starter/Stages/Stage0Entry.cs: close_range before anything else", [Against.Fault("keep-descriptors")], WaitingDescriptors),
        new("R08", "", "a caller with blocked and ignored signals, umask 0, an alarm, no core files",
            "starter/Stages/Stage0Entry.cs: all of it is reset before anything is read", [Against.Runc, Against.Fault("signals-kept")], Inherited),
        new("H31", "", "the caller's session keyring holds a key, the payload knows its number",
            "starter/Payload/PayloadLimits.cs: a session keyring of its own", [Against.Fault("keyring-kept")], Keyring),
    ];

    private static Command Wrap(Command command, string[] prefix)
    {
        var wrapped = new Command(prefix[0], [.. prefix[1..], command.Program, .. command.Arguments]) { Seconds = command.Seconds };
        foreach (var (name, value) in command.Environment)
        {
            wrapped.Environment[name] = value;
        }
        return wrapped;
    }

    // Perl: descriptors without close-on-exec, some of them O_PATH.
    private static string[] Leaking(string more = "") =>
        ["/usr/bin/perl", "-e", "use POSIX; my @d = qw(/ /proc /sys/fs/cgroup /); for my $n (3..63) { my $f = POSIX::open($d[$n % 4], 0x10000 | ($n % 2 ? 0 : 0x200000)); last if $f < 0; POSIX::dup2($f, $n) if $f != $n; } " + more + " exec { $ARGV[0] } @ARGV"];

    private static string LookInto(Scenario t)
    {
        var bundle = WithCapabilities(t, ["CAP_DAC_OVERRIDE", "CAP_DAC_READ_SEARCH", "CAP_SETUID", "CAP_SETGID", "CAP_KILL", .. t.Column.IsNested ? new[] { "CAP_SYS_PTRACE" } : []]).Shell("""
            while :; do for p in /proc/[0-9]*; do
                [ "$p" = /proc/1 ] && continue
                read name <$p/comm 2>/dev/null || continue
                case $name in starter*) ;; *) continue ;; esac
                echo "met $name"
                for f in fd/0 root mem environ exe; do
                    # Opened. Held in front of its call it is still the same program; comm alone lags behind execve.
                    { read again <$p/stat && case $again in *"(starter"*") t "*) echo OPEN $f ;; esac; } 9<$p/$f
                done 2>/dev/null
            done; done
            """);
        var made = t.Start(bundle);
        var command = t.Runtime.Prepare("exec", made.Id, "/bin/true");
        // Held for a moment inside: after it has joined, before it drops.
        var held = Wrap(command, [Installation.Find("strace")!, "-f", .. Trace.Fast(t), "-o", "/dev/null", "-e", "trace=setsid,setgroups", "-e", "inject=setsid,setgroups:delay_enter=150000"]);
        for (var i = 0; i < (t.Long ? 50 : 4); i++)
        {
            t.End(held).ShouldExit(0);
        }
        var output = made.Output;
        if (output.Contains("OPEN", StringComparison.Ordinal))
        {
            throw Scenario.Breach(string.Join("; ", output.Split('\n').Where(l => l.StartsWith("OPEN", StringComparison.Ordinal)).Distinct().Take(4)));
        }
        var met = output.Split('\n').Count(l => l.StartsWith("met", StringComparison.Ordinal));
        Assert.True(met > 0, "the payload never saw the joining process");
        return $"seen {met} times, never opened";
    }

    // The payload's part: takes hold of each program that enters, and writes into it when it is free.
    private const string Writer = """
        echo ready
        end=$(( $(date +%s) + 6 ))
        while [ $(date +%s) -lt $end ]; do for p in /proc/[0-9]*; do
            [ "$p" = /proc/1 ] && continue
            case "$(readlink $p/exe)" in /bin/*|/probe) continue ;; esac
            {
                echo "held $(readlink $p/exe)"
                n=0; while [ $n -lt 30000 ]; do n=$((n+1)); { echo overwritten >/proc/self/fd/9; } && { echo WRITTEN; exit; }; done
            } 9<$p/exe
        done; done 2>/dev/null
        """;

    private static Bundle Holding(Scenario t) =>
        WithCapabilities(t, "CAP_SYS_PTRACE", "CAP_SYS_ADMIN", "CAP_DAC_OVERRIDE", "CAP_DAC_READ_SEARCH", "CAP_SETUID", "CAP_SETGID", "CAP_SETPCAP", "CAP_KILL", "CAP_CHOWN", "CAP_FOWNER").Shell(Writer);

    // As far as a payload may have them.
    private static Bundle WithCapabilities(Scenario t, params string[] names) => t.Column.IsPrivileged ? t.NewBundle().WithCapabilities(names) : t.NewBundle();

    private static string Exe(Scenario t)
    {
        var programs = Directory.EnumerateFiles(Path.Combine(t.Runtime.Directory, "bin")).Concat(Directory.EnumerateFiles(Path.Combine(t.Runtime.Directory, "libexec/engine")))
            .Where(f => (File.GetAttributes(f) & FileAttributes.ReparsePoint) == 0).ToList();
        var before = programs.Select(Hash).ToList();
        foreach (var form in new[] { "/proc/self/exe", "/proc/1/exe", "/proc/thread-self/exe", "/link" })
        {
            var bundle = t.NewBundle().Args(form, "x");
            File.CreateSymbolicLink(bundle.Rootfs + "/link", "/proc/self/exe");
            var result = t.Run(bundle);
            if (result.ExitCode == 0 || result.Error.Contains("usage: starter", StringComparison.Ordinal))
            {
                throw Scenario.Breach($"args[0] {form}: the starter was executed in the container: {result.Error}");
            }
        }
        var script = t.NewBundle().WithFile("/script", "#!/proc/self/exe\n", 0x1ed).Args("/script");
        var scripted = t.Run(script);
        // The kernel's doing: at execve the interpreter is the sealed copy, which finds no socket there and ends.
        Assert.True(scripted.ExitCode != 0, scripted.ToString());
        var made = t.Start(Holding(t)).WaitFor("ready");
        var entered = 0;
        while (ProcFs.Lives(made.Pid) && entered < (t.Long ? 500 : 25))
        {
            _ = made.Exec([], "/bin/true");
            entered++;
        }
        _ = t.End(t.Runtime.Prepare("kill", made.Id, "KILL"));
        if (made.Output.Contains("WRITTEN", StringComparison.Ordinal) || !programs.Select(Hash).SequenceEqual(before))
        {
            throw Scenario.Breach($"a program of the host's was overwritten: {made.Output}");
        }
        var held = Regex.Matches(made.Output, "held (.*)").Select(m => m.Groups[1].Value).Distinct();
        return $"refused as args[0]; {entered} times entered, held '{string.Join(", ", held)}', nothing written";
    }

    private static string Hash(string file) => Convert.ToHexString(SHA256.HashData(File.ReadAllBytes(file)));

    // What CVE-2019-5736 was: a program of the host's that enters the container itself.
    private static string NaiveEnter(Scenario t)
    {
        var victim = Path.Combine(t.Directory, "runtime");
        File.Copy(Installation.Busybox, victim);
        File.SetUnixFileMode(victim, (UnixFileMode)0b111_101_101);
        var link = Path.Combine(t.Directory, "nsenter");
        File.CreateSymbolicLink(link, victim);
        var before = Hash(victim);
        var made = t.Start(Holding(t)).WaitFor("ready");
        var pid = made.Pid.ToString(CultureInfo.InvariantCulture);
        for (var i = 0; i < 40 && Hash(victim) == before; i++)
        {
            // busybox's nsenter re-executes nothing: the joined process is the host's file, for as long as it sleeps.
            try
            {
                _ = new Command(link, "-t", pid, "-m", "-p", "/proc/self/exe", "sleep", "0.1").Run();
            }
            catch (System.ComponentModel.Win32Exception)
            {
                // No program any more: it was overwritten this moment.
                Eventually.True(() => Hash(victim) != before, "what keeps it from being executed");
            }
        }
        return Hash(victim) == before ? $"not overwritten: {made.Output}" : throw Scenario.Breach("the program of the host's that entered was overwritten");
    }

    private static string LeakedCwd(Scenario t)
    {
        var refused = 0;
        void Judge(string where, CommandResult result)
        {
            if (result.ExitCode != 0)
            {
                refused++;
                return;
            }
            if (result.Text.Contains("ON-HOST", StringComparison.Ordinal))
            {
                throw Scenario.Breach($"{where}: the payload stands on the host: {result.Text}");
            }
        }
        // Something that is on the host alone.
        var evidence = t.File("only-here", "x");
        var script = $"pwd; ls -d .{evidence} >/dev/null 2>&1 && echo ON-HOST; for p in . .. ../.. ../../.. ../../../..; do [ -e $p{evidence} ] && echo ON-HOST; done; ls -l /proc/self/fd; true";
        var paths = Enumerable.Range(3, t.Long ? 61 : 14).Select(n => $"/proc/self/fd/{n.ToString(CultureInfo.InvariantCulture)}").Concat(["/proc/1/cwd", "/proc/1/root", "/proc/self/cwd", "/proc/thread-self/fd/9", "/link"]).ToList();
        foreach (var path in paths)
        {
            var bundle = t.NewBundle().WithCwd(path).Shell(script);
            File.CreateSymbolicLink(bundle.Rootfs + "/link", "/proc/self/fd/9");
            Judge($"cwd {path}", t.End(Wrap(t.Runtime.Prepare(t.Runtime.RunArguments(t.NewId(), bundle.Path, [])), Leaking())));
        }
        var made = t.StartWaiting();
        foreach (var path in paths.Where((_, i) => t.Long || i % 3 == 0))
        {
            Judge($"exec --cwd {path}", t.End(Wrap(t.Runtime.Prepare("exec", "--cwd", path, made.Id, "/bin/sh", "-c", script), Leaking())));
            Judge($"exec {path}", t.End(Wrap(t.Runtime.Prepare("exec", made.Id, path), Leaking())));
        }
        var clean = t.End(Wrap(t.Runtime.Prepare(t.Runtime.RunArguments(t.NewId(), t.NewBundle().Probe("fds").Path, [])), Leaking())).ShouldExit(0);
        var fds = new ProbeOutput(clean.Text).All("fd").Select(l => l.Split(' ')[0]).ToList();
        if (!fds.SequenceEqual(["0", "1", "2"]))
        {
            throw Scenario.Breach($"the payload has descriptors {string.Join(' ', fds)}");
        }
        return $"{paths.Count} paths, {refused} refused, never on the host, descriptors 0 to 2";
    }

    private static string Executed(Scenario t, bool hook)
    {
        var bundle = t.NewBundle().Shell("echo payload").WithFile("/lib/ld-linux-x86-64.so.2", "x", 0x1ed).WithFile("/etc/nsswitch.conf", "passwd: evil\n");
        if (hook)
        {
            bundle.WithHook("startContainer", "/bin/busybox", ["busybox", "true"]);
        }
        var calls = Trace.Of(t, t.Runtime.Prepare(t.Runtime.RunArguments(t.NewId(), bundle.Path, [])), "execve,execveat,openat,openat2,open", out var result);
        result.ShouldExit(0);
        var executed = calls.Where(c => c.Name is "execve" or "execveat" && c.Text.TrimEnd().EndsWith("= 0", StringComparison.Ordinal)).ToList();
        // The payload is one of the image's.
        var inside = executed.Where(c => Regex.IsMatch(c.Text, "^execve(at)?\\([^\"]*\"/bin/")).ToList();
        if (inside.Count != 1)
        {
            throw Scenario.Breach($"{inside.Count} programs of the image's are executed: {string.Join("; ", inside.Select(c => c.Text))}");
        }
        var libraries = calls.Where(c => c.IsStarter && c.Text.Contains(".so", StringComparison.Ordinal) && !c.Text.Contains("O_PATH", StringComparison.Ordinal)).ToList();
        return libraries.Count == 0 ? $"{executed.Count} programs, of the image's the payload alone, no library" : throw Scenario.Breach(libraries[0].Text);
    }

    private static string Secret(Scenario t, bool leaks)
    {
        const string Canary = "canary-5f2b";
        var command = t.Runtime.Prepare(t.Runtime.CreateArguments(t.NewId(), t.NewBundle().Shell("env; cat /proc/*/environ /proc/*/cmdline; echo ready; sleep 1000").Path, []));
        command.Environment["SECRET"] = Canary;
        command.Environment["DOTNET_gcServer"] = Canary;
        var output = Path.Combine(t.Directory, "out.secret");
        var made = new Made(t, $"{TestRun.Tag}", output);
        _ = made;
        var wrapped = Wrap(command, ["/bin/sh", "-c", "out=$1; shift; exec \"$@\" </dev/null >>\"$out\" 2>&1", "sh", output]);
        t.End(wrapped).ShouldExit(0);
        var id = command.Arguments.Last(a => a.StartsWith(TestRun.Tag, StringComparison.Ordinal));
        using var careless = leaks ? Wrap(new Command("/bin/sleep", "30"), ["/usr/bin/env", $"SECRET={Canary}"]).Start() : null;
        t.End(t.Runtime.Prepare("start", id)).ShouldExit(0);
        string Said() => File.ReadAllText(output) + (t.Column.Dialect == Dialect.Oci ? t.Runtime.Prepare("logs", id).Run().Text : "");
        Eventually.True(() => Said().Contains("ready", StringComparison.Ordinal), "the payload", 15);
        var holders = LeakGate.Processes().Where(p => new[] { "environ", "cmdline" }.Any(f => ProcFs.Read(p, f)?.Contains(Canary, StringComparison.Ordinal) == true)).Select(ProcFs.CommandLine).ToList();
        if (Said().Contains(Canary, StringComparison.Ordinal) || holders.Count > 0)
        {
            throw Scenario.Breach($"held by {string.Join(", ", holders.Append(Said().Contains(Canary, StringComparison.Ordinal) ? "the payload" : ""))}");
        }
        return $"in none of {LeakGate.Processes().Count} processes";
    }

    private static string WaitingDescriptors(Scenario t)
    {
        var id = t.NewId();
        var output = Path.Combine(t.Directory, id + ".out");
        var command = t.Runtime.Prepare(t.Runtime.CreateArguments(id, t.NewBundle().Args("/bin/true").Path, []));
        var made = new Made(t, id, output);
        t.End(Wrap(made.Wrapped(command), Leaking())).ShouldExit(0);
        (string Pattern, string Reason)[] allowed =
        [
            ("/dev/null", "standard input, and 0 to 2 until the payload's are put there"),
            (@"socket:\[\d+\]", "the link to the supervisor, start.sock"),
            (@"anon_inode:\[(signalfd|pidfd)\]", "the end of the supervisor"),
            (@"pipe:\[\d+\]", "the payload's streams"),
            (Regex.Escape(output), "the payload's streams, in the runtime flavour the caller's"),
            (@"/memfd:.*", "the sealed plan"),
        ];
        var held = ProcFs.Descriptors(made.Pid).ToDictionary(d => d.Key, d => IsNull(made.Pid, d.Key) ? "/dev/null" : d.Value);
        var foreign = held.Where(d => !allowed.Any(a => Regex.IsMatch(d.Value, $"^(?:{a.Pattern})$"))).Select(d => $"{d.Key} -> {d.Value}").ToList();
        return foreign.Count == 0 ? string.Join(", ", held.Values) : throw Scenario.Breach($"holds {string.Join(", ", foreign.Take(5))}");
    }

    // In another mount namespace the file that is mounted there has no path.
    private static bool IsNull(int pid, int fd) => new Command("/usr/bin/stat", "-L", "-c", "%F %t:%T", $"/proc/{pid}/fd/{fd}").Run().Trimmed == "character special file 1:3";

    private static string Inherited(Scenario t)
    {
        string[] hostile =
        [
            "/usr/bin/perl", "-e", "use POSIX; POSIX::sigprocmask(SIG_BLOCK, POSIX::SigSet->new(10, 12, 15)); $SIG{$_} = 'IGNORE' for qw(HUP CHLD PIPE); umask 0; alarm 20; chdir '/proc'; exec { $ARGV[0] } @ARGV",
        ];
        var bundle = t.NewBundle().WithCwd("/tmp").Probe("status", "cwd", "fds");
        var seen = new ProbeOutput(t.End(Wrap(t.Runtime.Prepare(t.Runtime.RunArguments(t.NewId(), bundle.Path, [])), hostile)).ShouldExit(0).Text);
        Expect(seen, "blocked", "0000000000000000");
        Expect(seen, "ignored", "0000000000000000");
        Expect(seen, "cwd", "/tmp");
        if (Convert.ToInt32(seen["umask"], 8) != 0x12)
        {
            throw Scenario.Breach($"umask {seen["umask"]}");
        }
        return "empty masks, default dispositions, umask 022, the config's directory";
    }

    private static void Expect(ProbeOutput seen, string name, string value)
    {
        if (seen[name] != value)
        {
            throw Scenario.Breach($"{name} is {seen[name]}, not {value}");
        }
    }

    private static string Keyring(Scenario t)
    {
        // keyctl: 1 joins a session keyring, 11 reads a key; add_key into -3, the session's. The key's number is written down, and then the engine runs.
        var number = Path.Combine(t.Directory, "key");
        string[] prefix =
        [
            "/usr/bin/perl", "-e", "my $f = shift; syscall(250, 1, 0); my ($ty, $d, $v) = ('user', 'canary', 'secret'); my $k = syscall(248, $ty, $d, $v, 6, -3); die $! if $k < 0; open(my $o, '>', $f); print $o $k; close $o; my $r = syscall(250, 11, $k, 0, 0); die $! if $r < 0; exec { $ARGV[0] } @ARGV", number,
        ];
        // The payload's arguments are read before the key exists: it gets its number from a file that is bound in.
        File.WriteAllText(number, "");
        var bundle = t.NewBundle().WithBind(number, "/key").Shell("/probe syscall 250 11 $(cat /key) 0 0; echo; /probe syscall 250 1 0");
        var result = t.End(Wrap(t.Runtime.Prepare(t.Runtime.RunArguments(t.NewId(), bundle.Path, [])), prefix));
        if (result.Error.Contains("at -e line", StringComparison.Ordinal))
        {
            Scenario.Skip($"no keys here: {result.Error}");
        }
        result.ShouldExit(0);
        return result.Text.StartsWith("syscall ok", StringComparison.Ordinal) ? throw Scenario.Breach("the payload reads the caller's key") : $"reading it: {result.Text.Split('\n')[0]}";
    }
}
