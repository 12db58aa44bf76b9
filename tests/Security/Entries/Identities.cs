using System.Globalization;

namespace Engine.Tests.Security.Entries;

/// <summary>1D: ids, groups, capabilities.</summary>
internal static class Identities
{
    private const string None = "0000000000000000";

    public static Entry[] All { get; } =
    [
        new("D01", "CVE-2016-3697", "a user of the image's whose name is a number",
            "engine/Spec: numbers are numbers", [Against.Sample("the name wins", t => NumberName(t, "n"))], t => NumberName(t, "")),
        new("D02", "CVE-2016-8867 CVE-2018-10856 CVE-2021-20188", "an ordinary user with capabilities in the bounding and permitted sets alone, with no_new_privs, and a set-uid program after that",
            "starter/Privileges.cs: bounding set, four sets and no_new_privs, each read back", [Against.Fault("bounding-kept"), Against.Fault("no-new-privs-forgotten")], Capabilities) { RefusedBy = ["process.capabilities"] },
        new("D03", "CVE-2022-24769 CVE-2022-29162 CVE-2022-27649 CVE-2022-27650 CVE-2022-27651 CVE-2022-27652 CVE-2025-27612", "inheritable and ambient capabilities of run, exec and exec --cap",
            "starter/Privileges.cs: inheritable is what the config says", [Against.Fault("inheritable")], Inheritable) { RefusedBy = ["process.capabilities"] },
        new("D04", "CVE-2022-2989 CVE-2022-2990 CVE-2022-2995 CVE-2022-36109 CVE-2023-25173", "the caller has supplementary groups, the config others or none; a file that denies a group",
            "starter/Privileges.cs: setgroups to exactly the list, read back", [Against.Fault("groups-kept")], Groups) { RefusedBy = ["process.groups"] },
        new("D06", "CVE-2026-30892 CVE-2024-40635", "exec --user and process.user in every bad form: signs, blanks, hexadecimal, beyond 2^31, 2^32-1, 2^64",
            "engine/Spec and starter/Privileges.cs: -1 is refused, it would mean \"stay root\"", [Against.Crun, Against.Fault("minus-one")], Forms) { RefusedBy = ["process.user"] },
        new("D07", "CVE-2022-4318", "newline and NUL in the environment",
            "engine/Spec: NUL is refused; passwd and group are never written", [Against.Crun], Environment),
        new("S04", "CVE-2020-5291 CVE-2023-38496", "the kernel says that it changed the identity, and did not (strace answers for it)",
            "starter/Privileges.cs: every change is read back, a difference ends the process", [Against.Fault("no-read-back")], Lies),
    ];

    private static string NumberName(Scenario t, string before)
    {
        var number = t.Column.User.ToString(CultureInfo.InvariantCulture);
        var user = before + number;
        var bundle = t.NewBundle();
        File.WriteAllText(bundle.Rootfs + "/etc/passwd", $"root:x:0:0::/root:/bin/sh\n{number}:x:0:0::/:/bin/sh\nn{number}:x:0:0::/:/bin/sh\n");
        var made = t.StartWaiting(bundle);
        var result = made.Exec(["--user", user], "/probe", "id");
        if (result.ExitCode != 0)
        {
            return $"refused: {result.Error}";
        }
        var ids = new ProbeOutput(result.Text)["uid"];
        return ids.StartsWith($"{number} ", StringComparison.Ordinal) ? $"uid {ids}" : throw Scenario.Breach($"--user {user} is uid {ids}");
    }

    private static string Capabilities(Scenario t)
    {
        var set = "CAP_KILL";
        const string kill = "0000000000000020";
        var seen = new ProbeOutput(t.Run(t.NewBundle().WithUser(t.Column.User, t.Column.User).WithCapabilities([set], "bounding", "permitted").Probe("caps", "status")).ShouldExit(0).Text);
        Expect(seen, "bounding", kill);
        Expect(seen, "effective", None);
        Expect(seen, "permitted", None);
        Expect(seen, "ambient", None);
        Expect(seen, "no_new_privs", "1");
        // A set-uid root program gains the bounding set without no_new_privs, nothing with it.
        foreach (var (nnp, uid) in new[] { (true, t.Column.User.ToString(CultureInfo.InvariantCulture)), (false, "0") })
        {
            var bundle = t.NewBundle().WithUser(t.Column.User, t.Column.User).WithCapabilities([set], "bounding").Edit(c => c["process"]!["noNewPrivileges"] = nnp);
            var program = Path.Combine(bundle.Rootfs, "set-uid");
            File.Copy(Installation.Probe, program);
            var owner = t.Column.Root;
            Native.Check(Native.chown(program, owner, owner), "chown");
            File.SetUnixFileMode(program, (UnixFileMode)0b100_111_101_101);
            var after = new ProbeOutput(t.Run(bundle.Probe("exec", "/set-uid", "id", "caps")).ShouldExit(0).Text);
            Expect(after, "effective", nnp ? None : kill);
            if (!after["uid"].Contains(uid, StringComparison.Ordinal))
            {
                throw Scenario.Breach($"no_new_privs {nnp}: uid {after["uid"]}");
            }
        }
        return "sets as configured, nothing through a set-uid program with no_new_privs, the bounding set without";
    }

    private static void Expect(ProbeOutput seen, string name, string value)
    {
        if (seen[name] != value)
        {
            throw Scenario.Breach($"{name} is {seen[name]}, not {value}");
        }
    }

    private static string Inheritable(Scenario t)
    {
        Expect(new ProbeOutput(t.Run(t.NewBundle().Probe("caps")).ShouldExit(0).Text), "inheritable", None);
        var made = t.StartWaiting();
        Expect(new ProbeOutput(made.Exec([], "/probe", "caps").ShouldExit(0).Text), "inheritable", None);
        // engine oci exec has no --cap.
        if (t.Column.Dialect == Dialect.Runc)
        {
            Expect(new ProbeOutput(made.Exec(["--cap", "CAP_NET_RAW"], "/probe", "caps").ShouldExit(0).Text), "inheritable", None);
        }
        var exact = new ProbeOutput(t.Run(t.NewBundle().WithCapabilities(["CAP_KILL"], "bounding", "effective", "permitted", "inheritable").Probe("caps")).ShouldExit(0).Text);
        Expect(exact, "inheritable", "0000000000000020");
        Expect(exact, "ambient", None);
        return "empty unless configured, then exactly that";
    }

    private static string Groups(Scenario t)
    {
        // The caller's own groups: 0, 4711 and 4712.
        Command WithGroups(Command command)
        {
            var wrapped = new Command("/usr/bin/setpriv", ["--groups", "0,4711,4712", command.Program, .. command.Arguments]);
            foreach (var (name, value) in command.Environment)
            {
                wrapped.Environment[name] = value;
            }
            return wrapped;
        }
        Command Running(params uint[] additional) =>
            WithGroups(t.Runtime.Prepare(t.Runtime.RunArguments(t.NewId(), t.NewBundle().WithUser(t.Column.User, t.Column.User, additional).Probe("id").Path, [])));
        void ShouldHave(string what, Command command, params uint[] expected)
        {
            var groups = new ProbeOutput(t.End(command).ShouldExit(0).Text)["groups"].Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(g => uint.Parse(g, CultureInfo.InvariantCulture)).Order();
            if (!groups.SequenceEqual(expected.Order()))
            {
                throw Scenario.Breach($"{what}: groups are '{string.Join(' ', groups)}', not '{string.Join(' ', expected.Order())}'");
            }
        }
        uint[] kept = [.. t.Column.KeptGroups];
        ShouldHave("none in the config", Running(), kept);
        if (t.Column.IsPrivileged)
        {
            ShouldHave("others in the config", Running(44, 5000), 44, 5000);
        }
        else if (t.End(Running(44)).ExitCode == 0)
        {
            throw Scenario.Breach("a group that is not the caller's is taken");
        }
        ShouldHave("exec", WithGroups(t.Runtime.Prepare("exec", t.StartWaiting().Id, "/probe", "id")), kept);
        return $"exactly {(kept.Length == 0 ? "the config's" : "the caller's")}, in run and exec";
    }

    private static string Forms(Scenario t)
    {
        var made = t.StartWaiting();
        var refused = 0;
        foreach (var (form, ids) in new (string, string?)[]
                 {
                     ("1", "1 0"), ("1:2", "1 2"), ("01", null), ("+1", null), ("-1", null), (" 1", null), ("1 ", null), ("0x1", null), ("1a", null), ("1:-1", null), ("1:+2", null),
                     ("2147483648", null), ("4294967294", null), ("4294967295", null), ("4294967296", null), ("4294967295:4294967295", null), ("18446744073709551616", null), ("18446744073709551615", null),
                 })
        {
            var result = made.Exec(["--user", form], "/probe", "id");
            if (result.ExitCode != 0)
            {
                Assert.True(ids is null || !t.Column.IsPrivileged, $"--user {form}: {result}");
                refused++;
                continue;
            }
            var seen = new ProbeOutput(result.Text);
            var (uid, gid) = (seen["uid"].Split(' ')[0], seen["gid"].Split(' ')[0]);
            // What is taken must be what the number says.
            var said = form.Trim().Split(':');
            if (uid != said[0].TrimStart('0').PadLeft(1, '0') && uid != said[0] || (said.Length > 1 && gid != said[1]))
            {
                throw Scenario.Breach($"--user '{form}' is uid {uid} gid {gid}");
            }
        }
        foreach (var uid in new[] { 4294967295, 4294967296 })
        {
            var result = t.Run(t.NewBundle().Edit(c => c["process"]!["user"]!["uid"] = uid).Probe("id"));
            if (result.ExitCode == 0)
            {
                throw Scenario.Breach($"process.user.uid {uid} runs as {new ProbeOutput(result.Text)["uid"]}");
            }
            refused++;
        }
        return $"{refused} refused, the others are the number that they say" + (t.Column.Name == "root" ? Direct(t) : "");
    }

    // Past every check of the engine: the starter itself must know that -1 is no id.
    private static string Direct(Scenario t)
    {
        if (t.Runtime.IsPeer)
        {
            return "";
        }
        var rootfs = Path.Combine(t.Directory, "direct-rootfs");
        Rootfs.Create(rootfs);
        var container = t.Owned(new DirectContainer(t.Directory));
        container.Spawn(rootfs);
        try
        {
            var output = container.RunToEnd(new Engine.Rpc.ProcessDescription { Args = ["/probe", "id"], Env = ["PATH=/bin"], Uid = uint.MaxValue, Gid = uint.MaxValue });
            throw Scenario.Breach($"the starter runs uid 4294967295 as {output}");
        }
        catch (Engine.Rpc.RpcException e)
        {
            return $"; the starter: {e.Message}";
        }
    }

    private static string Environment(Scenario t)
    {
        var bundle = t.NewBundle().WithEnvironment("HOME=/x\nevil:x:0:0::/:/bin/sh").Shell("cat /etc/passwd /etc/group; env");
        var (passwd, group) = (File.ReadAllText(bundle.Rootfs + "/etc/passwd"), File.ReadAllText(bundle.Rootfs + "/etc/group"));
        var result = t.Run(bundle).ShouldExit(0);
        if (File.ReadAllText(bundle.Rootfs + "/etc/passwd") != passwd || File.ReadAllText(bundle.Rootfs + "/etc/group") != group)
        {
            throw Scenario.Breach("the image's passwd or group was written");
        }
        Assert.Contains("evil", result.Text, StringComparison.Ordinal);
        var zero = t.Run(t.NewBundle().WithEnvironment("A=b\0LD_PRELOAD=x").Shell("env"));
        if (zero.ExitCode == 0)
        {
            throw Scenario.Breach($"NUL in the environment is taken, and cut: {zero.Text.Split('\n').FirstOrDefault(l => l.StartsWith("A=", StringComparison.Ordinal))}");
        }
        return "a newline reaches only the payload, NUL is refused";
    }

    private static string Lies(Scenario t)
    {
        var count = 0;
        foreach (var lie in new[] { "setresuid:retval=0", "setresgid:retval=0", "setgroups:retval=0", "capset:retval=0", "capset:retval=0:when=2", "prctl:retval=0", "getresuid:retval=0", "setresuid:error=EAGAIN", "capset:error=EPERM" })
        {
            var bundle = t.NewBundle().Shell("touch /tmp/executed; grep -E '^(Uid|Gid|Groups|Cap|NoNew)' /proc/self/status >/tmp/executed");
            if (t.Column.IsPrivileged)
            {
                bundle.WithUser(t.Column.User, t.Column.User, 5, 6).WithCapabilities(["CAP_KILL"]);
            }
            var made = t.Create(bundle) ?? throw new InvalidOperationException("create failed");
            var pid = made.Pid.ToString(CultureInfo.InvariantCulture);
            using var kernel = new Command(Installation.Find("strace")!, "-f", "-o", "/dev/null", "-p", pid, "-e", "inject=" + lie).Start();
            Eventually.True(() => ProcFs.Status(made.Pid, "TracerPid") is not (null or "0"), "strace is attached");
            _ = made.TryStart();
            made.WaitForEnd();
            var evidence = bundle.Rootfs + "/tmp/executed";
            // In the set-uid workflow some of the calls are not made: then the payload is exactly the caller, which is what was asked for.
            if (File.Exists(evidence) && !(t.Site is not null && IsCaller(t, File.ReadAllText(evidence))))
            {
                throw Scenario.Breach($"{lie}: executed as {string.Join(' ', File.ReadAllText(evidence).Split('\n').Take(3)).Replace('\t', ' ')}");
            }
            count++;
        }
        return $"{count} lies and errors: never executed{(t.Site is null ? "" : ", or as the caller")}";
    }

    private static bool IsCaller(Scenario t, string status)
    {
        var lines = status.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(l => l.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)).ToDictionary(w => w[0], w => w[1..]);
        var own = t.Column.Caller.ToString(CultureInfo.InvariantCulture);
        return new[] { "Uid:", "Gid:" }.All(n => lines[n].All(i => i == own))
            && lines["Groups:"].Select(g => uint.Parse(g, CultureInfo.InvariantCulture)).Order().SequenceEqual(t.Column.KeptGroups.Order())
            && lines.Where(l => l.Key.StartsWith("Cap", StringComparison.Ordinal)).All(l => l.Value[0] == None) && lines["NoNewPrivs:"][0] == "1";
    }
}
