using Engine.Cgroups;
using Engine.Spec;

namespace Engine.Tests.Unit.Cgroups;

/// <summary>config-linux.md, Intel RDT: which group, what is written, what is compared, what stays.</summary>
public class ResctrlPlanTests
{
    private static ResctrlPlan Plan(IntelRdtSpec rdt, string? existing = null, string schemata = "") =>
        ResctrlPlan.Create(rdt, "box", 3, () => "/r", path => existing is not null && path == $"{existing}/schemata" ? schemata : null);

    private static string[] Steps(ResctrlPlan plan) => [.. plan.Steps.Select(step => step switch
    {
        OpenCgroupStep open => $"{open.Slot} {open.Mountpoint}{open.Path} {open.Flags}",
        WriteCgroupStep write => $"{write.Slot} {write.Directory}/{write.File} = {write.Value.Replace("\n", "|", StringComparison.Ordinal)}",
        _ => "?",
    })];

    [Fact]
    public void Without_a_class_the_container_gets_one_that_goes_with_it()
    {
        var plan = Plan(new() { L3CacheSchema = "L3:0=f\nMB:0=10", MemBwSchema = "MB:0=50" });
        Assert.Equal(["3 /r/box Create, Attach, Resctrl", "3 /r/box/schemata = L3:0=f|MB:0=50|"], Steps(plan));
        Assert.Equal(["/r/box"], plan.Groups);
        Assert.Equal("/r/box", plan.Own);
        Assert.Equal(["3 /r/box Create, Attach, Resctrl"], Steps(Plan(new())));
    }

    [Fact]
    public void A_named_class_is_made_when_it_is_missing_and_stays()
    {
        var plan = Plan(new() { ClosId = "gold", Schemata = ["L2:0=3", "L3:0=f"] });
        Assert.Equal(["3 /r/gold Create, Attach, Resctrl, Keep", "3 /r/gold/schemata = L2:0=3|L3:0=f|"], Steps(plan));
        Assert.Null(plan.Own);
        Assert.StartsWith("linux.intelRdt.closID: /r/gold does not exist", Assert.Throws<CgroupException>(() => Plan(new() { ClosId = "gold" })).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_named_class_that_exists_is_compared_and_never_written()
    {
        Assert.Equal(["3 /r/gold Create, Attach, Resctrl, Keep"], Steps(Plan(new() { ClosId = "gold", L3CacheSchema = "L3:0=F" }, "/r/gold", "    L3:0=00f;1=ff\n    MB:0=100\n")));
        Assert.Equal(["3 /r/gold Create, Attach, Resctrl, Keep"], Steps(Plan(new() { ClosId = "gold" }, "/r/gold", "L3:0=f\n")));
        var refused = Assert.Throws<CgroupException>(() => Plan(new() { ClosId = "gold", MemBwSchema = "MB:0=50" }, "/r/gold", "MB:0=100\n"));
        Assert.Contains("for MB:0", refused.Message, StringComparison.Ordinal);
        Assert.Equal(["3 /r/ Create, Attach, Resctrl, Keep"], Steps(Plan(new() { ClosId = "/" }, "/r", "L3:0=f\n")));
    }

    [Fact]
    public void Monitoring_has_a_group_of_the_containers_name_that_goes_with_it()
    {
        var own = Plan(new() { EnableMonitoring = true });
        Assert.Equal("4 /r/box/mon_groups/box Create, Attach, Resctrl", Steps(own)[^1]);
        Assert.Equal("/r/box", own.Own);
        var named = Plan(new() { ClosId = "gold", EnableMonitoring = true }, "/r/gold", "L3:0=f\n");
        Assert.Equal(["/r/gold", "/r/gold/mon_groups/box"], named.Groups);
        Assert.Equal("/r/gold/mon_groups/box", named.Own);
    }

    [Fact]
    public void Who_asks_for_nothing_has_resctrl_left_alone() =>
        Assert.Empty(ResctrlPlan.Create(null, "box", 0, () => throw new InvalidOperationException(), _ => null).Steps);
}
