using System.Text;
using System.Text.RegularExpressions;

namespace Engine.Tests.Security.Entries;

/// <summary>What always holds, whatever is tried: looked up in the files, or seen in traces.</summary>
internal static class Invariants
{
    public static Entry[] All { get; } =
    [
        new("I03", "", "words in the starter of what it must not have: a loader, a resolver, locales, users, a shell",
            "starter/Freestanding.targets: no C library", [Against.Sample("busybox", _ => Words(Installation.Busybox))], _ => Words(Installation.Starter))
        { NotIn = [new("the same file as in root", "oci", "userns", "rootless", "setuid")] },
        new("I04", "", "system calls of the starter against its list: in its machine code, and in traces of run and exec",
            "starter/Sys: one wrapper a call; tests/Security/Entries/system-calls.txt: the list", [Against.Runc], SystemCalls),
        new("I08", "", "memory of the starter after its start",
            "starter/Rt: static buffers, no heap", [Against.Runc], Memory),
        new("I19", "", "what the supervisor makes on the host",
            "starter/Supervisor: state directory, log, pid file, cgroups; all below descriptors", [Against.Sample("a file beside them", MadeElsewhere)], Made),
        new("I22", "", "who opens the bundle's config.json, and how often",
            "engine/Lifecycle: create reads it once into memory", [Against.Sample("two creations", t => ConfigReads(t, 2))], t => ConfigReads(t, 1)),
        new("I26", "", "signals by number of a process",
            "starter/Supervisor/Killer.cs and engine/Linux: pidfd_send_signal", [Against.Runc], Signals),
        new("I29", "", "command lines of the engine's processes, with secrets in the config's arguments and environment",
            "starter/Supervisor/MasterProcess.cs: constants", [Against.Sample("a process with its words in its command line", t => CommandLines(t, careless: true))], t => CommandLines(t, careless: false)),
        new("I30", "", "what the engine's runtime opens: diagnostics, performance maps, translations, name services",
            "engine/Engine.csproj: invariant, no event sources; who the user is asks only the rootless workflow", [Against.Sample("this program, an ordinary one", _ => Diagnostics(Environment.ProcessId))], Runtime),
        new("I36", "", "help, version and features, as an ordinary user",
            "engine/Cli: the starter is started by what needs it", [Against.Sample("a command that needs it", t => Started(t, "run"))], t => Started(t, "--version", "--help", "features"))
        { NotIn = [new("no config is read", "userns")] },
    ];

    private static readonly string[] Denied =
        ["getaddrinfo", "dlopen", "dlsym", "iconv", "setlocale", "getpwnam", "getgrnam", "getpwuid", "nsswitch", "popen", "/bin/sh", "execvp", "LD_LIBRARY_PATH", "LD_PRELOAD", "/etc/ld.so", "ld-linux", "/usr/share/locale", "TMPDIR", "libc.so"];

    private static string Words(string program)
    {
        var text = Encoding.Latin1.GetString(File.ReadAllBytes(program));
        var found = Denied.Where(d => text.Contains(d, StringComparison.Ordinal)).ToList();
        return found.Count == 0 ? $"none of {Denied.Length}" : throw Scenario.Breach($"{Path.GetFileName(program)} has {string.Join(", ", found)}");
    }

    /// <summary>Names of the list, without their reasons.</summary>
    private static HashSet<string> Listed() => File.ReadLines(Path.Combine(Installation.SourceRoot, "tests/Security/Entries/system-calls.txt"))
        .Where(l => l.Length > 0 && l[0] != '#').Select(l => l.Split(' ', 2)[0]).ToHashSet();

    private static string SystemCalls(Scenario t)
    {
        var listed = Listed();
        if (!t.Runtime.IsPeer)
        {
            var compiled = MachineCode.SystemCalls(Installation.Starter);
            var different = compiled.Except(listed).Select(n => "+" + n).Concat(listed.Except(compiled).Select(n => "-" + n)).ToList();
            if (different.Count > 0)
            {
                throw Scenario.Breach($"the starter's machine code and the list differ: {string.Join(' ', different)}");
            }
        }
        var used = new HashSet<string>();
        var more = t.Column.IsPrivileged ? t.NewBundle().WithUser(t.Column.User, t.Column.User, 5).WithSysctl("kernel.msgmax", "4242") : t.NewBundle();
        foreach (var bundle in new[] { t.NewBundle().Args("/bin/true"), more.WithRlimit("RLIMIT_NOFILE", 100, 200).Args("/bin/true") })
        {
            var calls = Trace.Of(t, t.Runtime.Prepare(t.Runtime.RunArguments(t.NewId(), bundle.Path, [])), "all", out var result);
            result.ShouldExit(0);
            used.UnionWith(calls.Where(c => c.IsStarter || (t.Runtime.IsPeer && c.Comm.StartsWith("runc", StringComparison.Ordinal))).Select(c => c.Name));
        }
        var made = t.StartWaiting();
        used.UnionWith(Trace.Of(t, t.Runtime.Prepare("exec", made.Id, "/bin/true"), "all", out _).Where(c => c.IsStarter).Select(c => c.Name));
        // How strace calls two of them.
        var foreign = used.Except(listed).Except(["prlimit64", "umount", "exit_group"]).Where(n => n.All(c => char.IsAsciiLetterOrDigit(c) || c == '_')).ToList();
        return foreign.Count == 0 ? $"{used.Count} used, {listed.Count} listed" : throw Scenario.Breach($"not in the list: {string.Join(' ', foreign)}");
    }

    private static string Memory(Scenario t)
    {
        var calls = Trace.Of(t, t.Runtime.Prepare(t.Runtime.RunArguments(t.NewId(), t.NewBundle().Args("/bin/true").Path, [])), "brk,mmap,mremap,mprotect,execve,execveat", out var result);
        result.ShouldExit(0);
        var grown = calls.Where(c => (c.IsStarter || (t.Runtime.IsPeer && c.Comm.StartsWith("runc", StringComparison.Ordinal))) && (c.Name is "brk" or "mremap" || (c.Name == "mmap" && c.Text.Contains("MAP_ANONYMOUS", StringComparison.Ordinal)))).ToList();
        Assert.True(t.Runtime.IsPeer || calls.Any(c => c.Name.StartsWith("execve", StringComparison.Ordinal) && c.IsStarter), "the starter is not in the trace");
        return grown.Count == 0 ? "neither brk nor anonymous mmap; sealed plans are mapped to read" : throw Scenario.Breach($"{grown.Count} calls: {grown[0].Comm} {grown[0].Text}");
    }

    private const string Making = "openat,openat2,mkdirat,mknodat,symlinkat,linkat,mkdir,mknod,symlink,link,creat,open";

    private static string Made(Scenario t)
    {
        var bundle = t.NewBundle().Args("/bin/true");
        var calls = Trace.Of(t, t.Runtime.Prepare(t.Runtime.RunArguments(t.NewId(), bundle.Path, [])), Making, out var result);
        result.ShouldExit(0);
        return Elsewhere(t, calls.Where(c => c.Comm == "starter:[2:sup]"));
    }

    private static string Elsewhere(Scenario t, IEnumerable<Call> calls)
    {
        var made = calls.Where(c => c.Text.Contains("O_CREAT", StringComparison.Ordinal) || c.Text.Contains("O_TMPFILE", StringComparison.Ordinal) || (c.Name is not ("openat" or "openat2" or "open"))).ToList();
        foreach (var call in made)
        {
            var below = Regex.Match(call.Text, @"\d+<([^>]*)>").Groups[1].Value;
            var seat = t.Site is not null && (below == "/run/engine-users" || call.Text.Contains("</run>, \"engine-users\"", StringComparison.Ordinal));
            if (!seat && !below.StartsWith(t.Runtime.Root, StringComparison.Ordinal) && !below.StartsWith("/sys/fs/cgroup", StringComparison.Ordinal))
            {
                throw Scenario.Breach($"made elsewhere: {call.Text}");
            }
        }
        return $"{made.Count} objects, below the state root and in cgroups{(t.Site is null ? "" : ", and the user's seat")}";
    }

    private static string MadeElsewhere(Scenario t) =>
        Elsewhere(t, Trace.Of(t, new Command("/bin/sh", "-c", $"cd {t.Directory}; : >beside"), Making, out _));

    private static string ConfigReads(Scenario t, int creations)
    {
        var bundle = t.NewBundle().Shell("while :; do sleep 1; done");
        var config = Path.Combine(bundle.Path, "config.json");
        var reads = new List<Call>();
        string id = "";
        for (var i = 0; i < creations; i++)
        {
            id = t.NewId();
            var made = new Made(t, id, Path.Combine(t.Directory, id + ".out"));
            reads.AddRange(Opens(Trace.OfCreate(t, made, t.Runtime.Prepare(t.Runtime.CreateArguments(id, Path.GetDirectoryName(config)!, [])), "openat,openat2,open")));
        }
        var atCreate = reads.Count;
        foreach (var arguments in new[] { new[] { "start", id }, ["state", id], ["exec", id, "/bin/true"], ["kill", id, "KILL"] })
        {
            reads.AddRange(Opens(Trace.Of(t, t.Runtime.Prepare(arguments), "openat,openat2,open", out _)));
        }
        return reads.Count == 1 && reads.All(r => !r.IsStarter) ? "once, by create" : throw Scenario.Breach($"{atCreate} times by create, {reads.Count - atCreate} times by others");

        IEnumerable<Call> Opens(IEnumerable<Call> calls) => calls.Where(c => !c.Text.Contains("O_PATH", StringComparison.Ordinal) && c.Text.Contains("config.json\"", StringComparison.Ordinal)
            && Regex.IsMatch(c.Text, @"= \d+<" + Regex.Escape(config) + ">"));
    }

    private static string Signals(Scenario t)
    {
        var made = t.StartWaiting();
        var calls = Trace.Of(t, t.Runtime.Prepare("kill", made.Id, "USR1"), "kill,tkill,tgkill,pidfd_send_signal", out var result).ToList();
        result.ShouldExit(0);
        calls.AddRange(Trace.Of(t, t.Runtime.Prepare("kill", made.Id, "KILL"), "kill,tkill,tgkill,pidfd_send_signal", out _));
        // A runtime's own threads signal each other (tgkill to itself).
        var bad = calls.Where(c => c.Name is "kill" or "tkill" || (c.Name == "tgkill" && !c.Text.Contains($"({c.Pid}<", StringComparison.Ordinal))).ToList();
        return bad.Count == 0 ? $"{calls.Count(c => c.Name == "pidfd_send_signal")} by pidfd" : throw Scenario.Breach(bad[0].Text);
    }

    private static string CommandLines(Scenario t, bool careless)
    {
        const string canary = "canary-77c1";
        var made = t.Start(t.NewBundle().WithEnvironment($"SECRET={canary}").Shell($"echo ready; : {canary}; while :; do sleep 1; done")).WaitFor("ready");
        using var other = careless ? new Command("/bin/sleep", "30").Start() : null;
        using var careful = careless ? new Command("/bin/sh", "-c", $": {canary}; sleep 30; :").Start() : null;
        var lines = LeakGate.Processes().Where(p => p != made.Pid && ProcFs.Parent(p) != made.Pid).Select(ProcFs.CommandLine).ToList();
        var strange = lines.Where(l => l.Contains(canary, StringComparison.Ordinal) || l.Contains(t.Directory, StringComparison.Ordinal)).ToList();
        return strange.Count == 0 ? $"{string.Join(", ", lines.Distinct())}" : throw Scenario.Breach(strange[0]);
    }

    private static string Runtime(Scenario t)
    {
        var bundle = t.NewBundle().Shell("while :; do sleep 1; done");
        var id = t.NewId();
        var made = new Made(t, id, Path.Combine(t.Directory, id + ".out"));
        var calls = Trace.OfCreate(t, made, t.Runtime.Prepare(t.Runtime.CreateArguments(id, bundle.Path, [])), "openat,open,openat2,socket,connect,bind");
        // Whose subordinate ids they are is asked by name (docs/decisions/0018), by the engine and by newuidmap.
        var names = t.Column.Name == "rootless" ? "" : @"nsswitch|""/etc/passwd""|";
        var bad = calls.Where(c => Regex.IsMatch(c.Text, names + @"icudt|libicu|/locale|resolv\.conf|""/etc/hosts""|perf-\d|dotnet-diagnostic|createdump|AF_INET") && !c.IsStarter && !c.Comm.StartsWith("newuidmap", StringComparison.Ordinal) && !c.Comm.StartsWith("newgidmap", StringComparison.Ordinal)).ToList();
        if (bad.Count > 0)
        {
            throw Scenario.Breach($"{bad[0].Comm}: {bad[0].Text}");
        }
        var masters = LeakGate.Processes().Where(p => ProcFs.CommandLine(p).StartsWith("engine master", StringComparison.Ordinal)).ToList();
        foreach (var master in masters)
        {
            _ = Diagnostics(master);
        }
        return $"{calls.Count} files and sockets, {masters.Count} masters, nothing of these";
    }

    private static string Diagnostics(int pid)
    {
        var found = Directory.EnumerateFileSystemEntries("/tmp", $"*-{pid}-*").Where(f => f.Contains("dotnet", StringComparison.Ordinal)).ToList();
        return found.Count == 0 ? "no socket" : throw Scenario.Breach($"a diagnostics socket: {found[0]}");
    }

    private static string Started(Scenario t, params string[] verbs)
    {
        foreach (var verb in verbs)
        {
            var command = verb == "run" ? t.Runtime.Prepare(t.Runtime.RunArguments(t.NewId(), t.NewBundle().Args("/bin/true").Path, [])) : t.Runtime.Typed(verb);
            var asUser = verb == "run" || t.Column.Caller != 0 ? command : new Command("/usr/bin/setpriv", ["--reuid=54321", "--regid=54321", "--clear-groups", command.Program, .. command.Arguments]).With(command.Environment);
            var calls = Trace.Of(t, asUser, "execve,execveat", out var result);
            Assert.True(result.ExitCode == 0, result.ToString());
            var executed = calls.Where(c => c.Text.EndsWith("= 0", StringComparison.Ordinal)).ToList();
            if (executed.Any(c => c.Text.Contains("starter", StringComparison.Ordinal)))
            {
                throw Scenario.Breach($"{verb} starts the starter");
            }
        }
        return $"{string.Join(", ", verbs)}: one program each";
    }
}
