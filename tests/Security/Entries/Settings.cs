using System.Globalization;
using Engine.Rpc;
using Engine.Rpc.Client;
using Engine.Shared.Linux;

namespace Engine.Tests.Security.Entries;

/// <summary>1E: cgroups, sysctls, names, annotations.</summary>
internal static class Settings
{
    public static Entry[] All { get; } =
    [
        new("E01", "CVE-2023-25809", "the cgroup tree as the payload sees it, with and without a cgroup namespace, and /sys bound read-only",
            "starter/Container/MountAttributes.cs: read-only, with all below it", [Against.Fault("no-readonly")], CgroupTree),
        new("E03", "CVE-2022-0811", "sysctl keys and values in every spelling: dots, slashes, .., blanks, signs, newlines, 4 KiB; keys of the whole machine; namespaces that are the host's",
            "starter/Container/KernelSettings.cs: the text that is checked is the text that is opened; only keys of namespaces of its own", [Against.Fault("sysctl-any")], Sysctls),
        new("E04", "CVE-2024-3154 CVE-2026-94603 CVE-2026-95837 CVE-2026-92574 CVE-2024-8676 CVE-2026-53492", "annotations that make other runtimes do something else",
            "engine/Spec: annotations are copied, never obeyed", [Against.Crun], Annotations),
        new("E05", "", "cgroupsPath and exec --cgroup with .., through links, to others' cgroups",
            "engine/Cgroups: component by component below the hierarchy", [Against.Sample("a path that is cleaned", CleanedPath)], CgroupPaths),
        new("H27", "", "hostname, domainname and their sysctls without a uts namespace, past the engine's own checks",
            "starter/Container/KernelSettings.cs: only in namespaces that this container owns", [Against.Fault("uts-of-host")], HostNames)
        { NotIn = [new("sent to the starter itself, which is the same program", "oci", "userns", "rootless"), new("S05 sends it there", "setuid")] },
        new("S05", "CVE-2026-41163 CVE-2018-19295", "a hostile master: requests of every phase in every other, twice, before Hello, with another build's id",
            "starter/Container/ContainerServer.cs and starter/Server/RpcServer.cs: a table of phases; Hello first, once, of this build", [Against.Fault("any-phase"), Against.Fault("any-build")], HostileMaster)
        { NotIn = [new("sent to the starter itself, which is the same program", "oci", "userns", "rootless"), new("the entry of that workflow sends more", "setuid")] },
    ];

    private static string CgroupTree(Scenario t)
    {
        var seen = new List<string>();
        foreach (var (what, prepare) in new (string, Func<Bundle, Bundle>)[]
                 {
                     ("cgroup ro", b => b.WithMount("/sys/fs/cgroup", "cgroup", "cgroup", "ro", "nosuid", "nodev", "noexec")),
                     ("own namespace", b => b.WithNamespace("cgroup").WithMount("/sys/fs/cgroup", "cgroup", "cgroup", "ro", "nosuid", "nodev", "noexec")),
                     ("bound /sys", b => b.WithoutMount("/sys").WithBind("/sys", "/sys", "rbind", "rro")),
                 })
        {
            var bundle = prepare(t.NewBundle()).Shell("for d in /sys/fs/cgroup /sys/fs/cgroup/*; do mkdir $d/engine-security-made 2>/dev/null && { rmdir $d/engine-security-made; echo written $d; }; done; true");
            var result = t.Run(bundle);
            if (result.Text.Contains("written", StringComparison.Ordinal))
            {
                throw Scenario.Breach($"{what}: {result.Text.Trim()}");
            }
            seen.Add($"{what} {(result.ExitCode == 0 ? "read-only" : "refused")}");
        }
        return string.Join(", ", seen);
    }

    private static string Sysctls(Scenario t)
    {
        // A knob of the whole machine and the value that it has: accepted is seen, but nothing is changed.
        var swappiness = File.ReadAllText("/proc/sys/vm/swappiness").Trim();
        var refused = 0;
        string[] keys =
        [
            "vm.swappiness", "vm/swappiness", "fs.mqueue./../../vm/swappiness", "kernel.msgmax/../../vm/swappiness", "net/../vm/swappiness", "net.ipv4/../../vm/swappiness", "/vm/swappiness", "vm//swappiness", " vm.swappiness",
            "vm.swappiness ", "vm.swappiness\n", "VM.SWAPPINESS", "kernel.shmmax+vm.swappiness", "net", "net.", "", ".", "..", "kernel.msgmax=1", new string('n', 4096), "net." + new string('n', 4096), "user.max_user_namespaces\n",
        ];
        foreach (var key in keys)
        {
            var result = t.Run(t.NewBundle().WithSysctl(key, swappiness).Args("/bin/true"));
            if (result.ExitCode == 0)
            {
                throw Scenario.Breach($"the key '{key}' is taken");
            }
            refused++;
        }
        foreach (var (kind, key) in new[] { ("network", "net.ipv4.ip_forward"), ("ipc", "kernel.msgmax"), ("uts", "kernel.domainname") }.Where(_ => t.Column.Name != "userns"))
        {
            var value = File.ReadAllText("/proc/sys/" + key.Replace('.', '/')).Trim();
            var bundle = t.NewBundle().WithoutNamespace(kind).WithSysctl(key, value).Args("/bin/true");
            bundle.Config.Remove("hostname");
            if (kind == "ipc")
            {
                bundle.WithoutMount("/dev/mqueue");
            }
            if (t.Run(bundle).ExitCode == 0)
            {
                throw Scenario.Breach($"{key} is set in the host's {kind} namespace");
            }
            refused++;
        }
        if (t.Column.Name == "root")
        {
            // Past the engine's checks.
            var container = Direct(t);
            foreach (var key in new[] { "vm/swappiness", "fs/mqueue/../../vm/swappiness", "kernel/msgmax/../../vm/swappiness", "/vm/swappiness", "net/ipv4/ip_forward" })
            {
                try
                {
                    container.Stage.SetSysctl(key, swappiness).Wait();
                    throw Scenario.Breach($"the starter sets {key}");
                }
                catch (RpcException)
                {
                    refused++;
                }
            }
        }
        return $"{refused} refused";
    }

    private static DirectContainer Direct(Scenario t)
    {
        var rootfs = Path.Combine(t.Directory, "direct-rootfs");
        Rootfs.Create(rootfs);
        var container = t.Owned(new DirectContainer(t.Directory));
        container.Spawn(rootfs);
        return container;
    }

    private static string Annotations(Scenario t)
    {
        var bundle = t.NewBundle().WithUser(t.Column.User, t.Column.User).Probe("id", "caps", "status");
        foreach (var (name, value) in new[]
                 {
                     ("run.oci.keep_original_groups", "1"), ("run.oci.hooks.stdout", "/tmp/x"), ("run.oci.handler", "nothing"), ("run.oci.seccomp_fail_unknown_syscall", "0"), ("run.oci.systemd.subgroup", "../.."),
                     ("org.systemd.property.ExecStopPost", "'/bin/touch /tmp/x'"), ("io.podman.annotations.privileged", "TRUE"), ("io.kubernetes.cri-o.userns-mode", "host"),
                 })
        {
            bundle.WithAnnotation(name, value);
        }
        var command = t.Runtime.Prepare(t.Runtime.RunArguments(t.NewId(), bundle.Path, []));
        var wrapped = new Command("/usr/bin/setpriv", ["--groups", "0,4711", command.Program, .. command.Arguments]);
        foreach (var (name, value) in command.Environment)
        {
            wrapped.Environment[name] = value;
        }
        var result = t.End(wrapped);
        if (result.ExitCode != 0)
        {
            return $"refused: {result.Error}";
        }
        var seen = new ProbeOutput(result.Text);
        var groups = seen["groups"].Split(' ', StringSplitOptions.RemoveEmptyEntries).Order();
        return groups.SequenceEqual(t.Column.KeptGroups.Select(g => g.ToString(CultureInfo.InvariantCulture)).Order()) && seen["no_new_privs"] == "1" ? "the same groups, capabilities and no_new_privs" : throw Scenario.Breach($"an annotation keeps the caller's groups: {seen["groups"]}");
    }

    // The container's cgroups by what /proc says about its first process.
    private static IEnumerable<string> CgroupsOf(int pid) => ProcFs.Read(pid, "cgroup")!.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(l => l.Split(':', 3)[2]);

    private static string CgroupPaths(Scenario t)
    {
        var refused = 0;
        foreach (var path in new[] { "../out", "/../out", "/a/../../out", "a/..", "..", "/a/./b/../c", "/a\nb", "/" + new string('c', 300) })
        {
            var bundle = t.NewBundle().WithCgroupsPath(path.Replace("out", TestRun.Tag + "-out", StringComparison.Ordinal)).Args("/bin/true");
            if (t.Create(bundle) is not { } made)
            {
                refused++;
                continue;
            }
            throw Scenario.Breach($"cgroupsPath '{path}' is taken, as {string.Join(' ', CgroupsOf(made.Pid).Distinct())}");
        }
        var running = t.StartWaiting();
        foreach (var path in new[] { "..", "../..", "/../x", "a/../../..", "/" })
        {
            var result = running.Exec(["--cgroup", path], "/bin/cat", "/proc/self/cgroup");
            if (result.ExitCode == 0 && result.Text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Any(l => !CgroupsOf(running.Pid).Any(c => l.Split(':', 3)[2].StartsWith(c, StringComparison.Ordinal))))
            {
                throw Scenario.Breach($"exec --cgroup {path} is in {result.Text}");
            }
            refused += result.ExitCode == 0 ? 0 : 1;
        }
        return $"{refused} refused, none outside";
    }

    private static string CleanedPath(Scenario t) =>
        Path.GetFullPath("/engine/container/../../out") is var cleaned && cleaned.StartsWith("/engine/container", StringComparison.Ordinal) ? cleaned : throw Scenario.Breach($"cleaned, the path is {cleaned}");

    private static string HostNames(Scenario t)
    {
        var host = System.Environment.MachineName;
        var rootfs = Path.Combine(t.Directory, "direct-rootfs");
        Rootfs.Create(rootfs);
        var container = t.Owned(new DirectContainer(t.Directory));
        container.Supervisor.Hello().Wait();
        container.Supervisor.SaveState("\"ociVersion\":\"1.0.2\""u8, default).Wait();
        var root = container.Source(rootfs);
        container.Supervisor.Spawn(new Engine.Rpc.Client.SpawnRequest { Namespaces = sched_h.CLONE_NEWNS | sched_h.CLONE_NEWPID }).Wait();
        container.Stage.Hello().Wait();
        container.Stage.AttachRoot(root, mount_h.MS_SLAVE).Wait();
        foreach (var request in new Func<Pending>[] { () => container.Stage.SetHostname(host), () => container.Stage.SetDomainname("(none)"), () => container.Stage.SetSysctl("kernel/hostname", host) })
        {
            try
            {
                request().Wait();
                throw Scenario.Breach("a name of the host's was set (to what it was)");
            }
            catch (RpcException)
            {
            }
        }
        return "three refused";
    }

    private static string HostileMaster(Scenario t)
    {
        var refused = 0;
        void Refused(string what, Func<Pending> request)
        {
            try
            {
                request().Wait();
            }
            catch (RpcException)
            {
                refused++;
                return;
            }
            throw Scenario.Breach($"{what} is served");
        }
        var rootfs = Path.Combine(t.Directory, "direct-rootfs");
        Rootfs.Create(rootfs);
        var container = t.Owned(new DirectContainer(t.Directory));
        container.Supervisor.Hello().Wait();
        container.Supervisor.SaveState("\"ociVersion\":\"1.0.2\""u8, default).Wait();
        var root = container.Source(rootfs);
        container.Supervisor.Spawn(new Engine.Rpc.Client.SpawnRequest { Namespaces = DirectContainer.Namespaces }).Wait();
        container.Stage.Hello().Wait();
        Refused("MountFilesystem without a root", () => container.Mount("tmpfs", "/tmp"));
        Refused("CreateDirectory without a root", () => container.Stage.CreateDirectory("/made", 0x1ed));
        Refused("CreateSymlink without a root", () => container.Stage.CreateSymlink("x", "/made", false));
        Refused("MaskPath without a root", () => container.Stage.MaskPath("/proc"));
        Refused("EnterRoot without a root", () => container.Stage.EnterRoot(0, false));
        Refused("Finish without a process", () => container.Stage.Finish());
        Refused("Start before it is created", () => container.Supervisor.Start());
        container.Stage.AttachRoot(root, mount_h.MS_SLAVE).Wait();
        Refused("AttachRoot twice", () => container.Stage.AttachRoot(root, mount_h.MS_SLAVE));
        Refused("Spawn twice", () => Spawn(container));
        container.Stage.EnterRoot(0, false).Wait();
        Refused("EnterRoot twice", () => container.Stage.EnterRoot(0, false));
        Refused("Finish before PrepareProcess", () => container.Stage.Finish());
        // A peer of another build, from its first word.
        var stranger = t.Owned(new DirectContainer(t.Directory));
        using var channel = new Engine.Rpc.Transport.FdChannel(stranger.Supervisor.Connection.Socket);
        // [0, 0, "Hello", [version, build]]
        channel.Send([0x94, 0, 0, 0xa5, .. "Hello"u8, 0x92, (byte)Engine.Shared.Protocol.Limits.Version, 0xb3, .. "engine-of-tomorrow"u8, 0]);
        using var answer = channel.Receive() ?? throw Scenario.Breach("no answer to another build's Hello");
        // [1, 0, error, result]: nil is no error.
        if (answer.Bytes[3] == 0xc0)
        {
            throw Scenario.Breach("another build's Hello is served");
        }
        refused++;
        return $"{refused} refused";
    }

    private static Pending Spawn(DirectContainer container) => container.Supervisor.Spawn(new Engine.Rpc.Client.SpawnRequest { Namespaces = DirectContainer.Namespaces });
}
