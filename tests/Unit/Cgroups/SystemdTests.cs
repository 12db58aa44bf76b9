using Engine.Cgroups;
using Engine.Cgroups.Systemd;
using Xunit;

namespace Engine.Tests.Unit.Cgroups;

/// <summary>What the systemd driver is told, without systemd; with it: tests/vm/suites/systemd.sh.</summary>
public class SystemdTests
{
    [Theory]
    [InlineData("system.slice:runc:c1", "system.slice", "runc-c1.scope", "/system.slice/runc-c1.scope")]
    [InlineData("a-b-c.slice:p:c1", "a-b-c.slice", "p-c1.scope", "/a.slice/a-b.slice/a-b-c.slice/p-c1.scope")]
    [InlineData("-.slice:p:c1", "-.slice", "p-c1.scope", "/p-c1.scope")]
    [InlineData(":p:c1", "system.slice", "p-c1.scope", "/system.slice/p-c1.scope")]
    [InlineData("machine.slice::machine-pod.slice", "machine.slice", "machine-pod.slice", "/machine.slice/machine-pod.slice")]
    [InlineData("", "system.slice", "engine-c1.scope", "/system.slice/engine-c1.scope")]
    [InlineData(null, "system.slice", "engine-c1.scope", "/system.slice/engine-c1.scope")]
    public void A_path_names_slice_unit_and_cgroup(string? given, string slice, string unit, string path) =>
        Assert.Equal(new SystemdPath(slice, unit, path), SystemdPath.Parse(given, "c1"));

    [Theory]
    [InlineData("/a/b", "slice:prefix:name")]
    [InlineData("a.slice:b", "slice:prefix:name")]
    [InlineData("a.slice:b:c:d", "slice:prefix:name")]
    [InlineData("a:b:c", "no slice")]
    [InlineData("a--b.slice:b:c", "no slice")]
    [InlineData(".slice:b:c", "no slice")]
    [InlineData("a.slice:b:", "no unit name")]
    [InlineData("a.slice:b:c/d", "no unit name")]
    [InlineData("../a.slice:b:c", "no slice")]
    public void Other_forms_are_refused(string given, string why)
    {
        var refusal = Assert.Throws<CgroupException>(() => SystemdPath.Parse(given, "c1"));
        Assert.StartsWith("linux.cgroupsPath: ", refusal.Message, StringComparison.Ordinal);
        Assert.Contains(why, refusal.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("memory.max", "1048576", "MemoryMax=1048576")]
    [InlineData("memory.swap.max", "max", "MemorySwapMax=infinity")]
    [InlineData("memory.limit_in_bytes", "-1", "MemoryLimit=infinity")]
    [InlineData("cpu.max", "50000 100000", "CPUQuotaPeriodUSec=100000 CPUQuotaPerSecUSec=500000")]
    [InlineData("cpu.max", "max 100000", "CPUQuotaPeriodUSec=100000 CPUQuotaPerSecUSec=infinity")]
    [InlineData("cpu.max", "12345 100000", "CPUQuotaPeriodUSec=100000 CPUQuotaPerSecUSec=130000")]
    [InlineData("cpu.cfs_quota_us", "-1", "CPUQuotaPerSecUSec=infinity")]
    [InlineData("cpu.idle", "1", "CPUWeight=0")]
    [InlineData("cpuset.cpus", "0-2,9", "AllowedCPUs=0702")]
    [InlineData("io.weight", "default 200", "IOWeight=200")]
    [InlineData("io.weight", "8:0 200", "")]
    [InlineData("pids.max", "max", "TasksMax=infinity")]
    [InlineData("hugetlb.2MB.max", "1", "")]
    public void Writes_become_properties(string file, string value, string properties) =>
        Assert.Equal(properties, string.Join(' ', UnitLimits.Of([Write(file, value)])));

    [Fact]
    public void The_holder_has_room_beside_a_single_process()
    {
        IReadOnlyList<CgroupStep> roomy = UnitHolder.LeaveRoom([Write("pids.max", "1"), Write("memory.max", "1")]);
        Assert.Equal(["2", "1"], roomy.Cast<WriteCgroupStep>().Select(write => write.Value));
        Assert.Equal([Write("pids.max", "1")], UnitHolder.Tighten(roomy, 1));
        Assert.Empty(UnitHolder.Tighten(UnitHolder.LeaveRoom([Write("pids.max", "2")]), 2));
    }

    [Theory]
    [InlineData("", "/user.slice/user@1.service/user.slice/engine-c1.scope")]
    [InlineData("app.slice:x:c1", "/user.slice/user@1.service/app.slice/x-c1.scope")]
    [InlineData(":x:c1", "/user.slice/user@1.service/user.slice/x-c1.scope")]
    public void A_user_s_manager_makes_units_below_its_own_cgroup(string given, string path) =>
        Assert.Equal(path, SystemdPath.Parse(given, "c1", "/user.slice/user@1.service").Path);

    [Theory]
    [InlineData("TimeoutStopUSec", "uint64 5000000", "TimeoutStopUSec=5000000")]
    [InlineData("TimeoutStopSec", "1.5", "TimeoutStopUSec=1500000")]
    [InlineData("CollectMode", "'inactive-or-failed'", "CollectMode=inactive-or-failed")]
    [InlineData("SendSIGHUP", "true", "SendSIGHUP=true")]
    [InlineData("KillSignal", "int32 9", "KillSignal=9")]
    [InlineData("After", "['a.service', 'b.service']", "After=a.service b.service")]
    [InlineData("Before", "[]", "Before=")]
    public void Allowed_annotations_become_properties(string name, string value, string property) =>
        Assert.Equal(property, Assert.Single(UnitAnnotations.Read(Annotation(name, value))).ToString());

    [Theory]
    [InlineData("OnFailure", "['x.service']")]
    [InlineData("ExecStart", "'x'")]
    [InlineData("Slice", "'x.slice'")]
    [InlineData("PIDs", "[1]")]
    [InlineData("Delegate", "true")]
    [InlineData("", "true")]
    [InlineData("CollectMode", "inactive")]
    [InlineData("CollectMode", "'a'b'")]
    [InlineData("SendSIGHUP", "1")]
    [InlineData("TimeoutStopUSec", "-1")]
    [InlineData("TimeoutStopSec", "1e300")]
    [InlineData("After", "['a', b]")]
    [InlineData("KillSignal", "99999999999")]
    public void Other_annotations_are_refused_by_name(string name, string value)
    {
        var refusal = Assert.Throws<CgroupException>(() => UnitAnnotations.Read(Annotation(name, value)));
        Assert.Contains("org.systemd.property." + name, refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Other_peoples_annotations_are_nobodys_business() =>
        Assert.Empty(UnitAnnotations.Read(new Dictionary<string, string> { ["com.example.a"] = "b" }));

    private static WriteCgroupStep Write(string file, string value) => new(0, "/c", file, value, false, "linux.resources", null);

    private static Dictionary<string, string> Annotation(string name, string value) => new() { ["org.systemd.property." + name] = value };
}
