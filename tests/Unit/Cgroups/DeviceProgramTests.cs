using Engine.Cgroups;
using FsCheck;
using FsCheck.Fluent;

namespace Engine.Tests.Unit.Cgroups;

public class DeviceProgramTests
{
    [Fact]
    public void The_program_decides_as_the_rules_read() => Prop.ForAll(DeviceRules.Lists, rules =>
    {
        var program = DeviceProgram.Compile(rules);
        return DeviceRules.Requests.All(r =>
            BpfInterpreter.Run(program, (uint)r.Access, (uint)r.Kind, r.Major, r.Minor)
            == (DeviceRules.Allows(rules, r.Access, r.Kind, r.Major, r.Minor) ? 1ul : 0ul));
    }).Check(Config.QuickThrowOnFailure.WithMaxTest(300));

    [Fact]
    public void No_rule_denies_everything_but_the_question_whether_a_node_is_there()
    {
        var program = DeviceProgram.Compile([]);
        Assert.Equal(0ul, BpfInterpreter.Run(program, 2, 2, 1, 3));
        Assert.Equal(1ul, BpfInterpreter.Run(program, 0, 2, 1, 3));
    }

    [Fact]
    public void A_denied_write_denies_an_open_for_reading_and_writing()
    {
        var program = DeviceProgram.Compile(
        [
            new(true, DeviceKind.All, null, null, DeviceAccess.All, ""),
            new(false, DeviceKind.Char, 1, 5, DeviceAccess.Write, ""),
        ]);
        Assert.Equal(1ul, BpfInterpreter.Run(program, 2, 2, 1, 5));
        Assert.Equal(0ul, BpfInterpreter.Run(program, 4, 2, 1, 5));
        Assert.Equal(0ul, BpfInterpreter.Run(program, 6, 2, 1, 5));
        Assert.Equal(1ul, BpfInterpreter.Run(program, 6, 1, 1, 5));
    }

    [Fact]
    public void Too_many_rules_are_refused_by_name()
    {
        var many = Enumerable.Range(0, 2000).Select(i => new DeviceRule(true, DeviceKind.Char, 1, (uint)i, DeviceAccess.All, "")).ToList();
        var refusal = Assert.Throws<CgroupException>(() => DeviceProgram.Compile(many));
        Assert.Contains("linux.resources.devices", refusal.Message, StringComparison.Ordinal);
    }
}
