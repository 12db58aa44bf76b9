using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace Engine.Tests.Security.Entries;

/// <summary>What the engine believes, makes, checks and removes: seen in traces, and by changing what it might believe.</summary>
internal static class Conduct
{
    private const int Stranger = 54321;

    private const string Making = "openat,openat2,mkdirat,mknodat,symlinkat,linkat,mkdir,mknod,symlink,link,creat,open,bind";

    public static Entry[] All { get; } =
    [
        new("S03", "CVE-2019-12439", "everything that a creation makes, against the directories that everybody writes to",
            "starter and engine: the state directory, the log and cgroups; mounts are made detached, without a place", [Against.Sample("a program that uses /tmp", SharedMade)], SharedDirectories),
        new("S03", "CVE-2019-12439", "/run/engine-users is there already: another user's, a link, a FIFO, a file",
            "starter/Policy/TrustedPath.cs: root's alone, without a link", [Against.Fault("trust-anything", "setuid")], PlantedSeats)
        { NotIn = SetuidStarter.Only },
        new("S09", "CVE-2019-19724 CVE-2020-25039 CVE-2020-25040", "a caller with umask 0: modes of everything in the state directory, and another user who looks",
            "starter/Stages/Stage0Entry.cs: a umask of its own; engine/State: 0700", [Against.Runc], OpenUmask),
        new("E06", "CVE-2026-94603 CVE-2026-95837 CVE-2026-92574 CVE-2024-8676 CVE-2026-53492", "after create the bundle's config, the copy in the state directory and files of the image say other ids, programs, masks and no_new_privs",
            "engine/Lifecycle: what create has read is what start starts; content of an image is never read", [Against.Sample("the config is changed before create", t => Content(t, before: true))], t => Content(t, before: false)),
        new("I05", "CVE-2021-33622", "each call of the starter that gives or takes rights fails, one after the other: the payload is as it was asked for, or there is none",
            "starter: every result is looked at", [Against.Fault("unchecked")], Failing)
        { NotIn = [new("the same starter; tests/Faults makes calls fail in these workflows", "oci", "userns", "rootless", "setuid")] },
        new("I09", "", "no_new_privs, against the first thing that is received and the programs that are executed",
            "starter/Stages/Stage0Entry.cs: before a byte of a request; starter/Stages/Stage7Drop.cs: before execveat", [Against.Fault("late-no-new-privs", "setuid"), Against.Fault("no-new-privs-forgotten", "oci")], EarlyNoNewPrivileges)
        { NotIn = [new("nothing but the payload is executed, whose no_new_privs is the config's", "root", "userns", "rootless")] },
        new("I21", "", "what the starter reads in the state directory, in exec and kill",
            "starter: writes the record, and is told everything by its client", [Against.Sample("a program that looks there", t => StateReads(t, careless: true))], t => StateReads(t, careless: false)),
        new("I24", "", "what the supervisor removes, unmounts and renames, and by which names",
            "starter/Supervisor: single names in directories that it holds, and names below a hierarchy of cgroups", [Against.Sample("a program that removes a path", t => Removed(t, careless: true))], t => Removed(t, careless: false)),
    ];

    private static readonly string[] s_shared = ["/tmp/", "/var/tmp/", "/dev/shm/", "/run/lock/", "/dev/mqueue/"];

    // Absolute names of what a call makes.
    private static IEnumerable<string> Places(IEnumerable<Call> calls)
    {
        foreach (var call in calls.Where(c => c.Name is not ("openat" or "openat2" or "open") || c.Text.Contains("O_CREAT", StringComparison.Ordinal) || c.Text.Contains("O_TMPFILE", StringComparison.Ordinal)))
        {
            var name = Regex.Match(call.Text, "\"([^\"]*)\"").Groups[1].Value;
            var directory = Regex.Match(call.Text, @"^\w+\((?:AT_FDCWD|\d+)<([^>]*)>").Groups[1].Value;
            yield return name.StartsWith('/') ? name : $"{directory}/{name}";
        }
    }

    private static string Judged(Scenario t, IReadOnlyList<Call> calls)
    {
        var places = Places(calls).ToList();
        var shared = places.Where(p => s_shared.Any(s => p.StartsWith(s, StringComparison.Ordinal)) && !p.StartsWith(t.Directory + "/", StringComparison.Ordinal)).ToList();
        Assert.NotEmpty(places);
        return shared.Count == 0 ? $"{places.Count} objects, none in a shared directory" : throw Scenario.Breach($"made in a shared directory: {shared[0]}");
    }

    private static string SharedDirectories(Scenario t)
    {
        var id = t.NewId();
        var made = new Made(t, id, Path.Combine(t.Directory, id + ".out"));
        return Judged(t, Trace.OfCreate(t, made, t.Runtime.Prepare(t.Runtime.CreateArguments(id, t.NewBundle().Args("/bin/true").Path, [])), Making));
    }

    private static string SharedMade(Scenario t)
    {
        var path = $"/var/tmp/{Path.GetFileName(t.Directory)}-beside";
        try
        {
            return Judged(t, Trace.Of(t, new Command("/bin/sh", "-c", $": >{path}"), Making, out _));
        }
        finally
        {
            File.Delete(path);
        }
    }

    private static string PlantedSeats(Scenario t)
    {
        var bundle = t.NewBundle().Args("/bin/true").Path;
        CommandResult Planted(string plant)
        {
            var command = t.Runtime.Prepare(t.Runtime.RunArguments(t.NewId(), bundle, []));
            // A /run of the command's own.
            return t.End(new Command("/usr/bin/unshare", ["--mount", "--propagation", "private", "/bin/sh", "-c", $"mount -t tmpfs -o mode=755 tmpfs /run; {plant}; exec \"$@\"", "sh", command.Program, .. command.Arguments])
                .With(command.Environment));
        }
        Planted("true").ShouldExit(0);
        var count = 0;
        foreach (var plant in new[]
                 {
                     $"mkdir /run/engine-users; chown {Stranger}:{Stranger} /run/engine-users; chmod 777 /run/engine-users", $"ln -s {t.Out.Path} /run/engine-users", "mkfifo /run/engine-users", ": >/run/engine-users",
                     "mkdir -m 777 /run/engine-users; chmod 777 /run/engine-users", $"chown {Stranger}:{Stranger} /run",
                 })
        {
            if (Planted(plant).ExitCode == 0)
            {
                throw Scenario.Breach($"a seat is taken there: {plant}");
            }
            t.ShouldBeClean();
            count++;
        }
        return $"{count} refused";
    }

    private static string OpenUmask(Scenario t)
    {
        var made = t.NewId();
        var output = new Made(t, made, Path.Combine(t.Directory, made + ".out"));
        var command = output.Wrapped(t.Runtime.Prepare(t.Runtime.CreateArguments(made, t.NewBundle().Args("/bin/true").Path, [])));
        t.End(new Command("/bin/sh", ["-c", "umask 0; exec \"$@\"", "sh", command.Program, .. command.Arguments]).With(command.Environment)).ShouldExit(0);
        var directory = Path.Combine(t.Runtime.Root, made);
        var names = Directory.EnumerateFileSystemEntries(directory).Append(directory).ToList();
        foreach (var name in names)
        {
            // A socket is reached through its directory.
            var mode = (int)File.GetUnixFileMode(name);
            if (name == directory ? (mode & 0b000_111_111) != 0 : (mode & 0b000_010_010) != 0)
            {
                throw Scenario.Breach($"{Path.GetFileName(name)} has mode {Convert.ToString(mode, 8)}");
            }
            if (name != directory && new Command("/usr/bin/setpriv", $"--reuid={Stranger}", $"--regid={Stranger}", "--clear-groups", "/usr/bin/stat", name).Run().ExitCode == 0)
            {
                throw Scenario.Breach($"another user sees {Path.GetFileName(name)}");
            }
        }
        return $"{names.Count} names, the directory 0700";
    }

    private static void Relax(string file)
    {
        if (JsonNode.Parse(File.ReadAllText(file)) is not JsonObject config || config["process"] is not JsonObject process)
        {
            return;
        }
        process["user"] = new JsonObject { ["uid"] = 0, ["gid"] = 0 };
        process["noNewPrivileges"] = false;
        process["args"] = BundleDefaults.Strings("/probe", "id", "status");
        config["linux"]!["maskedPaths"] = BundleDefaults.Strings();
        File.WriteAllText(file, config.ToJsonString());
    }

    private static string Content(Scenario t, bool before)
    {
        string Confined(Action<Bundle, string> change)
        {
            var bundle = t.NewBundle().WithUser(t.Column.User, t.Column.User).Shell("/probe id caps status; cut -d' ' -f5,6 /proc/self/mountinfo; for n in pid net ipc uts; do [ $(readlink /proc/self/ns/$n) = $(readlink /proc/1/ns/$n) ] && echo $n; done; echo end");
            var path = bundle.Path;
            if (before)
            {
                change(bundle, "");
            }
            var id = t.NewId();
            var made = new Made(t, id, Path.Combine(t.Directory, id + ".out"));
            t.End(made.Wrapped(t.Runtime.Prepare(t.Runtime.CreateArguments(id, path, [])))).ShouldExit(0);
            if (!before)
            {
                change(bundle, id);
            }
            made.Start().WaitFor(before ? "no_new_privs" : "end");
            made.WaitForEnd();
            // What the engine itself says has the container's id, and mounts come in the order of their numbers, which are anything.
            return Sorted(string.Join('\n', made.Output.Split('\n').Where(l => !l.Contains("warning", StringComparison.Ordinal))));
        }
        var plain = Confined((_, _) => { });
        var changed = Confined((bundle, id) =>
        {
            var directory = Path.GetDirectoryName(bundle.Rootfs)!;
            foreach (var file in new[] { Path.Combine(directory, "config.json"), Path.Combine(t.Runtime.Root, id, "config.json") }.Where(File.Exists))
            {
                Relax(file);
            }
            // What other formats call the settings of an image.
            foreach (var name in new[] { "config.json", ".singularity.d/env/00.sh", "manifest.json", "etc/containers/containers.conf", "run/.containerenv" })
            {
                bundle.WithFile("/" + name, "{\"process\":{\"user\":{\"uid\":0}},\"privileged\":true}\n");
            }
        });
        return plain == changed ? "the same ids, capabilities and mounts" : throw Scenario.Breach($"as the changed content says: {Difference(plain, changed)}");
    }

    private static readonly string[] s_rights = ["setresuid", "setresgid", "setgroups", "capset", "prctl", "seccomp", "mount_setattr", "move_mount", "open_tree", "fsmount", "fsconfig", "umount2", "pivot_root", "close_range", "setsid", "mknodat", "fchdir", "chdir"];

    private static string Failing(Scenario t)
    {
        Bundle Asked() => t.NewBundle().WithUser(1000, 1000, 5).WithReadonlyRoot().WithBind(t.NewDirectory("bound"), "/bound", "bind", "ro", "nosuid", "nodev", "noexec")
            .Shell("/probe id caps status fds; cut -d' ' -f4-7 /proc/self/mountinfo; touch /bound/x /etc/x 2>&1; cat /proc/timer_list | wc -c; ls -A /proc/acpi | wc -l");
        // Places and numbers differ, and strace has a filter of its own.
        string Seen(CommandResult result) => Sorted(Regex.Replace(result.Text, @"/\S*/bundle\d+/|\[\d+\]|(?<=master:)\d+|^seccomp.*$", "", RegexOptions.Multiline));
        var wanted = Seen(t.Run(Asked()).ShouldExit(0));
        var (ran, refused) = (0, 0);
        var file = Path.Combine(t.Directory, "trace");
        foreach (var call in s_rights)
        {
            for (var n = 1; n < 60; n += t.Long || n < 3 || call == "mount_setattr" ? 1 : 4)
            {
                var command = t.Runtime.Prepare(t.Runtime.RunArguments(t.NewId(), Asked().Path, []));
                var result = t.End(new Command(Installation.Find("strace")!, ["-f", "-Y", .. Trace.Fast(t), "-qq", "-o", file, "-e", "signal=none", "-e", "trace=" + call, "-e",
                    string.Create(CultureInfo.InvariantCulture, $"inject={call}:error=EPERM:when={n}"), command.Program, .. command.Arguments]).With(command.Environment), 30);
                if (!File.ReadLines(file).Any(l => l.Contains("(INJECTED)", StringComparison.Ordinal)))
                {
                    break;
                }
                // What the payload says in part was said by a payload, too.
                if (result.Text.Length > 0 && Seen(result) != wanted)
                {
                    throw Scenario.Breach($"{call} {n} fails, and the payload is another: {Difference(wanted, Seen(result))}");
                }
                _ = result.Text.Length > 0 ? ran++ : refused++;
            }
        }
        Assert.True(refused > 20, $"{refused} refused");
        return $"{refused} failures end it, {ran} change nothing";
    }

    private static string Sorted(string text) => string.Join('\n', text.Split('\n').Order(StringComparer.Ordinal));

    private static string Difference(string wanted, string seen)
    {
        // A line that is there twice is two lines.
        static string[] Lines(string text) => [.. text.Split('\n').GroupBy(l => l).SelectMany(g => g.Select((l, i) => i == 0 ? l : $"{l} (again)"))];
        var (one, other) = (Lines(wanted), Lines(seen));
        return $"'{string.Join("; ", other.Except(one).Take(3))}' for '{string.Join("; ", one.Except(other).Take(3))}'";
    }

    private static string EarlyNoNewPrivileges(Scenario t)
    {
        var id = t.NewId();
        var made = new Made(t, id, Path.Combine(t.Directory, id + ".out"));
        var calls = Trace.OfCreate(t, made, t.Runtime.Prepare(t.Runtime.CreateArguments(id, t.NewBundle().Args("/bin/true").Path, [])), "prctl,recvmsg,execve,execveat,clone3").Where(c => c.IsStarter).ToList();
        var set = calls.Where(c => c.Name == "prctl" && c.Text.Contains("PR_SET_NO_NEW_PRIVS, 1", StringComparison.Ordinal) && c.Text.TrimEnd().EndsWith("= 0", StringComparison.Ordinal)).ToList();
        if (t.Site is not null)
        {
            // Everything else comes from this process, and has it.
            var first = calls.FindIndex(c => c.Name == "recvmsg");
            Assert.True(first >= 0, "the starter receives nothing");
            return set.Count > 0 && calls.IndexOf(set[0]) < first ? "before the first message" : throw Scenario.Breach("a message is received without it");
        }
        var executed = calls.Where(c => c.Name is "execve" or "execveat" && c.Text.TrimEnd().EndsWith("= 0", StringComparison.Ordinal)).ToList();
        Assert.NotEmpty(executed);
        var without = executed.Where(c => !set.Any(s => s.Pid == c.Pid && calls.IndexOf(s) < calls.IndexOf(c))).ToList();
        return without.Count == 0 ? $"before each of {executed.Count} programs" : throw Scenario.Breach($"executed without it: {without[0].Text}");
    }

    private static string StateReads(Scenario t, bool careless)
    {
        var made = t.StartWaiting();
        var calls = new List<Call>();
        foreach (var arguments in new[] { new[] { "exec", made.Id, "/bin/true" }, ["kill", made.Id, "KILL"] })
        {
            calls.AddRange(Trace.Of(t, t.Runtime.Prepare(arguments), "openat,openat2,open,readlinkat,pread64,execve", out var result).Where(c => c.IsStarter));
            result.ShouldExit(0);
        }
        Assert.NotEmpty(calls);
        if (careless)
        {
            calls = [.. Trace.Of(t, new Command("/bin/cat", Path.Combine(t.Runtime.Root, made.Id, "state.json")), "openat,openat2,open", out _)];
        }
        var read = calls.Where(c => c.Name is "openat" or "openat2" or "open" && Regex.IsMatch(c.Text, "= \\d+<" + Regex.Escape(t.Runtime.Root)) && !c.Text.Contains("O_PATH", StringComparison.Ordinal)
            && !c.Text.Contains("O_WRONLY", StringComparison.Ordinal) && !c.Text.Contains("O_DIRECTORY", StringComparison.Ordinal)).ToList();
        return read.Count == 0 ? $"{calls.Count} calls, nothing read there" : throw Scenario.Breach($"read: {read[0].Text}");
    }

    private static string Removed(Scenario t, bool careless)
    {
        const string removing = "unlink,unlinkat,rmdir,umount2,rename,renameat,renameat2";
        var bundle = t.NewBundle().Args("/bin/true");
        var command = careless ? new Command("/bin/rm", t.File("removed", "")) : t.Runtime.Prepare(t.Runtime.RunArguments(t.NewId(), bundle.Path, []));
        var calls = Trace.Of(t, command, removing, out var result).Where(c => careless || (c.IsStarter && c.Comm != "starter:[4:con]")).ToList();
        result.ShouldExit(0);
        foreach (var call in calls)
        {
            // unlinkat(5<directory>, "name", …): the directory is one that is held.
            var name = Regex.Match(call.Text, "\"([^\"]*)\"").Groups[1].Value;
            if (call.Text.Contains("AT_FDCWD", StringComparison.Ordinal) || call.Name is "unlink" or "rmdir" or "umount2" or "rename" || (name.Contains('/', StringComparison.Ordinal) && !call.Text.Contains("</sys/fs/cgroup", StringComparison.Ordinal)))
            {
                throw Scenario.Breach($"by a path: {call.Text}");
            }
        }
        return $"{calls.Count} calls, each of a name in a directory that is held";
    }
}
