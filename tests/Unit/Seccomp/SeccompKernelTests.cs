using System.Runtime.InteropServices;
using Engine.Seccomp;
using Engine.Spec;

namespace Engine.Tests.Unit.Seccomp;

/// <summary>Filters in the kernel: real calls, real answers.</summary>
public class SeccompKernelTests
{
    private static readonly bool OnX64 = RuntimeInformation.OSArchitecture == Architecture.X64;

    private static readonly string Getppid = OnX64 ? "110" : "173", Getuid = OnX64 ? "102" : "174", Lseek = OnX64 ? "8" : "62", Clone3 = "435";

    [Fact]
    public void Errno_is_returned_and_other_calls_go_on()
    {
        var lines = SeccompTry.Run(Denying("SCMP_ACT_ERRNO", 42, "getppid"), Getppid, Getuid);
        Assert.Equal("ret -1 42", lines[0]);
        Assert.Equal($"ret {GetUid()} 0", lines[1]);
        Assert.Equal(2, lines.Length);
    }

    [Fact]
    public void Errno_without_a_number_is_EPERM() => Assert.Equal(["ret -1 1"], SeccompTry.Run(Denying("SCMP_ACT_ERRNO", null, "getppid"), Getppid));

    [Theory]
    [InlineData("SCMP_ACT_KILL_PROCESS")]
    [InlineData("SCMP_ACT_KILL")]
    public void Kill_ends_the_process_by_SIGSYS_which_cannot_be_caught(string action) =>
        Assert.Equal([$"ret {GetUid()} 0", "signal 31"], SeccompTry.Run(Denying(action, null, "getppid"), Getuid, Getppid, Getuid));

    [Fact]
    public void Trap_delivers_SIGSYS_with_the_number() =>
        Assert.Equal([$"trap {Getppid} 0", $"ret {GetUid()} 0"], SeccompTry.Run(Denying("SCMP_ACT_TRAP", null, "getppid"), Getppid, Getuid));

    [Fact]
    public void Trace_without_a_tracer_is_ENOSYS() => Assert.Equal(["ret -1 38"], SeccompTry.Run(Denying("SCMP_ACT_TRACE", 7, "getppid"), Getppid));

    [Fact]
    public void Log_lets_the_call_through()
    {
        var filter = SeccompCompiler.Compile(new SeccompSpec
        {
            DefaultAction = "SCMP_ACT_ALLOW",
            Flags = ["SECCOMP_FILTER_FLAG_LOG", "SECCOMP_FILTER_FLAG_SPEC_ALLOW", "SECCOMP_FILTER_FLAG_TSYNC"],
            Syscalls = [new() { Names = ["getuid"], Action = "SCMP_ACT_LOG" }],
        });
        Assert.Equal([$"ret {GetUid()} 0"], SeccompTry.Run(filter, Getuid));
    }

    [Theory]
    [InlineData("SCMP_CMP_NE", 7UL, 0UL, "8", "7")]
    [InlineData("SCMP_CMP_LT", 7UL, 0UL, "6", "7")]
    [InlineData("SCMP_CMP_LE", 7UL, 0UL, "7", "8")]
    [InlineData("SCMP_CMP_EQ", 7UL, 0UL, "7", "0x100000007")]
    [InlineData("SCMP_CMP_GE", 0x100000007UL, 0UL, "0x100000007", "7")]
    [InlineData("SCMP_CMP_GT", 7UL, 0UL, "0x8000000000000000", "7")]
    [InlineData("SCMP_CMP_MASKED_EQ", 0xf0UL, 0x10UL, "0xff1f", "0xff2f")]
    public void Comparisons_are_of_the_whole_argument(string op, ulong value, ulong two, string hit, string miss)
    {
        var filter = Denying("SCMP_ACT_ERRNO", 42, "lseek", new SyscallArgSpec { Index = 1, Value = value, ValueTwo = two, Op = op });
        Assert.Equal(["ret -1 42", "ret -1 9"], SeccompTry.Run(filter, $"{Lseek},999,{hit}", $"{Lseek},999,{miss}"));
    }

    [Fact]
    public void All_comparisons_of_a_rule_must_hold_and_rules_add_up()
    {
        var filter = SeccompCompiler.Compile(new SeccompSpec
        {
            DefaultAction = "SCMP_ACT_ALLOW",
            Syscalls =
            [
                new()
                {
                    Names = ["lseek"], Action = "SCMP_ACT_ERRNO", ErrnoRet = 41,
                    Args = [new() { Index = 1, Value = 5, Op = "SCMP_CMP_EQ" }, new() { Index = 2, Value = 2, Op = "SCMP_CMP_GE" }],
                },
                new() { Names = ["lseek"], Action = "SCMP_ACT_ERRNO", ErrnoRet = 42, Args = [new() { Index = 0, Value = 77, Op = "SCMP_CMP_EQ" }] },
            ],
        });
        Assert.Equal(["ret -1 41", "ret -1 9", "ret -1 9", "ret -1 42"], SeccompTry.Run(filter, $"{Lseek},999,5,2", $"{Lseek},999,5,1", $"{Lseek},999,6,2", $"{Lseek},77,6,0"));
    }

    [Fact]
    public void Comparisons_that_overlap_in_one_argument_are_kept_apart()
    {
        SyscallRuleSpec Deny(uint errno, string op, ulong value) =>
            new() { Names = ["lseek"], Action = "SCMP_ACT_ERRNO", ErrnoRet = errno, Args = [new() { Index = 1, Value = value, Op = op }] };
        var filter = SeccompCompiler.Compile(new SeccompSpec
        {
            DefaultAction = "SCMP_ACT_ALLOW",
            Syscalls = [Deny(41, "SCMP_CMP_LT", 0xffffffff), Deny(42, "SCMP_CMP_GT", 0x100000001)],
        });
        Assert.Equal(
            ["ret -1 41", "ret -1 9", "ret -1 9", "ret -1 42", "ret -1 42"],
            SeccompTry.Run(filter, $"{Lseek},999,5", $"{Lseek},999,0xffffffff", $"{Lseek},999,0x100000001", $"{Lseek},999,0x100000002", $"{Lseek},999,0x200000000"));
    }

    [Fact]
    public void An_allow_list_denies_the_rest_and_answers_ENOSYS_to_newer_calls()
    {
        var filter = SeccompCompiler.Compile(new SeccompSpec
        {
            DefaultAction = "SCMP_ACT_ERRNO",
            Syscalls = [new() { Names = ["getuid", "lseek", "statx"], Action = "SCMP_ACT_ALLOW" }],
        });
        Assert.Equal([$"ret {GetUid()} 0", "ret -1 1", "ret -1 38"], SeccompTry.Run(filter, Getuid, Getppid, Clone3));
    }

    [Fact]
    public void A_call_of_another_architecture_kills_unless_it_is_listed()
    {
        if (!OnX64)
            return;
        const string getppid = "i386:64", getuid = "i386:199";
        var only = Denying("SCMP_ACT_ERRNO", 42, "getppid");
        Assert.Equal(["ret -1 42", "signal 31"], SeccompTry.Run(only, Getppid, getuid));
        var both = SeccompCompiler.Compile(new SeccompSpec
        {
            DefaultAction = "SCMP_ACT_ALLOW",
            Architectures = ["SCMP_ARCH_X86", "SCMP_ARCH_X86_64"],
            Syscalls = [new() { Names = ["getppid"], Action = "SCMP_ACT_ERRNO", ErrnoRet = 42 }],
        });
        Assert.Equal(["ret -1 42", "ret -1 42", $"ret {GetUid()} 0"], SeccompTry.Run(both, Getppid, getppid, getuid));
    }

    [Fact]
    public void The_kernel_refuses_a_program_that_is_none() => Assert.Equal(["load 22"], SeccompTry.Load(new byte[16], 0, Getuid));

    private static SeccompFilter Denying(string action, uint? errno, string name, params SyscallArgSpec[] args) => SeccompCompiler.Compile(new SeccompSpec
    {
        DefaultAction = "SCMP_ACT_ALLOW",
        Syscalls = [new() { Names = [name], Action = action, ErrnoRet = errno, Args = args }],
    });

    private static string GetUid() => File.ReadLines("/proc/self/status").First(l => l.StartsWith("Uid:", StringComparison.Ordinal)).Split('\t')[1];
}
