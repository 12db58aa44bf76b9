namespace Engine.Tests.Conformance.Entries;

/// <summary>config-linux.md#seccomp: actions, errno values, arguments.</summary>
internal static class Seccomp
{
    // umask: any argument is good, and nothing depends on it here.
    private const string Umask = "95";

    // Operator, value, valueTwo; an argument that matches and one that does not.
    private static readonly (string Operator, ulong Value, ulong ValueTwo, ulong Hit, ulong Miss)[] Operators =
    [
        ("SCMP_CMP_EQ", 5, 0, 5, 6),
        ("SCMP_CMP_NE", 5, 0, 6, 5),
        ("SCMP_CMP_LT", 5, 0, 4, 5),
        ("SCMP_CMP_LE", 5, 0, 5, 6),
        ("SCMP_CMP_GE", 5, 0, 5, 4),
        ("SCMP_CMP_GT", 5, 0, 6, 5),
        // For a masked comparison value is the mask and valueTwo what must come out.
        ("SCMP_CMP_MASKED_EQ", 0xf0, 0x50, 0x5a, 0x6a),
    ];

    // Action, what the payload's umask then does: the exit code of the container, and the printed result where it ends well.
    private static readonly (string Action, int ExitCode, string Result)[] Actions =
    [
        ("SCMP_ACT_ALLOW", 0, "ok"),
        ("SCMP_ACT_LOG", 0, "ok"),
        ("SCMP_ACT_ERRNO", 0, "EPERM"),
        ("SCMP_ACT_TRACE", 0, "ENOSYS"),
        ("SCMP_ACT_TRAP", 159, ""),
        ("SCMP_ACT_KILL", 159, ""),
        ("SCMP_ACT_KILL_THREAD", 159, ""),
        ("SCMP_ACT_KILL_PROCESS", 159, ""),
    ];

    public static Entry[] All { get; } =
    [
        .. Actions.Select(row => new Entry($"seccomp.action.{row.Action}", "config-linux.md#seccomp", $"{row.Action} on a system call", t =>
        {
            var container = t.Start(With(t, Profile("SCMP_ACT_ALLOW", Rule(row.Action, ["umask"]))).Probe("syscall", Umask, "5"));
            Assert.Equal(row.ExitCode, container.WaitForEnd());
            Assert.Equal(row.Result.Length > 0 ? $"syscall {row.Result}\n" : "", container.Output);
        })),
        .. Operators.Select(row => new Entry($"seccomp.operator.{row.Operator}", "config-linux.md#seccomp", $"{row.Operator} compares an argument", t =>
        {
            var profile = Profile("SCMP_ACT_ALLOW", Rule("SCMP_ACT_ERRNO", ["umask"], null, (0, row.Value, row.ValueTwo, row.Operator)));
            Assert.Equal("EPERM", Call(t, profile, row.Hit));
            Assert.Equal("ok", Call(t, profile, row.Miss));
        })),
        new("seccomp.operator.64-bit", "config-linux.md#seccomp", "all 64 bits of an argument are compared", t =>
        {
            var profile = Profile("SCMP_ACT_ALLOW", Rule("SCMP_ACT_ERRNO", ["umask"], null, (0, 0x1_0000_0005, 0, "SCMP_CMP_EQ")));
            Assert.Equal("EPERM", Call(t, profile, 0x1_0000_0005));
            Assert.Equal("ok", Call(t, profile, 5));
        }),
        new("seccomp.arguments.and", "config-linux.md#seccomp", "several arguments must all match", t =>
        {
            var profile = Profile("SCMP_ACT_ALLOW", Rule("SCMP_ACT_ERRNO", ["umask"], null, (0, 5, 0, "SCMP_CMP_EQ"), (1, 7, 0, "SCMP_CMP_EQ")));
            Assert.Equal("EPERM", Call(t, profile, 5, 7));
            Assert.Equal("ok", Call(t, profile, 5, 8));
        }),
        new("seccomp.errno", "config-linux.md#seccomp", "errnoRet is the error of a rule", t => Assert.Equal("ENOSYS", Call(t, Profile("SCMP_ACT_ALLOW", Rule("SCMP_ACT_ERRNO", ["umask"], 38)), 5))),
        new("seccomp.errno.zero", "config-linux.md#seccomp", "errnoRet 0 skips the call and succeeds", t => Assert.Equal("ok", Call(t, Profile("SCMP_ACT_ALLOW", Rule("SCMP_ACT_ERRNO", ["umask"], 0)), 5))),
        new("seccomp.default-errno", "config-linux.md#seccomp", "defaultErrnoRet is the error of the default action", t =>
        {
            var profile = AllowAllBut("umask");
            profile["defaultErrnoRet"] = 38;
            Assert.Equal("ENOSYS", Call(t, profile, 5));
        }),
        new("seccomp.allow-list", "config-linux.md#seccomp", "a default of ERRNO refuses what the list does not allow", t => Assert.Equal("EPERM", Call(t, AllowAllBut("umask"), 5))),
        new("seccomp.unknown-name", "config-linux.md#seccomp", "a system call that libseccomp does not know is no failure", t =>
            Assert.Equal("EPERM", Call(t, Profile("SCMP_ACT_ALLOW", Rule("SCMP_ACT_ERRNO", ["no_such_call", "umask"])), 5))),
        new("seccomp.no-new-privileges", "config-linux.md#seccomp", "a filter does not set no_new_privs when the config says false", t =>
        {
            var bundle = With(t, Profile("SCMP_ACT_ALLOW", Rule("SCMP_ACT_ERRNO", ["umask"])));
            bundle.Process["noNewPrivileges"] = false;
            var seen = t.Look(bundle.WithUser(1000, 1000), "cat", "/proc/self/status");
            Assert.Contains("NoNewPrivs:\t0", seen.Text, StringComparison.Ordinal);
            Assert.Contains("Seccomp:\t2", seen.Text, StringComparison.Ordinal);
        }),
        new("seccomp.architectures", "config-linux.md#seccomp", "architectures are accepted, the machine's own always covered", t =>
        {
            var profile = Profile("SCMP_ACT_ALLOW", Rule("SCMP_ACT_ERRNO", ["umask"]));
            profile["architectures"] = Scenario.Strings("SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32");
            Assert.Equal("EPERM", Call(t, profile, 5));
        }),
        new("seccomp.flags", "config-linux.md#seccomp", "flags are accepted", t =>
        {
            var profile = Profile("SCMP_ACT_ALLOW", Rule("SCMP_ACT_ERRNO", ["umask"]));
            profile["flags"] = Scenario.Strings("SECCOMP_FILTER_FLAG_LOG", "SECCOMP_FILTER_FLAG_SPEC_ALLOW");
            Assert.Equal("EPERM", Call(t, profile, 5));
        }),
        new("seccomp.flags.unknown", "config-linux.md#seccomp", "a flag that does not exist is refused", t =>
        {
            var profile = Profile("SCMP_ACT_ALLOW", Rule("SCMP_ACT_ERRNO", ["umask"]));
            profile["flags"] = Scenario.Strings("SECCOMP_FILTER_FLAG_NONSENSE");
            t.Refused(With(t, profile).Probe("say", "ran"));
        }),
        new("seccomp.exec", "config-linux.md#seccomp", "the filter holds for an exec process, too", t =>
        {
            var container = t.StartWaiting(With(t, Profile("SCMP_ACT_ALLOW", Rule("SCMP_ACT_ERRNO", ["umask"]))).Probe("say", "ready", "forever"));
            Assert.Equal("EPERM", container.Exec([], "/probe", "syscall", Umask, "5")["syscall"]);
        }),
    ];

    public static JsonObject Profile(string defaultAction, params JsonObject[] rules) => new()
    {
        ["defaultAction"] = defaultAction,
        ["syscalls"] = new JsonArray(rules.Select(r => (JsonNode)r).ToArray()),
    };

    public static JsonObject Rule(string action, string[] names, int? errno = null, params (int Index, ulong Value, ulong ValueTwo, string Operator)[] arguments)
    {
        var rule = new JsonObject { ["names"] = BundleDefaults.Strings(names), ["action"] = action };
        if (errno is { } number)
        {
            rule["errnoRet"] = number;
        }
        if (arguments.Length > 0)
        {
            rule["args"] = new JsonArray(arguments.Select(a => (JsonNode)new JsonObject { ["index"] = a.Index, ["value"] = a.Value, ["valueTwo"] = a.ValueTwo, ["op"] = a.Operator }).ToArray());
        }
        return rule;
    }

    /// <summary>A bundle with this profile; system call numbers in the entries are x86-64's.</summary>
    public static Bundle With(Scenario t, JsonObject profile)
    {
        Scenario.Need(System.Runtime.InteropServices.RuntimeInformation.OSArchitecture == System.Runtime.InteropServices.Architecture.X64, "the system call numbers are x86-64's");
        return t.NewBundle().Edit(c => c["linux"]!["seccomp"] = profile.DeepClone());
    }

    // What umask does under the profile: "ok" or the name of an error.
    private static string Call(Scenario t, JsonObject profile, params ulong[] arguments) =>
        t.Look(With(t, profile), ["syscall", Umask, .. arguments.Select(a => a.ToString(System.Globalization.CultureInfo.InvariantCulture))])["syscall"];

    // What a runtime and the probe need, less one: enough for runc, crun and a static payload.
    private static JsonObject AllowAllBut(string name)
    {
        string[] needed =
        [
            "read", "write", "close", "fstat", "newfstatat", "lseek", "mmap", "mprotect", "munmap", "brk", "rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "ioctl", "readv", "writev",
            "access", "pipe2", "sched_yield", "madvise", "dup", "dup2", "dup3", "nanosleep", "getpid", "sendto", "recvfrom", "sendmsg", "recvmsg", "socket", "clone", "clone3", "vfork", "fork",
            "execve", "execveat", "exit", "exit_group", "wait4", "kill", "uname", "fcntl", "getcwd", "chdir", "fchdir", "readlink", "readlinkat", "umask", "getuid", "getgid", "geteuid", "getegid",
            "setuid", "setgid", "setgroups", "setresuid", "setresgid", "getppid", "setsid", "gettid", "tgkill", "prctl", "arch_prctl", "capget", "capset", "futex", "getdents64", "set_tid_address",
            "clock_gettime", "clock_nanosleep", "epoll_create1", "epoll_ctl", "epoll_wait", "epoll_pwait", "eventfd2", "openat", "openat2", "open", "mknodat", "statx", "sigaltstack", "prlimit64",
            "getrandom", "seccomp", "set_robust_list", "rseq", "close_range", "stat", "lstat", "poll", "ppoll", "sched_getaffinity", "getrlimit", "setrlimit", "pread64", "faccessat2", "statfs", "fstatfs",
            "keyctl", "unlink", "unlinkat", "fchown", "fchmod", "fchownat", "timer_create", "timer_settime", "timer_delete", "pidfd_open", "pidfd_send_signal", "getsockopt", "setfsuid", "setfsgid", "sysinfo",
        ];
        return Profile("SCMP_ACT_ERRNO", Rule("SCMP_ACT_ALLOW", needed.Where(n => n != name).ToArray()));
    }
}
