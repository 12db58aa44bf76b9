using Engine.Diagnostics;
using Engine.Spec;

namespace Engine.Tests.Unit.Spec;

/// <summary>Each row breaks one thing in a configuration that is fine, and names where the error must be.</summary>
public class ValidatorTests
{
    [Fact]
    public void The_runnable_example_has_no_error_and_no_warning()
    {
        var findings = Validator.Validate(Documents.Runnable(), HostFacts.None);
        Assert.Empty(findings.Errors);
        Assert.Empty(findings.Warnings);
    }

    private static readonly IdMapping OneId = new() { ContainerId = 0, HostId = 1000, Size = 1 };

    private static readonly Dictionary<string, (string Path, Action<RuntimeSpec> Break)> Rows = new()
    {
        ["version 0.x"] = ("ociVersion", s => s.OciVersion = "0.5.0-dev"),
        ["version 2"] = ("ociVersion", s => s.OciVersion = "2.0.0"),
        ["version nonsense"] = ("ociVersion", s => s.OciVersion = "latest"),
        ["version short"] = ("ociVersion", s => s.OciVersion = "1.0"),
        ["version zero"] = ("ociVersion", s => s.OciVersion = "1.02.0"),
        ["version empty pre"] = ("ociVersion", s => s.OciVersion = "1.0.0-"),
        ["root missing"] = ("root", s => s.Root = null),
        ["root empty"] = ("root.path", s => s.Root!.Path = ""),
        ["root too long"] = ("root.path", s => s.Root!.Path = new string('a', 4096)),
        ["hostname on the host"] = ("hostname", s => (s.Domainname, s.Linux!.Namespaces) = (null, Without(s, "uts"))),
        ["domainname on the host"] = ("domainname", s => (s.Hostname, s.Linux!.Namespaces) = (null, Without(s, "uts"))),
        ["hostname too long"] = ("hostname", s => s.Hostname = new string('é', 33)),
        ["process missing"] = ("process", s => s.Process = null),
        ["args empty"] = ("process.args", s => s.Process!.Args = []),
        ["args[0] empty"] = ("process.args[0]", s => s.Process!.Args = ["", "a"]),
        ["argument too long"] = ("process.args[1]", s => s.Process!.Args = ["a", new string('a', 131072)]),
        ["env without ="] = ("process.env[1]", s => s.Process!.Env = ["A=", "PATH"]),
        ["env without key"] = ("process.env[0]", s => s.Process!.Env = ["=a"]),
        ["cwd relative"] = ("process.cwd", s => s.Process!.Cwd = "tmp"),
        ["cwd empty"] = ("process.cwd", s => s.Process!.Cwd = ""),
        ["console too large"] = ("process.consoleSize.width", s => s.Process!.ConsoleSize = new() { Height = 1, Width = 65536 }),
        ["uid -1"] = ("process.user.uid", s => (s.Process!.User.Uid, s.Linux!.UidMappings, s.Linux.GidMappings, s.Linux.Namespaces) = (uint.MaxValue, [], [], Without(s, "user"))),
        ["gid -1"] = ("process.user.gid", s => (s.Process!.User.Gid, s.Linux!.UidMappings, s.Linux.GidMappings, s.Linux.Namespaces) = (uint.MaxValue, [], [], Without(s, "user"))),
        ["group -1"] = ("process.user.additionalGids[1]", s => (s.Process!.User.AdditionalGids, s.Linux!.UidMappings, s.Linux.GidMappings, s.Linux.Namespaces) = ([1, uint.MaxValue], [], [], Without(s, "user"))),
        ["umask"] = ("process.user.umask", s => s.Process!.User.Umask = 512),
        ["oom score"] = ("process.oomScoreAdj", s => s.Process!.OomScoreAdj = -1001),
        ["rlimit unknown"] = ("process.rlimits[0].type", s => s.Process!.Rlimits = [new() { Type = "RLIMIT_FUN", Soft = 1, Hard = 1 }]),
        ["rlimit twice"] = ("process.rlimits[1].type", s => s.Process!.Rlimits = [new() { Type = "RLIMIT_AS", Soft = 1, Hard = 1 }, new() { Type = "RLIMIT_AS", Soft = 1, Hard = 1 }]),
        ["rlimit upside down"] = ("process.rlimits[0].soft", s => s.Process!.Rlimits = [new() { Type = "RLIMIT_AS", Soft = 2, Hard = 1 }]),
        ["hook relative"] = ("hooks.prestart[0].path", s => s.Hooks!.Prestart = [new() { Path = "hook" }]),
        ["hook env"] = ("hooks.createRuntime[0].env[0]", s => s.Hooks!.CreateRuntime = [new() { Path = "/h", Env = ["x"] }]),
        ["hook timeout"] = ("hooks.poststart[0].timeout", s => s.Hooks!.Poststart = [new() { Path = "/h", Timeout = long.MaxValue }]),
        ["namespace twice"] = ("linux.namespaces[1].type", s => s.Linux!.Namespaces = [new() { Type = "mount" }, new() { Type = "mount" }, .. Without(s, "mount")]),
        ["namespace relative"] = ("linux.namespaces[6].path", s => s.Linux!.Namespaces[6].Path = "netns"),
        ["mapping without namespace"] = ("linux.uidMappings", s => (s.Linux!.GidMappings, s.Linux.Namespaces) = ([], Without(s, "user"))),
        ["mapping missing"] = ("linux.gidMappings", s => s.Linux!.GidMappings = []),
        ["mapping without root"] = ("linux.uidMappings", s => s.Linux!.UidMappings = [new() { ContainerId = 1, HostId = 1000, Size = 5000 }]),
        ["mapping empty"] = ("linux.uidMappings[1].size", s => s.Linux!.UidMappings = [.. s.Linux.UidMappings, new() { ContainerId = 70000, HostId = 1, Size = 0 }]),
        ["mapping beyond the end"] = ("linux.uidMappings[0]", s => s.Linux!.UidMappings = [new() { ContainerId = 0, HostId = 1, Size = uint.MaxValue }]),
        ["mapping overlaps inside"] = ("linux.gidMappings[1]", s => s.Linux!.GidMappings = [.. s.Linux.GidMappings, new() { ContainerId = 65535, HostId = 1, Size = 1 }]),
        ["mapping overlaps outside"] = ("linux.gidMappings[0]", s => s.Linux!.GidMappings = [.. s.Linux.GidMappings, new() { ContainerId = 70000, HostId = 99999, Size = 2 }]),
        ["uid not mapped"] = ("process.user.uid", s => s.Linux!.UidMappings = [OneId]),
        ["clock without namespace"] = ("linux.timeOffsets", s => s.Linux!.Namespaces = Without(s, "time")),
        ["clock of a joined namespace"] = ("linux.timeOffsets", s => s.Linux!.Namespace("time")!.Path = "/proc/1/ns/time"),
        ["clock unknown"] = ("linux.timeOffsets.realtime", s => s.Linux!.TimeOffsets = new() { ["realtime"] = new() { Secs = 1 } }),
        ["clock nanoseconds"] = ("linux.timeOffsets.boottime.nanosecs", s => s.Linux!.TimeOffsets["boottime"].Nanosecs = 1_000_000_000),
        ["device relative"] = ("linux.devices[0].path", s => s.Linux!.Devices[0].Path = "fuse"),
        ["device without number"] = ("linux.devices[0].major", s => s.Linux!.Devices[0].Major = null),
        ["device number"] = ("linux.devices[0].minor", s => s.Linux!.Devices[0].Minor = 1 << 20),
        ["device negative"] = ("linux.devices[0].minor", s => s.Linux!.Devices[0].Minor = -1),
        ["device owner"] = ("linux.devices[0].uid", s => s.Linux!.Devices[0].Uid = uint.MaxValue),
        ["device sticky"] = ("linux.devices[0].fileMode", s => s.Linux!.Devices[0].FileMode = 512),
        ["device of another type"] = ("linux.devices[0].fileMode", s => s.Linux!.Devices[0].FileMode = 24576 + 438),
        ["device contradicts"] = ("linux.devices[1].path", s => s.Linux!.Devices = [s.Linux.Devices[0], s.Linux.Devices[0] with { Path = "/dev//fuse", Minor = 1 }]),
        ["masked relative"] = ("linux.maskedPaths[0]", s => s.Linux!.MaskedPaths = ["proc/kcore"]),
        ["readonly relative"] = ("linux.readonlyPaths[0]", s => s.Linux!.ReadonlyPaths = ["./x"]),
        ["cgroup escapes"] = ("linux.cgroupsPath", s => s.Linux!.CgroupsPath = "/a/../../b"),
        ["cgroup newline"] = ("linux.cgroupsPath", s => s.Linux!.CgroupsPath = "/a\n0::/"),
        ["cgroup root"] = ("linux.cgroupsPath", s => s.Linux!.CgroupsPath = "//"),
        ["device rule type"] = ("linux.resources.devices[0].type", s => s.Linux!.Resources!.Devices[0].Type = "u"),
        ["device rule access"] = ("linux.resources.devices[0].access", s => s.Linux!.Resources!.Devices[0].Access = "rx"),
        ["device rule without access"] = ("linux.resources.devices[0].access", s => s.Linux!.Resources!.Devices[0].Access = null),
        ["device rule number"] = ("linux.resources.devices[1].major", s => s.Linux!.Resources!.Devices[1].Major = -2),
        ["memory negative"] = ("linux.resources.memory.reservation", s => s.Linux!.Resources!.Memory!.Reservation = -2),
        ["swap below memory"] = ("linux.resources.memory.swap", s => s.Linux!.Resources!.Memory!.Swap = 5),
        ["swappiness"] = ("linux.resources.memory.swappiness", s => s.Linux!.Resources!.Memory!.Swappiness = 101),
        ["cpus"] = ("linux.resources.cpu.cpus", s => s.Linux!.Resources!.Cpu!.Cpus = "3-1"),
        ["mems"] = ("linux.resources.cpu.mems", s => s.Linux!.Resources!.Cpu!.Mems = "0,,1"),
        ["idle"] = ("linux.resources.cpu.idle", s => s.Linux!.Resources!.Cpu!.Idle = 2),
        ["pids"] = ("linux.resources.pids.limit", s => s.Linux!.Resources!.Pids!.Limit = -2),
        ["weight"] = ("linux.resources.blockIO.weight", s => s.Linux!.Resources!.BlockIo = new() { Weight = 9 }),
        ["throttle"] = ("linux.resources.blockIO.throttleReadIOPSDevice[0]", s => s.Linux!.Resources!.BlockIo = new() { ThrottleReadIopsDevice = [new() { Major = -1, Minor = 0 }] }),
        ["huge pages twice"] = ("linux.resources.hugepageLimits[1].pageSize", s => s.Linux!.Resources!.HugepageLimits = [new() { PageSize = "2MB", Limit = 1 }, new() { PageSize = "2MB", Limit = 2 }]),
        ["interface"] = ("linux.resources.network.priorities[0].name", s => s.Linux!.Resources!.Network = new() { Priorities = [new() { Name = "a b", Priority = 1 }] }),
        ["rdma device"] = ("linux.resources.rdma[\"a b\"]", s => s.Linux!.Resources!.Rdma = new() { ["a b"] = new() }),
        ["unified path"] = ("linux.resources.unified[\"../memory.max\"]", s => s.Linux!.Resources!.Unified = new() { ["../memory.max"] = "1" }),
        ["unified cgroup.*"] = ("linux.resources.unified[\"cgroup.procs\"]", s => s.Linux!.Resources!.Unified = new() { ["cgroup.procs"] = "1" }),
        ["errno of allow"] = ("linux.seccomp.syscalls[0].errnoRet", s => s.Linux!.Seccomp!.Syscalls[0].ErrnoRet = 1),
        ["errno too large"] = ("linux.seccomp.defaultErrnoRet", s => s.Linux!.Seccomp!.DefaultErrnoRet = 4096),
        ["syscall name"] = ("linux.seccomp.syscalls[0].names[0]", s => s.Linux!.Seccomp!.Syscalls[0].Names = ["Read"]),
        ["syscall argument"] = ("linux.seccomp.syscalls[0].args[0].index", s => s.Linux!.Seccomp!.Syscalls[0].Args[0].Index = 6),
        ["listener metadata"] = ("linux.seccomp.listenerMetadata", s => s.Linux!.Seccomp!.ListenerMetadata = "x"),
    };

    public static TheoryData<string> RowNames => [.. Rows.Keys];

    [Theory, MemberData(nameof(RowNames))]
    public void One_broken_thing_is_one_error_at_its_place(string row)
    {
        var spec = Documents.Runnable();
        Rows[row].Break(spec);
        var error = Assert.Single(Validator.Validate(spec, HostFacts.None).Errors);
        Assert.Equal(Rows[row].Path, error.JsonPath);
        Assert.DoesNotContain(error.Message, char.IsControl);
    }

    [Theory]
    [InlineData("1.0.0")]
    [InlineData("1.0.2-dev")]
    [InlineData("1.2.1+build.7")]
    [InlineData("1.3.0")]
    [InlineData("1.99.0-rc.1")]
    public void Every_version_of_the_first_series_is_taken(string version)
    {
        var spec = Documents.Runnable();
        spec.OciVersion = version;
        Assert.Empty(Validator.Validate(spec, HostFacts.None).Errors);
    }

    [Theory]
    [InlineData("net.ipv4.ip_forward", "1", null)]
    [InlineData("net/ipv4/conf/eth0.100/rp_filter", "1", null)]
    [InlineData("net.ipv4.conf.eth0/100.rp_filter", "1", null)]
    [InlineData("kernel.msgmax", "1", null)]
    [InlineData("kernel.shm_rmid_forced", "1", null)]
    [InlineData("fs.mqueue.msg_max", "1", null)]
    [InlineData("user.max_user_namespaces", "1", null)]
    [InlineData("kernel.domainname", "x", "contradicts domainname")]
    [InlineData("kernel.hostname", "x", "is set by hostname")]
    [InlineData("kernel.core_pattern", "|x", "whole machine")]
    [InlineData("kernel.shmmaxx", "1", "whole machine")]
    [InlineData("fs.mqueue", "1", "whole machine")]
    [InlineData("vm.swappiness", "1", "whole machine")]
    [InlineData("NET.ipv4.ip_forward", "1", "whole machine")]
    [InlineData("net", "1", "is no sysctl key")]
    [InlineData("net..ipv4", "1", "is no sysctl key")]
    [InlineData("net/../kernel/core_pattern", "1", "is no sysctl key")]
    [InlineData("net./..kernel", "1", "is no sysctl key")]
    [InlineData("net.ipv4.ip_forward ", "1", "is no sysctl key")]
    [InlineData("net.ipv4.ip_forward=1+kernel.x", "1", "is no sysctl key")]
    [InlineData("/net/ipv4", "1", "is no sysctl key")]
    [InlineData("net.ipv4.", "1", "is no sysctl key")]
    [InlineData("", "1", "is no sysctl key")]
    [InlineData("net.ipv4.ip_forward", "1\n2", "must be one line")]
    public void Sysctl_keys_are_of_namespaces_the_container_has(string key, string value, string? reason)
    {
        var spec = Documents.Runnable();
        spec.Linux!.Sysctl = new() { [key] = value };
        var errors = Validator.Validate(spec, HostFacts.None).Errors;
        if (reason is null)
            Assert.Empty(errors);
        else
            Assert.Contains(reason, Assert.Single(errors).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("network", "net.ipv4.ip_forward")]
    [InlineData("ipc", "kernel.sem")]
    [InlineData("ipc", "fs.mqueue.msg_max")]
    [InlineData("user", "user.max_pid_namespaces")]
    public void Sysctl_keys_of_a_namespace_that_is_the_hosts_are_refused(string ns, string key)
    {
        var spec = Documents.Runnable();
        spec.Linux!.Sysctl = new() { [key] = "1" };
        spec.Linux.Namespaces = Without(spec, ns);
        Assert.Contains(Validator.Validate(spec, HostFacts.None).Errors, e => e.JsonPath.StartsWith("linux.sysctl", StringComparison.Ordinal));
    }

    [Fact]
    public void Joining_our_own_network_namespace_is_no_isolation()
    {
        var spec = Documents.Runnable();
        var own = new HostFacts { IsOwnNetworkNamespace = path => path == "/run/netns/a" };
        Assert.Contains(Validator.Validate(spec, own).Errors, e => e.JsonPath == "linux.sysctl[\"net.ipv4.ping_group_range\"]");
        spec.Linux!.Namespace("network")!.Path = null;
        Assert.Empty(Validator.Validate(spec, own).Errors);
    }

    [Fact]
    public void Two_spellings_of_a_sysctl_key_are_one_key()
    {
        var spec = Documents.Runnable();
        spec.Linux!.Sysctl = new() { ["net.ipv4.ip_forward"] = "1", ["net/ipv4/ip_forward"] = "0" };
        Assert.Contains("is the same key as", Assert.Single(Validator.Validate(spec, HostFacts.None).Errors).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_joined_user_namespace_may_come_with_a_dummy_mapping()
    {
        var spec = Documents.Runnable();
        spec.Linux!.Namespace("user")!.Path = "/proc/1/ns/user";
        spec.Linux.UidMappings = spec.Linux.GidMappings = [OneId];
        Assert.Empty(Validator.Validate(spec, HostFacts.None).Errors);
    }

    [Fact]
    public void A_capability_that_nobody_knows_is_a_warning_in_a_configuration_and_an_error_of_a_process_by_itself()
    {
        var spec = Documents.Runnable();
        spec.Process!.Capabilities = new() { Bounding = ["CAP_KILL", "CAP_FLY"], Ambient = ["chown"] };
        var findings = Validator.Validate(spec, HostFacts.None);
        Assert.Empty(findings.Errors);
        Assert.Equal(["process.capabilities.bounding[1]", "process.capabilities.ambient[0]"], findings.Warnings.Select(w => w.JsonPath));
        Assert.Equal(["capabilities.bounding[1]", "capabilities.ambient[0]"], Validator.ValidateProcess(spec.Process).Errors.Select(e => e.JsonPath));
    }

    [Fact]
    public void Capabilities_that_cannot_be_granted_are_a_warning()
    {
        var spec = Documents.Runnable();
        spec.Process!.Capabilities = new() { Bounding = ["CAP_KILL"], Permitted = ["CAP_KILL"], Effective = ["CAP_KILL", "CAP_CHOWN"], Ambient = ["CAP_KILL"] };
        var findings = Validator.Validate(spec, HostFacts.None);
        Assert.Empty(findings.Errors);
        Assert.Equal(["process.capabilities.effective", "process.capabilities.ambient"], findings.Warnings.Select(w => w.JsonPath));
    }

    [Fact]
    public void A_capability_in_another_spelling_gets_a_hint()
    {
        var spec = Documents.Runnable();
        spec.Process!.Capabilities = new() { Bounding = ["kill"] };
        Assert.EndsWith("did you mean CAP_KILL?", Assert.Single(Validator.Validate(spec, HostFacts.None).Warnings).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_mode_may_come_with_the_bits_of_its_type()
    {
        var spec = Documents.Runnable();
        spec.Linux!.Devices[0].FileMode = 8192 + 384;
        Assert.Empty(Validator.Validate(spec, HostFacts.None).Errors);
        Assert.Equal(384u, spec.Linux.Devices[0].Permissions);
        spec.Linux.Devices[0].FileMode = null;
        Assert.Equal(438u, spec.Linux.Devices[0].Permissions);
    }

    [Fact]
    public void The_same_device_twice_is_one_device()
    {
        var spec = Documents.Runnable();
        spec.Linux!.Devices = [spec.Linux.Devices[0], spec.Linux.Devices[0]];
        Assert.Empty(Validator.Validate(spec, HostFacts.None).Errors);
    }

    [Fact]
    public void All_errors_are_reported_together()
    {
        var spec = Documents.Runnable();
        spec.OciVersion = "";
        spec.Root = null;
        spec.Process!.Cwd = "x";
        Assert.Equal(["ociVersion", "root", "process.cwd"], Validator.Validate(spec, HostFacts.None).Errors.Select(e => e.JsonPath));
    }

    [Fact]
    public void The_smallest_document_lacks_what_a_container_needs()
    {
        var errors = Validator.Validate(Documents.Load("""{"ociVersion":"1.0.0"}"""), HostFacts.None).Errors;
        Assert.Equal(["root", "process", "linux.namespaces"], errors.Select(e => e.JsonPath));
    }

    private static NamespaceSpec[] Without(RuntimeSpec spec, string type) => [.. spec.Linux!.Namespaces.Where(ns => ns.Type != type)];
}
