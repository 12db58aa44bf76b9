using System.Text.Json.Nodes;
using Engine.Tests.Integration.Support;

namespace Engine.Tests.Integration.Config;

/// <summary>linux.resources where the controllers are v1: as the machine has it (often with a cgroup v2 beside, for freezing or naught).</summary>
public class ResourceV1Tests : ResourceTest
{
    public ResourceV1Tests()
        : this(Profile.Root)
    {
    }

    protected ResourceV1Tests(Profile profile)
        : base(profile)
    {
    }

    [RootFact]
    public void Every_controller_gets_its_values_and_update_changes_them()
    {
        if (!HasV1("memory") || !HasV1("cpu") || !HasV1("pids") || !HasV1("cpuset"))
        {
            return;
        }
        var id = Start(With("""
            {"cpu":{"shares":512,"quota":50000,"period":100000,"cpus":"0","mems":"0"},"memory":{"limit":67108864,"reservation":33554432,"swap":134217728,"swappiness":7},"pids":{"limit":33}}
            """));
        Assert.Equal("512", Value(id, "cpu", "cpu.shares"));
        Assert.Equal("50000", Value(id, "cpu", "cpu.cfs_quota_us"));
        Assert.Equal("100000", Value(id, "cpu", "cpu.cfs_period_us"));
        Assert.Equal("0", Value(id, "cpuset", "cpuset.cpus"));
        Assert.Equal("0", Value(id, "cpuset", "cpuset.mems"));
        Assert.Equal("67108864", Value(id, "memory", "memory.limit_in_bytes"));
        Assert.Equal("33554432", Value(id, "memory", "memory.soft_limit_in_bytes"));
        Assert.Equal("134217728", Value(id, "memory", "memory.memsw.limit_in_bytes"));
        Assert.Equal("7", Value(id, "memory", "memory.swappiness"));
        Assert.Equal("33", Value(id, "pids", "pids.max"));
        Assert.Equal("0", ProcFs.Status((int)Cli.State(id)["pid"]!, "Cpus_allowed_list"));

        Update(id, """{"cpu":{"shares":256,"quota":-1},"memory":{"limit":33554432,"swap":67108864},"pids":{"limit":-1}}""").ShouldExit(0);
        Assert.Equal("256", Value(id, "cpu", "cpu.shares"));
        Assert.Equal("-1", Value(id, "cpu", "cpu.cfs_quota_us"));
        Assert.Equal("33554432", Value(id, "memory", "memory.limit_in_bytes"));
        Assert.Equal("67108864", Value(id, "memory", "memory.memsw.limit_in_bytes"));
        Assert.Equal("max", Value(id, "pids", "pids.max"));
        // What the document does not name stays.
        Assert.Equal("100000", Value(id, "cpu", "cpu.cfs_period_us"));
        Assert.Equal("33554432", Value(id, "memory", "memory.soft_limit_in_bytes"));

        Update(id, """{"pids":{"limit":12},"network":{"priorities":[{"name":"no such","priority":1}]}}""").ShouldFail(255, "network");
        Assert.Equal("max", Value(id, "pids", "pids.max"));
    }

    [RootFact]
    public void A_cgroup_that_has_processes_is_nobody_elses()
    {
        var path = "/" + NewId();
        var id = Start(NewBundle().Shell("sleep 1000").WithCgroupsPath(path));
        Refused(NewBundle().WithCgroupsPath(path), "linux.cgroupsPath", path, "has processes");
        Assert.Equal("running", Cli.Status(id));
        Cli.OciOk("kill", id, "KILL");
        Cli.WaitForStatus(id, "stopped");
        Cli.OciOk("delete", id);
        Assert.Equal(0, RunToEnd(NewBundle().Args("/bin/true").WithCgroupsPath(path)).ExitCode);
    }

    [RootFact]
    public void No_tasks_at_all_is_none_beside_the_first()
    {
        if (!HasV1("pids"))
        {
            return;
        }

        var id = Start(With("""{"pids":{"limit":0}}""").Args("/bin/sleep", "1000"));
        Assert.Equal("1", Value(id, "pids", "pids.max"));
        Update(id, """{"pids":{"limit":-1}}""").ShouldExit(0);
        Assert.Equal("max", Value(id, "pids", "pids.max"));
    }

    [RootFact]
    public void Limits_hold_for_the_payload()
    {
        var memory = With("""{"memory":{"limit":16777216,"swap":16777216}}""").Shell("dd if=/dev/zero of=/dev/shm/f bs=1M count=40 2>/dev/null; echo $?");
        Assert.Equal("137", Lines(memory)[^1]);
        var pids = With("""{"pids":{"limit":5}}""").Shell("sleep 0; i=0; while [ $i -lt 10 ]; do sleep 100 & i=$((i+1)); done 2>/dev/null; echo never");
        var result = Cli.Oci("run", NewId(), "-b", pids.Path);
        Assert.NotEqual(0, result.ExitCode);
        Assert.DoesNotContain("never", result.Text, StringComparison.Ordinal);
    }

    [RootFact]
    public void Block_devices_are_throttled()
    {
        if (!HasV1("blkio") || Disk is not { } disk)
        {
            return;
        }
        var number = disk.Split(':');
        string Rate(string name, int rate) => $$"""{ "blockIO": { "{{name}}": [ { "major": {{number[0]}}, "minor": {{number[1]}}, "rate": {{Text(rate)}} } ] } }""";
        foreach (var (member, file, rate) in new[] { ("throttleReadBpsDevice", "read_bps", 1048576), ("throttleWriteIOPSDevice", "write_iops", 77) })
        {
            var id = Start(With(Rate(member, rate)));
            Assert.Equal($"{disk} {Text(rate)}", Value(id, "blkio", $"blkio.throttle.{file}_device"));
        }
        Refused(With("""{"blockIO":{"throttleReadBpsDevice":[{"major":4095,"minor":9,"rate":1000}]}}"""), "linux.resources.blockIO.throttleReadBpsDevice[0]");
    }

    [RootFact]
    public void What_the_machine_lacks_is_refused_where_it_is_asked_for()
    {
        (string Controller, string Json, string Path)[] table =
        [
            ("net_cls", """{"network":{"classID":1048577}}""", "linux.resources.network.classID"),
            ("net_prio", """{"network":{"priorities":[{"name":"lo","priority":3}]}}""", "linux.resources.network.priorities[0]"),
            ("rdma", """{"rdma":{"mlx5_1":{"hcaHandles":3}}}""", "linux.resources.rdma"),
        ];
        foreach (var (controller, json, path) in table)
        {
            // A view mounts what the kernel has; only what it does not have is missing in every profile.
            if (!HasV1(controller) && !File.ReadLines("/proc/cgroups").Any(l => l.StartsWith(controller + "\t", StringComparison.Ordinal)))
            {
                Refused(With(json), path);
            }
        }
        Refused(With("""{"unified":{"memory.max":"1000000"}}"""), "linux.resources.unified");
        Refused(With("""{"unified":{"pids.max":"5"}}"""), "linux.resources.unified");
    }

    [RootFact(Needs.Probe)]
    public void Devices_are_refused_and_allowed_anew_by_update()
    {
        var bundle = With("""{"devices":[{"allow":false,"access":"rwm"}]}""").WithDevice("/dev/mine", "c", 240, 77);
        var id = Start(bundle);
        Assert.Contains("open EPERM", Cli.Oci("exec", id, "/probe", "cat", "/dev/mine").Text, StringComparison.Ordinal);
        Update(id, """{"devices":[{"allow":true,"type":"c","major":240,"minor":77,"access":"rwm"}]}""").ShouldExit(0);
        Assert.Contains("open ENXIO", Cli.Oci("exec", id, "/probe", "cat", "/dev/mine").Text, StringComparison.Ordinal);
    }

    [RootFact(Needs.Probe)]
    public void It_is_paused_and_resumed()
    {
        if (HasV1("freezer"))
        {
            PauseAndResume(id => Value(id, "freezer", "freezer.state"), "FROZEN", "THAWED");
        }
    }

    [RootFact(Needs.Probe)]
    public void The_cgroup_mount_shows_the_containers_own_part()
    {
        foreach (var isOwn in new[] { true, false })
        {
            var bundle = With("""{"pids":{"limit":21}}""").Shell("cat /sys/fs/cgroup/pids/pids.max; echo 5 2>/dev/null >/sys/fs/cgroup/pids/pids.max || echo refused; grep -c . /sys/fs/cgroup/memory/cgroup.procs; /probe mounts")
                .WithMount("/sys/fs/cgroup", "cgroup", "cgroup", "ro", "nosuid", "noexec", "nodev");
            if (isOwn)
            {
                bundle.WithNamespace("cgroup");
            }
            var lines = Lines(bundle);
            Assert.Equal("21", lines[0]);
            Assert.Equal("refused", lines[1]);
            var mount = Mount(lines, "/sys/fs/cgroup/pids");
            Assert.Equal("cgroup", mount.Type);
            foreach (var option in new[] { "ro", "nosuid", "noexec", "nodev" })
            {
                Assert.Contains(option, mount.Attributes);
            }
        }
    }
}

/// <summary>The same where /sys/fs/cgroup is v1 alone.</summary>
public sealed class ResourceV1ViewTests() : ResourceV1Tests(View("v1"));
