using System.Globalization;
using Engine.Tests.Integration.Support;

namespace Engine.Tests.Integration.Config;

/// <summary>linux.resources where /sys/fs/cgroup is v2 alone. A machine with its controllers on v1 has few left here.</summary>
public sealed class ResourceV2Tests() : ResourceTest(View("v2"))
{
    private static bool HasV2(string controller) => File.ReadAllText(Path.Combine(Unified, "cgroup.controllers")).Split(' ', '\n').Contains(controller);

    [RootFact]
    public void What_has_no_controller_is_refused_by_name_and_what_has_one_is_set()
    {
        (string Controller, string Json, string Path, string File, string Value)[] table =
        [
            ("cpu", """{"cpu":{"shares":1024}}""", "linux.resources.cpu.shares", "cpu.weight", "39"),
            ("cpu", """{"cpu":{"quota":50000,"period":100000}}""", "linux.resources.cpu", "cpu.max", "50000 100000"),
            ("cpuset", """{"cpu":{"cpus":"0"}}""", "linux.resources.cpu.cpus", "cpuset.cpus", "0"),
            ("memory", """{"memory":{"limit":67108864}}""", "linux.resources.memory.limit", "memory.max", "67108864"),
            ("pids", """{"pids":{"limit":7}}""", "linux.resources.pids.limit", "pids.max", "7"),
            ("io", """{"blockIO":{"weight":100}}""", "linux.resources.blockIO.weight", "io.bfq.weight", "default 100"),
            ("hugetlb", """{"hugepageLimits":[{"pageSize":"2MB","limit":4194304}]}""", "linux.resources.hugepageLimits[0]", "hugetlb.2MB.max", "4194304"),
            ("pids", """{"unified":{"pids.max":"9"}}""", "linux.resources.unified", "pids.max", "9"),
        ];
        foreach (var (controller, json, path, file, value) in table)
        {
            if (HasV2(controller))
            {
                Assert.Equal((controller, value), (controller, Value(Start(With(json)), "", file)));
            }
            else
            {
                Refused(With(json), path);
            }
        }
        Refused(With("""{"network":{"classID":1048577}}"""), "linux.resources.network.classID");
        Refused(With("""{"memory":{"kernelTCP":1000000}}"""), "linux.resources.memory.kernelTCP");
    }

    [RootFact]
    public void Files_of_v2_are_written_as_they_are_and_those_of_the_engine_are_refused()
    {
        if (HasV2("hugetlb"))
        {
            var id = Start(With("""{"unified":{"hugetlb.2MB.max":"4194304"}}"""));
            Assert.Equal("4194304", Value(id, "", "hugetlb.2MB.max"));
            Update(id, """{"unified":{"hugetlb.2MB.max":"2097152"}}""").ShouldExit(0);
            Assert.Equal("2097152", Value(id, "", "hugetlb.2MB.max"));
        }
        Refused(With("""{"unified":{"cgroup.procs":"1"}}"""), "linux.resources.unified", "cgroup.procs");
        Refused(With("""{"unified":{"../memory.max":"1"}}"""), "linux.resources.unified");
    }

    [RootFact(Needs.Probe)]
    public void The_device_program_refuses_opening_and_making_and_update_replaces_it()
    {
        var bundle = With("""{"devices":[{"allow":false,"access":"rwm"}]}""").WithDevice("/dev/mine", "c", 240, 77)
            .Shell("echo x >/dev/null && echo null; /probe cat /dev/mine; mknod /tmp/x b 7 3 && echo made; sleep 1000");
        var id = Start(bundle);
        var text = "";
        Eventually.True(() => (text = Cli.OciOk("logs", id).Text).Contains("made", StringComparison.Ordinal), () => text);
        Assert.Contains("null", text, StringComparison.Ordinal);
        Assert.Contains("open EPERM", text, StringComparison.Ordinal);
        Update(id, """{"devices":[{"allow":true,"type":"c","major":240,"minor":77,"access":"r"}]}""").ShouldExit(0);
        Assert.Contains("open ENXIO", Cli.Oci("exec", id, "/probe", "cat", "/dev/mine").Text, StringComparison.Ordinal);
    }

    [RootFact(Needs.Probe)]
    public void It_is_paused_and_resumed() =>
        PauseAndResume(id => Value(id, "", "cgroup.events").Split('\n').Single(l => l.StartsWith("frozen", StringComparison.Ordinal)), "frozen 1", "frozen 0");

    [RootFact(Needs.Probe)]
    public void The_cgroup_mount_shows_the_containers_own_part()
    {
        foreach (var isOwn in new[] { true, false })
        {
            var bundle = NewBundle().Shell("test -e /sys/fs/cgroup/cgroup.events && cat /sys/fs/cgroup/cgroup.procs | grep -c .; mkdir /sys/fs/cgroup/x 2>/dev/null || echo refused; cat /proc/self/cgroup | grep ^0; /probe mounts")
                .WithMount("/sys/fs/cgroup", "cgroup", "cgroup", "ro", "nosuid", "noexec", "nodev", "relatime");
            if (isOwn)
            {
                bundle.WithNamespace("cgroup");
            }
            var lines = Lines(bundle);
            // The root of the machine's tree has no cgroup.events.
            Assert.True(int.Parse(lines[0], CultureInfo.InvariantCulture) is > 0 and < 10, lines[0]);
            Assert.Equal("refused", lines[1]);
            Assert.Equal(isOwn, lines[2] == "0::/");
            Assert.Equal("cgroup2", Mount(lines, "/sys/fs/cgroup").Type);
        }
    }
}
