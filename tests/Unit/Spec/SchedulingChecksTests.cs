using Engine.Spec;

namespace Engine.Tests.Unit.Spec;

/// <summary>scheduler, ioPriority, execCPUAffinity, personality, memoryPolicy: what is refused, and where.</summary>
public class SchedulingChecksTests
{
    private static readonly Dictionary<string, Action<RuntimeSpec>> Refusals = new()
    {
        ["process.scheduler.policy"] = s => s.Process!.Scheduler = new() { Policy = "SCHED_ISO" },
        ["process.scheduler.nice"] = s => s.Process!.Scheduler = new() { Policy = "SCHED_OTHER", Nice = 20 },
        ["process.scheduler.priority"] = s => s.Process!.Scheduler = new() { Policy = "SCHED_FIFO" },
        ["process.scheduler"] = s => s.Process!.Scheduler = new() { Policy = "SCHED_RR", Priority = 1, Runtime = 1 },
        ["process.ioPriority.priority"] = s => s.Process!.IoPriority = new() { Class = "IOPRIO_CLASS_BE", Priority = 8 },
        ["process.execCPUAffinity.initial"] = s => s.Process!.ExecCpuAffinity = new() { Initial = "3-1" },
        ["process.execCPUAffinity.final"] = s => s.Process!.ExecCpuAffinity = new() { Final = "8192" },
        ["linux.personality.domain"] = s => s.Linux!.Personality = new(),
        ["linux.personality.flags[0]"] = s => s.Linux!.Personality = new() { Domain = "LINUX", Flags = ["ADDR_NO_RANDOMIZE"] },
        ["linux.memoryPolicy.mode"] = s => s.Linux!.MemoryPolicy = new(),
        ["linux.memoryPolicy.nodes"] = s => s.Linux!.MemoryPolicy = new() { Mode = "MPOL_BIND" },
    };

    public static TheoryData<string> Paths => [.. Refusals.Keys];

    [Theory, MemberData(nameof(Paths))]
    public void It_is_refused_by_its_path(string path)
    {
        var spec = Documents.Runnable();
        Refusals[path](spec);
        Assert.Equal(path, Assert.Single(Validator.Validate(spec, HostFacts.None).Errors).JsonPath);
    }

    [Fact]
    public void A_process_by_itself_is_held_to_the_same()
    {
        var process = new ProcessSpec { Cwd = "/", Args = ["a"], Scheduler = new() { Policy = "SCHED_ISO" } };
        Assert.Equal("scheduler.policy", Assert.Single(Validator.ValidateProcess(process).Errors).JsonPath);
    }

    [Fact]
    public void Every_name_of_the_schema_has_its_number()
    {
        Assert.Equal(6u, KernelNames.SchedulerPolicies.Number("SCHED_DEADLINE"));
        Assert.Equal(0x7fu, KernelNames.SchedulerFlags.Mask(KernelNames.SchedulerFlags.All));
        Assert.Equal(0xe000u, KernelNames.MemoryFlags.Mask(KernelNames.MemoryFlags.All));
        Assert.Equal(8u, KernelNames.Domains.Number("LINUX32"));
        Assert.Equal(Enumerable.Range(0, 7).Select(n => (uint)n), KernelNames.MemoryModes.All.Select(KernelNames.MemoryModes.Number).Order());
    }

    [Theory]
    [InlineData("", "")]
    [InlineData("0", "1")]
    [InlineData("0-3,7", "8F")]
    [InlineData("31, 32-33", "80000000 3")]
    [InlineData("64", "0 0 1")]
    public void A_list_becomes_a_bitmap(string list, string words)
    {
        Assert.True(NumberList.TryParse(list, out var bitmap));
        Assert.Equal(words, string.Join(' ', bitmap.Select(w => $"{w:X}")));
    }

    [Theory]
    [InlineData("a")]
    [InlineData("1-2-3")]
    [InlineData("-1")]
    [InlineData("2-1")]
    [InlineData("1,,2")]
    [InlineData("0-99999")]
    public void Anything_else_is_no_list(string list) => Assert.False(NumberList.TryParse(list, out _));
}
