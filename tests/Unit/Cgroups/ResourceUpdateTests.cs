using Engine.Cgroups;
using Engine.Rpc.Linux;
using Engine.Shared.Linux;
using Moq;

namespace Engine.Tests.Unit.Cgroups;

/// <summary>An update is all or nothing: what is written back, in which order, and what is said where that cannot be.</summary>
public class ResourceUpdateTests
{
    private const string Directory = "/sys/fs/cgroup/c";

    [Fact]
    public void Without_a_refusal_every_value_is_written_once_in_order_and_the_device_program_last()
    {
        var writer = new Writer();
        writer.Run([Program, Write("pids.max", "5"), Write("memory.max", "30")], ("pids.max", "9"), ("memory.max", "20"));
        Assert.Equal(["pids.max=5", "memory.max=30", "program"], writer.Seen);
    }

    [Fact]
    public void A_refusal_brings_the_values_before_back_in_reverse()
    {
        var writer = new Writer().Refuse("cpu.weight=7");
        var error = writer.Fails([Write("pids.max", "5"), Write("memory.max", "30"), Write("cpu.weight", "7"), Write("cpu.idle", "1")],
            ("pids.max", "max\n"), ("memory.max", "20\n"), ("cpu.weight", "100\n"));
        Assert.Equal(["pids.max=5", "memory.max=30", "cpu.weight=7", "memory.max=20", "pids.max=max"], writer.Seen);
        Assert.Equal(("write", "cpu.weight", Errno.EINVAL), (error.Operation, error.Path, error.Errno));
        Assert.StartsWith($"cpu.weight: write 7 to {Directory}/cpu.weight: ", error.Message, StringComparison.Ordinal);
        Assert.EndsWith("; the values before are in force again", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_refusal_of_the_first_write_changes_nothing()
    {
        var writer = new Writer().Refuse("pids.max=5");
        Assert.EndsWith("; nothing was changed", writer.Fails([Write("pids.max", "5")], ("pids.max", "max")).Message, StringComparison.Ordinal);
        Assert.Equal(["pids.max=5"], writer.Seen);
    }

    [Fact]
    public void A_value_that_does_not_come_back_is_named_and_the_others_still_do()
    {
        var writer = new Writer().Refuse("cpu.weight=7").Refuse("memory.max=20");
        var error = writer.Fails([Write("pids.max", "5"), Write("memory.max", "30"), Write("cpu.weight", "7")], ("pids.max", "9"), ("memory.max", "20"), ("cpu.weight", "1"));
        Assert.Equal(["pids.max=5", "memory.max=30", "cpu.weight=7", "memory.max=20", "pids.max=9"], writer.Seen);
        Assert.Contains($"; of this update these stay: memory.max ({Directory}/memory.max = 30: ", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("pids", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void What_cannot_be_read_cannot_be_brought_back_and_is_named()
    {
        var writer = new Writer().Refuse("pids.max=5");
        var error = writer.Fails([Write("memory.reclaim", "1M"), Write("pids.max", "5")], ("pids.max", "9"));
        Assert.EndsWith($"; of this update these stay: memory.reclaim ({Directory}/memory.reclaim = 1M: what was before cannot be read)", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_optional_file_that_is_not_there_needs_nothing()
    {
        var writer = new Writer().Refuse("pids.max=5");
        var error = writer.Fails([Write("hugetlb.2MB.rsvd.max", "1") with { Optional = true }, Write("pids.max", "5")], ("pids.max", "9"));
        Assert.EndsWith("; nothing was changed", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_device_program_is_refused_when_everything_else_is_written_and_takes_it_back()
    {
        var writer = new Writer().Refuse("program");
        writer.Fails([Program, Write("pids.max", "5")], ("pids.max", "9"));
        Assert.Equal(["pids.max=5", "program", "pids.max=9"], writer.Seen);
    }

    [Fact]
    public void The_device_list_comes_back_as_a_whole()
    {
        var writer = new Writer().Refuse("unified.x=1");
        writer.Fails([Write("devices.allow", "c 1:5 rw"), Write("devices.deny", "c 1:3 w"), Write("unified.x", "1")],
            ("devices.list", "c 1:3 rwm\nc 5:0 rw\n"), ("unified.x", "0"));
        // The list that the mock shows never changes: from it to itself there is nothing to write, so only the writes of the update are seen.
        Assert.Equal(["devices.allow=c 1:5 rw", "devices.deny=c 1:3 w", "unified.x=1"], writer.Seen);
    }

    [Fact]
    public void A_file_that_the_kernel_lacks_is_found_before_anything_is_written()
    {
        var writer = new Writer();
        var plan = new CgroupPlan([], [Write("pids.max", "5")], [new CgroupCheck(["/no/such/file"], "cpu.idle", "leave it out")], []);
        var error = Assert.Throws<CgroupException>(() => new ResourceUpdate(plan, writer.Object, _ => "").Run().GetAwaiter().GetResult());
        Assert.StartsWith("cpu.idle: ", error.Message, StringComparison.Ordinal);
        Assert.Empty(writer.Seen);
    }

    [Theory]
    [InlineData("memory.max", "5", "max\n", "max")]
    [InlineData("cpu.max", "5 10", "max 100000\n", "max 100000")]
    [InlineData("cpuset.cpus", "0", "\n", "\n")]
    [InlineData("memory.limit_in_bytes", "5", "9223372036854771712\n", "9223372036854771712")]
    [InlineData("memory.oom_control", "1", "oom_kill_disable 0\nunder_oom 0\noom_kill 0\n", "0")]
    [InlineData("blkio.throttle.read_bps_device", "8:0 5", "8:0 7\n8:16 9\n", "8:0 7")]
    [InlineData("blkio.throttle.write_iops_device", "8:0 5", "8:16 9\n", "8:0 0")]
    [InlineData("blkio.bfq.weight_device", "8:0 5", "", "8:0 default")]
    [InlineData("blkio.bfq.weight", "500", "100\n", "100")]
    [InlineData("io.weight", "500", "default 100\n8:0 50\n", "default 100")]
    [InlineData("io.weight", "8:0 500", "default 100\n8:0 50\n", "8:0 50")]
    [InlineData("io.bfq.weight", "8:16 500", "default 100\n8:0 50\n", "8:16 default")]
    [InlineData("io.max", "8:0 rbps=5", "", "8:0 rbps=max wbps=max riops=max wiops=max")]
    [InlineData("io.max", "8:0 rbps=5", "8:0 rbps=9 wbps=max riops=max wiops=max\n", "8:0 rbps=9 wbps=max riops=max wiops=max")]
    [InlineData("rdma.max", "mlx5_0 hca_handle=3", "mlx5_1 hca_handle=2 hca_object=max\n", "mlx5_0 hca_handle=max hca_object=max")]
    [InlineData("net_prio.ifpriomap", "lo 5", "lo 0\neth0 3\n", "lo 0")]
    [InlineData("misc.max", "res_a 3", "res_a max\nres_b 1\n", "res_a max")]
    [InlineData("some.file", "a 3", "b 1\nc 2\n", null)]
    [InlineData("some.file", "3", "1\n2\n", null)]
    [InlineData("memory.reclaim", "3", null, null)]
    public void What_brings_a_file_back(string file, string written, string? before, string? undo) =>
        Assert.Equal(undo, EarlierValue.Of(file, written, before));

    private static WriteCgroupStep Write(string file, string value) => new(0, Directory, file, value, false, file, null);

    private static DeviceProgramStep Program => new(0, new byte[8]);

    // The seam to the supervisor or the kernel, mocked: what is decided here is only which writes are asked for.
    private sealed class Writer
    {
        private readonly Mock<ICgroupWriter> _mock = new(MockBehavior.Strict);
        private readonly HashSet<string> _refused = [];

        public Writer()
        {
            _mock.Setup(w => w.Write(It.IsAny<WriteCgroupStep>())).Returns((WriteCgroupStep s) => See($"{s.File}={s.Value}", s.File));
            _mock.Setup(w => w.Exchange(It.IsAny<DeviceProgramStep>())).Returns((DeviceProgramStep _) => See("program", "devices"));
        }

        public List<string> Seen { get; } = [];

        public ICgroupWriter Object => _mock.Object;

        public Writer Refuse(string step)
        {
            _refused.Add(step);
            return this;
        }

        public void Run(CgroupStep[] steps, params (string File, string Text)[] files) =>
            new ResourceUpdate(new CgroupPlan([], steps, [], []), Object, Layouts.Files([.. files.Select(f => ($"{Directory}/{f.File}", f.Text))])).Run().GetAwaiter().GetResult();

        public UpdateException Fails(CgroupStep[] steps, params (string File, string Text)[] files) => Assert.Throws<UpdateException>(() => Run(steps, files));

        private Task See(string what, string file)
        {
            Seen.Add(what);
            return _refused.Contains(what) ? Task.FromException(new SyscallException("write", file, Errno.EINVAL)) : Task.CompletedTask;
        }
    }
}
