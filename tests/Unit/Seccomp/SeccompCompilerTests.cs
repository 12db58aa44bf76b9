using System.Runtime.InteropServices;
using Engine.Seccomp;
using Engine.Spec;
using FsCheck;
using FsCheck.Fluent;

namespace Engine.Tests.Unit.Seccomp;

/// <summary>What the compiled programs decide, by an interpreter; refusals and notes.</summary>
public class SeccompCompilerTests
{
    private const uint X64 = 0xc000003e, X86 = 0x40000003, X32Bit = 0x40000000;

    private const uint Kill = 0, Allow = 0x7fff0000, Enosys = 0x50000 | 38;

    /// <summary>Name and x86-64 number of calls that random profiles are about.</summary>
    private static readonly (string Name, uint Number)[] Calls = [("read", 0), ("write", 1), ("ioctl", 16), ("personality", 135), ("clone", 56), ("futex", 202)];

    private static readonly ulong[] Values = [0, 1, 5, 0xffffffff, 0x1_0000_0000, 0x1_0000_0001, ulong.MaxValue];

    private static readonly Gen<SyscallArgSpec> Arg =
        from index in Gen.Choose(0, 2)
        from op in Gen.Elements("SCMP_CMP_NE", "SCMP_CMP_LT", "SCMP_CMP_LE", "SCMP_CMP_EQ", "SCMP_CMP_GE", "SCMP_CMP_GT", "SCMP_CMP_MASKED_EQ")
        from value in Gen.Elements(Values)
        from two in Gen.Elements(Values)
        select new SyscallArgSpec { Index = (uint)index, Op = op, Value = value, ValueTwo = two & value };

    private static readonly Gen<SyscallRuleSpec> Rule =
        from name in Gen.Elements(Calls)
        from count in Gen.Choose(0, 3)
        from args in Arg.ArrayOf(count)
        from errno in Gen.Choose(98, 99)
        select new SyscallRuleSpec { Names = [name.Name], Action = "SCMP_ACT_ERRNO", ErrnoRet = (uint)errno, Args = args };

    private static readonly Arbitrary<SyscallRuleSpec[]> Profiles =
        Arb.From(from count in Gen.Choose(0, 6) from rules in Rule.ArrayOf(count) select rules);

    private static readonly bool OnX64 = RuntimeInformation.OSArchitecture == Architecture.X64;

    [Fact]
    public void A_filter_decides_as_its_rules_read()
    {
        if (!OnX64)
            return;
        Prop.ForAll(Profiles, rules =>
        {
            var program = SeccompCompiler.Compile(new SeccompSpec
            {
                DefaultAction = "SCMP_ACT_ALLOW",
                Architectures = ["SCMP_ARCH_X32", "SCMP_ARCH_X86_64"],
                Syscalls = rules,
            }).Program;
            foreach (var (name, number) in Calls)
            {
                foreach (var args in from a in Values from b in Values select new[] { a, b, 5UL })
                {
                    var expected = Decision(rules, name, args);
                    if (expected != FilterInterpreter.Run(program, X64, number, args))
                        Assert.Fail($"{name}({string.Join(", ", args)}) is to be {expected:x} under\n{string.Join('\n', rules.Select(Text))}");
                }
            }
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(300));
    }

    [Fact]
    public void The_netlink_rules_of_podmans_profile_are_taken()
    {
        if (!OnX64)
            return;
        SyscallRuleSpec Socket(string action, params (uint Index, ulong Value, string Op)[] args) => new()
        {
            Names = ["socket"],
            Action = action,
            ErrnoRet = action == "SCMP_ACT_ERRNO" ? 22u : null,
            Args = [.. args.Select(a => new SyscallArgSpec { Index = a.Index, Value = a.Value, Op = a.Op })],
        };
        var program = SeccompCompiler.Compile(new SeccompSpec
        {
            DefaultAction = "SCMP_ACT_ERRNO",
            DefaultErrnoRet = 38,
            Architectures = ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"],
            Syscalls =
            [
                Socket("SCMP_ACT_ERRNO", (0, 16, "SCMP_CMP_EQ"), (2, 9, "SCMP_CMP_EQ")),
                Socket("SCMP_ACT_ALLOW", (2, 9, "SCMP_CMP_NE")),
                Socket("SCMP_ACT_ALLOW", (0, 16, "SCMP_CMP_NE")),
                Socket("SCMP_ACT_ALLOW", (2, 9, "SCMP_CMP_NE")),
            ],
        }).Program;
        foreach (var (family, protocol) in from f in new ulong[] { 1, 16 } from p in new ulong[] { 0, 9 } select (f, p))
        {
            var expected = family == 16 && protocol == 9 ? 0x50000u | 22 : Allow;
            Assert.Equal(expected, FilterInterpreter.Run(program, X64, 41, family, 3, protocol));
            Assert.Equal(expected, FilterInterpreter.Run(program, X86, 359, family, 3, protocol));
            Assert.Equal(expected, FilterInterpreter.Run(program, X64, X32Bit | 41, family, 3, protocol));
        }
    }

    [Fact]
    public void Where_arguments_are_out_of_sight_the_strictest_rule_holds_unless_the_multiplexer_is_named()
    {
        if (!OnX64)
            return;
        SyscallRuleSpec Deny(uint errno, uint index, ulong value) => new()
        {
            Names = ["socket", "shutdown"],
            Action = "SCMP_ACT_ERRNO",
            ErrnoRet = errno,
            Args = [new() { Index = index, Value = value, Op = "SCMP_CMP_GE" }],
        };
        SyscallRuleSpec[] rules = [Deny(97, 0, 38), Deny(22, 2, 9), new() { Names = ["bind"], Action = "SCMP_ACT_KILL_PROCESS" }];
        var spec = new SeccompSpec { DefaultAction = "SCMP_ACT_ALLOW", Architectures = ["SCMP_ARCH_X86"], Syscalls = rules };
        var program = SeccompCompiler.Compile(spec).Program;
        const uint socketcall = 102, socket = 1, bind = 2, listen = 4, shutdown = 13;
        Assert.Equal(0x50000u | 97, FilterInterpreter.Run(program, X86, socketcall, shutdown));
        Assert.Equal(0x50000u | 97, FilterInterpreter.Run(program, X86, socketcall, socket));
        Assert.Equal(0x80000000, FilterInterpreter.Run(program, X86, socketcall, bind));
        Assert.Equal(Allow, FilterInterpreter.Run(program, X86, socketcall, listen));
        Assert.Equal(0x50000u | 97, FilterInterpreter.Run(program, X86, 359, 40, 1, 0));
        Assert.Equal(0x50000u | 22, FilterInterpreter.Run(program, X86, 359, 1, 1, 9));
        Assert.Equal(Allow, FilterInterpreter.Run(program, X86, 359, 1, 1, 0));
        spec.Syscalls = [.. rules, new() { Names = ["socketcall"], Action = "SCMP_ACT_LOG" }];
        Assert.Equal(0x7ffc0000u, FilterInterpreter.Run(SeccompCompiler.Compile(spec).Program, X86, socketcall, socket));
    }

    [Theory]
    [InlineData("SCMP_ACT_KILL", null, 0u)]
    [InlineData("SCMP_ACT_KILL_THREAD", null, 0u)]
    [InlineData("SCMP_ACT_KILL_PROCESS", null, 0x80000000u)]
    [InlineData("SCMP_ACT_TRAP", null, 0x30000u)]
    [InlineData("SCMP_ACT_ERRNO", null, 0x50001u)]
    [InlineData("SCMP_ACT_ERRNO", 0u, 0x50000u)]
    [InlineData("SCMP_ACT_ERRNO", 4094u, 0x50ffeu)]
    [InlineData("SCMP_ACT_TRACE", null, 0x7ff00001u)]
    [InlineData("SCMP_ACT_TRACE", 65535u, 0x7ff0ffffu)]
    [InlineData("SCMP_ACT_LOG", null, 0x7ffc0000u)]
    public void Actions_are_the_kernels(string action, uint? errno, uint value)
    {
        var native = OnX64 ? X64 : 0xc00000b7;
        var read = OnX64 ? 0u : 63u;
        var one = SeccompCompiler.Compile(new SeccompSpec { DefaultAction = "SCMP_ACT_ALLOW", Syscalls = [new() { Names = ["read"], Action = action, ErrnoRet = errno }] });
        Assert.Equal(value, FilterInterpreter.Run(one.Program, native, read));
        Assert.Equal(Allow, FilterInterpreter.Run(one.Program, native, read + 1));
        var all = SeccompCompiler.Compile(new SeccompSpec { DefaultAction = action, DefaultErrnoRet = errno });
        Assert.Equal(value, FilterInterpreter.Run(all.Program, native, read));
    }

    [Fact]
    public void Calls_newer_than_the_profile_do_not_exist()
    {
        if (!OnX64)
            return;
        var spec = new SeccompSpec
        {
            DefaultAction = "SCMP_ACT_ERRNO",
            DefaultErrnoRet = 1,
            Architectures = ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"],
            Syscalls = [new() { Names = ["read", "statx", "nothing_known"], Action = "SCMP_ACT_ALLOW" }],
        };
        var program = SeccompCompiler.Compile(spec).Program;
        Assert.Equal(Allow, FilterInterpreter.Run(program, X64, 0));
        Assert.Equal(0x50001u, FilterInterpreter.Run(program, X64, 331));
        Assert.Equal(Allow, FilterInterpreter.Run(program, X64, 332));
        Assert.Equal(Enosys, FilterInterpreter.Run(program, X64, 333));
        Assert.Equal(Enosys, FilterInterpreter.Run(program, X64, 435));
        Assert.Equal(Allow, FilterInterpreter.Run(program, X86, 383));
        Assert.Equal(Enosys, FilterInterpreter.Run(program, X86, 384));
        Assert.Equal(0x50001u, FilterInterpreter.Run(program, X64, X32Bit | 1));
        Assert.Equal(Allow, FilterInterpreter.Run(program, X64, X32Bit | 332));
        Assert.Equal(Enosys, FilterInterpreter.Run(program, X64, X32Bit | 333));
        Assert.Equal(Kill, FilterInterpreter.Run(program, 0xc00000b7, 63));

        spec.Architectures = [];
        program = SeccompCompiler.Compile(spec).Program;
        Assert.Equal(Enosys, FilterInterpreter.Run(program, X64, 333));
        Assert.Equal(Kill, FilterInterpreter.Run(program, X64, X32Bit | 333));
        Assert.Equal(Kill, FilterInterpreter.Run(program, X86, 3));

        spec.DefaultAction = "SCMP_ACT_KILL_PROCESS";
        spec.DefaultErrnoRet = null;
        Assert.Equal(0x80000000u, FilterInterpreter.Run(SeccompCompiler.Compile(spec).Program, X64, 435));
    }

    [Fact]
    public void A_long_list_for_several_architectures_becomes_a_tree_with_the_same_answers()
    {
        if (!OnX64)
            return;
        var names = File.ReadAllLines("/usr/include/x86_64-linux-gnu/asm/unistd_64.h").Where(l => l.StartsWith("#define __NR_", StringComparison.Ordinal))
            .Select(l => l["#define __NR_".Length..].Split(' ')).ToDictionary(w => w[0], w => uint.Parse(w[1]));
        var filter = SeccompCompiler.Compile(new SeccompSpec
        {
            DefaultAction = "SCMP_ACT_ERRNO",
            Architectures = ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"],
            Syscalls = [new() { Names = [.. names.Where(n => n.Value % 3 != 0).Select(n => n.Key)], Action = "SCMP_ACT_ALLOW" }],
        });
        Assert.All(names.Values.Where(n => n < 330), n => Assert.Equal(n % 3 != 0 ? Allow : 0x50001, FilterInterpreter.Run(filter.Program, X64, n)));
    }

    [Fact]
    public void Unknown_calls_and_rules_without_effect_are_noted()
    {
        var notes = SeccompCompiler.Compile(new SeccompSpec
        {
            DefaultAction = "SCMP_ACT_ALLOW",
            Syscalls =
            [
                new() { Names = ["read", "time_travel"], Action = "SCMP_ACT_ERRNO" },
                new() { Names = ["read"], Action = "SCMP_ACT_LOG", Args = [new() { Index = 0, Value = 3, Op = "SCMP_CMP_EQ" }] },
                new() { Names = ["socketcall", "write"], Action = "SCMP_ACT_ERRNO", Args = [new() { Index = 0, Value = 3, Op = "SCMP_CMP_EQ" }] },
                new() { Names = ["write"], Action = "SCMP_ACT_LOG", Args = [new() { Index = 0, Value = 3, Op = "SCMP_CMP_EQ" }] },
            ],
        }).Notes;
        Assert.Collection(
            notes,
            n => Assert.Matches(@"^linux\.seccomp\.syscalls\[0\]\.names: libseccomp \d+\.\d+\.\d+ does not know ""time_travel""; skipped$", n),
            n => Assert.Equal("linux.seccomp.syscalls[1]: without effect for read: linux.seccomp.syscalls[0] decides", n),
            n => Assert.Equal("linux.seccomp.syscalls[3]: without effect for write: linux.seccomp.syscalls[2] decides", n));
    }

    [Fact]
    public void Flags_are_handed_to_whoever_loads() => Assert.Equal(7u, SeccompCompiler.Compile(new SeccompSpec
    {
        DefaultAction = "SCMP_ACT_ALLOW",
        Flags = ["SECCOMP_FILTER_FLAG_LOG", "SECCOMP_FILTER_FLAG_TSYNC", "SECCOMP_FILTER_FLAG_SPEC_ALLOW"],
    }).Flags);

    [Fact]
    public void Waiting_killable_is_for_a_filter_that_notifies()
    {
        var spec = One(new() { Names = ["mkdir"], Action = "SCMP_ACT_NOTIFY" });
        spec.Flags = ["SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV"];
        var filter = SeccompCompiler.Compile(spec);
        Assert.Equal(0x20u, filter.Flags);
        // BPF_RET of SECCOMP_RET_USER_NOTIF.
        Assert.Contains(filter.Program.Chunk(8), i => i is [6, 0, _, _, 0, 0, 0xc0, 0x7f]);
        spec.Syscalls[0].Action = "SCMP_ACT_LOG";
        Assert.Equal(0u, SeccompCompiler.Compile(spec).Flags);
    }

    public static TheoryData<string, SeccompSpec> Bad => new()
    {
        { "linux.seccomp.defaultAction: \"ALLOW\" is no action; known are", new() { DefaultAction = "ALLOW" } },
        { "linux.seccomp.defaultErrnoRet: SCMP_ACT_KILL returns no errno", new() { DefaultAction = "SCMP_ACT_KILL", DefaultErrnoRet = 1 } },
        { "linux.seccomp.defaultErrnoRet: 4095 is more than 4094", new() { DefaultAction = "SCMP_ACT_ERRNO", DefaultErrnoRet = 4095 } },
        { "linux.seccomp.architectures[1]: \"SCMP_ARCH_Z80\"", new() { DefaultAction = "SCMP_ACT_ALLOW", Architectures = ["SCMP_ARCH_X86_64", "SCMP_ARCH_Z80"] } },
        { "linux.seccomp.architectures[0]: \"x86\"", new() { DefaultAction = "SCMP_ACT_ALLOW", Architectures = ["x86"] } },
        { "linux.seccomp.architectures[0]: s390x cannot be part", new() { DefaultAction = "SCMP_ACT_ALLOW", Architectures = ["SCMP_ARCH_S390X"] } },
        { "linux.seccomp.flags[0]: \"X\" is no flag", new() { DefaultAction = "SCMP_ACT_ALLOW", Flags = ["X"] } },
        { "linux.seccomp.listenerMetadata", new() { DefaultAction = "SCMP_ACT_ALLOW", ListenerMetadata = "x" } },
        { "linux.seccomp.syscalls[0].names: is empty", One(new() { Names = [], Action = "SCMP_ACT_ERRNO" }) },
        { "linux.seccomp.syscalls[0].action: \"\"", One(new() { Names = ["read"], Action = "" }) },
        { "linux.seccomp.syscalls[0].errnoRet: SCMP_ACT_ALLOW returns", One(new() { Names = ["read"], Action = "SCMP_ACT_ALLOW", ErrnoRet = 1 }) },
        { "linux.seccomp.syscalls[0].args[0].index: 6", One(new() { Names = ["read"], Action = "SCMP_ACT_ERRNO", Args = [new() { Index = 6, Value = 0, Op = "SCMP_CMP_EQ" }] }) },
        { "linux.seccomp.syscalls[0].args[0].op: \"==\"", One(new() { Names = ["read"], Action = "SCMP_ACT_ERRNO", Args = [new() { Index = 0, Value = 0, Op = "==" }] }) },
    };

    [Theory]
    [MemberData(nameof(Bad))]
    public void What_cannot_be_honoured_is_refused_by_path(string beginning, SeccompSpec spec) =>
        Assert.StartsWith(beginning, Assert.Throws<SeccompException>(() => SeccompCompiler.Compile(spec)).Message, StringComparison.Ordinal);

    private static string Text(SyscallRuleSpec rule) => $"{rule.Names[0]}: {string.Join(" and ", rule.Args.Select(a => $"{a.Index} {a.Op} {a.Value:x} {a.ValueTwo:x}"))}";

    private static SeccompSpec One(SyscallRuleSpec rule) => new() { DefaultAction = "SCMP_ACT_ALLOW", Syscalls = [rule] };

    /// <summary>Reference: a rule without comparisons decides, else the first that matches.</summary>
    private static uint Decision(SyscallRuleSpec[] rules, string name, ulong[] args)
    {
        var about = rules.Where(r => r.Names.Contains(name)).ToList();
        var rule = about.Find(r => r.Args.Length == 0) ?? about.Find(r => Matches(r.Args, args));
        return rule is null ? Allow : 0x50000u | rule.ErrnoRet!.Value;
    }

    /// <summary>All comparisons, or any where an argument comes twice.</summary>
    private static bool Matches(SyscallArgSpec[] args, ulong[] values)
    {
        bool Holds(SyscallArgSpec a) => a.Op switch
        {
            "SCMP_CMP_NE" => values[a.Index] != a.Value,
            "SCMP_CMP_LT" => values[a.Index] < a.Value,
            "SCMP_CMP_LE" => values[a.Index] <= a.Value,
            "SCMP_CMP_EQ" => values[a.Index] == a.Value,
            "SCMP_CMP_GE" => values[a.Index] >= a.Value,
            "SCMP_CMP_GT" => values[a.Index] > a.Value,
            _ => (values[a.Index] & a.Value) == a.ValueTwo,
        };
        return args.DistinctBy(a => a.Index).Count() == args.Length ? args.All(Holds) : args.Any(Holds);
    }
}
