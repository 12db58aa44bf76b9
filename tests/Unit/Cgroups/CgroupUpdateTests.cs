using Engine.Cgroups;
using Engine.Spec;
using FsCheck;
using FsCheck.Fluent;

namespace Engine.Tests.Unit.Cgroups;

/// <summary>Updates from any state to any other, against the rules by which the kernel takes single writes.</summary>
public class CgroupUpdateTests
{
    private static readonly CgroupSlot V1Memory = new(0, CgroupVersion.V1, "/sys/fs/cgroup/memory", "/c", ["memory"]);

    private static readonly CgroupSlot V1Cpu = new(1, CgroupVersion.V1, "/sys/fs/cgroup/cpu", "/c", ["cpu"]);

    private static readonly CgroupSlot V2 = new(0, CgroupVersion.V2, "/sys/fs/cgroup", "/c", []);

    [Fact]
    public void V1_memory_never_passes_the_sum_on_its_way()
    {
        var amount = Gen.Elements<long>(-1, 10, 20, 30, 40);
        var states = from limit in amount from sum in amount where Infinite(sum) >= Infinite(limit) select (limit, sum);
        Prop.ForAll(Arb.From(states), Arb.From(states), (before, after) =>
        {
            var (limit, sum) = (Infinite(before.limit), Infinite(before.sum));
            var plan = CgroupPlan.Update([V1Memory], new() { Memory = new() { Limit = after.limit, Swap = after.sum } }, Layouts.Files(
                ("/sys/fs/cgroup/memory/c/memory.limit_in_bytes", V1Text(before.limit)),
                ("/sys/fs/cgroup/memory/c/memory.memsw.limit_in_bytes", V1Text(before.sum))));
            foreach (var write in plan.Steps.Cast<WriteCgroupStep>())
            {
                if (write.File == "memory.limit_in_bytes")
                    limit = Infinite(long.Parse(write.Value));
                else
                    sum = Infinite(long.Parse(write.Value));
                Assert.True(limit <= sum, $"{write} makes {limit} of {sum}");
            }
            Assert.Equal((Infinite(after.limit), Infinite(after.sum)), (limit, sum));
        }).Check(Config.QuickThrowOnFailure);
    }

    [Fact]
    public void V1_bandwidth_never_passes_the_larger_of_both_shares_and_burst_never_the_quota()
    {
        var states = from quota in Gen.Elements<long>(10, 20, 40, 80)
                     from period in Gen.Elements<ulong>(50, 100, 200)
                     from burst in Gen.Elements<ulong>(0, 5, 10, 40)
                     where burst <= (ulong)quota
                     select (quota, period, burst);
        Prop.ForAll(Arb.From(states), Arb.From(states), (before, after) =>
        {
            var (quota, period, burst) = before;
            var most = Math.Max(Share(before.quota, before.period), Share(after.quota, after.period));
            var plan = CgroupPlan.Update([V1Cpu], new() { Cpu = new() { Quota = after.quota, Period = after.period, Burst = after.burst } }, Layouts.Files(
                ("/sys/fs/cgroup/cpu/c/cpu.cfs_quota_us", $"{quota}\n"),
                ("/sys/fs/cgroup/cpu/c/cpu.cfs_period_us", $"{period}\n"),
                ("/sys/fs/cgroup/cpu/c/cpu.cfs_burst_us", $"{burst}\n")));
            foreach (var write in plan.Steps.Cast<WriteCgroupStep>())
            {
                switch (write.File)
                {
                    case "cpu.cfs_quota_us":
                        quota = long.Parse(write.Value);
                        break;
                    case "cpu.cfs_period_us":
                        period = ulong.Parse(write.Value);
                        break;
                    default:
                        burst = ulong.Parse(write.Value);
                        break;
                }
                Assert.True(burst <= (ulong)quota, $"{write}: burst {burst} of {quota}");
                Assert.True(Share(quota, period) <= most, $"{write}: {quota}/{period}");
            }
            Assert.Equal(after, (quota, period, burst));
        }).Check(Config.QuickThrowOnFailure);
    }

    [Fact]
    public void A_v1_limit_above_the_sum_asks_for_the_sum() => Assert.StartsWith(
        "memory.limit: 50 is more than the present limit 40 of memory and swap together; give memory.swap as well",
        Assert.Throws<CgroupException>(() => CgroupPlan.Update([V1Memory], new() { Memory = new() { Limit = 50 } }, Layouts.Files(
            ("/sys/fs/cgroup/memory/c/memory.memsw.limit_in_bytes", "40\n")))).Message,
        StringComparison.Ordinal);

    [Fact]
    public void V2_counts_swap_from_the_present_limit()
    {
        Assert.Equal(["memory.swap.max = 70"], V2Writes(new() { Memory = new() { Swap = 100 } }, ("memory.max", "30\n")));
        Assert.StartsWith("memory.swap: 20 is less than the present memory limit 30", V2Refusal(new() { Memory = new() { Swap = 20 } }, ("memory.max", "30\n")), StringComparison.Ordinal);
    }

    [Fact]
    public void V2_check_before_update_looks_at_what_is_in_use()
    {
        var memory = new ResourcesSpec { Memory = new() { Limit = 50, CheckBeforeUpdate = true } };
        Assert.StartsWith("memory.limit: 50 is less than the 60 bytes in use", V2Refusal(memory, ("memory.current", "60\n")), StringComparison.Ordinal);
        Assert.Equal(["memory.max = 50"], V2Writes(memory, ("memory.current", "50\n")));
        memory.Memory!.CheckBeforeUpdate = false;
        Assert.Equal(["memory.max = 50"], V2Writes(memory, ("memory.current", "60\n")));
    }

    [Fact]
    public void V2_period_alone_keeps_the_quota()
    {
        Assert.Equal(["cpu.max = 5000 20000"], V2Writes(new() { Cpu = new() { Period = 20000 } }, ("cpu.max", "5000 100000\n")));
        Assert.Equal(["cpu.max = max 20000"], V2Writes(new() { Cpu = new() { Period = 20000 } }, ("cpu.max", "max 100000\n")));
    }

    [Fact]
    public void A_weight_is_set_while_the_group_is_not_idle() => Assert.Equal(
        ["cpu.idle = 0", "cpu.weight = 39", "cpu.idle = 1"],
        V2Writes(new() { Cpu = new() { Shares = 1024, Idle = 1 } }, ("cpu.idle", "1\n")));

    [Fact]
    public void A_controller_that_is_not_enabled_cannot_be_had_later() => Assert.Equal(
        "pids.limit: the cgroup controller 'pids' is not available here (there are cpu, memory); create the container anew where 'pids' is enabled, or remove the limit",
        V2Refusal(new() { Pids = new() { Limit = 5 } }));

    [Fact]
    public void Nothing_asked_for_is_nothing_done() => Assert.Empty(CgroupPlan.Update([V1Memory, V2 with { Slot = 1 }], new(), Layouts.Files()).Steps);

    private static IEnumerable<string> V2Writes(ResourcesSpec resources, params (string File, string Text)[] files) =>
        V2Plan(resources, files).Steps.Cast<WriteCgroupStep>().Select(w => $"{w.File} = {w.Value}");

    private static string V2Refusal(ResourcesSpec resources, params (string File, string Text)[] files) =>
        Assert.Throws<CgroupException>(() => V2Plan(resources, files)).Message;

    private static CgroupPlan V2Plan(ResourcesSpec resources, (string File, string Text)[] files) => CgroupPlan.Update(
        [V2], resources,
        Layouts.Files([("/sys/fs/cgroup/c/cgroup.controllers", "cpu memory\n"), .. files.Select(f => ("/sys/fs/cgroup/c/" + f.File, f.Text))]));

    private static long Infinite(long amount) => amount == -1 ? long.MaxValue : amount;

    private static string V1Text(long amount) => amount == -1 ? "9223372036854771712\n" : $"{amount}\n";

    private static double Share(long quota, ulong period) => (double)quota / period;
}
