using System.Globalization;
using System.Text.RegularExpressions;

namespace Engine.Tests.Security.Support;

/// <summary>Which system calls a freestanding program's machine code can make.</summary>
internal static partial class MachineCode
{
    private const int LongestSetUp = 25;

    /// <summary>
    /// Names of all numbers that reach the kernel: constants at <c>syscall</c> itself, and at the calls of the one function that
    /// takes the number as its first argument (starter/Rt/Arch). Throws when a number is no constant: then nothing can be said.
    /// </summary>
    public static HashSet<string> SystemCalls(string program)
    {
        var lines = new Command("/usr/bin/objdump", "-d", "--no-show-raw-insn", program).Run().ShouldExit(0).Text.Split('\n').Select(l => Instruction().Match(l)).Where(m => m.Success)
            .Select(m => (Address: m.Groups[1].Value, Code: m.Groups[2].Value.TrimEnd())).ToList();
        var numbers = new HashSet<int>();
        var gate = "";
        for (var i = 0; i < lines.Count; i++)
        {
            if (lines[i].Code != "syscall")
            {
                continue;
            }
            if (ConstantBefore(lines, i, "ax") is { } number)
            {
                numbers.Add(number);
                continue;
            }
            // syscall6: mov %rdi,%rax is its first instruction.
            var entry = Enumerable.Range(1, 10).Select(d => i - d).First(j => lines[j].Code == "mov    %rdi,%rax");
            Assert.True(gate.Length == 0, "two functions take a number");
            gate = lines[entry].Address;
        }
        Assert.True(gate.Length > 0, "no syscall6");
        for (var i = 0; i < lines.Count; i++)
        {
            if (Regex.IsMatch(lines[i].Code, $@"^(call|jmp) +0x{gate}$"))
            {
                numbers.Add(ConstantBefore(lines, i, "di") ?? throw Scenario.Breach($"the number of the call at {lines[i].Address} is no constant"));
            }
        }
        return numbers.Select(Name).ToHashSet();
    }

    // The last thing that was put into the register before.
    private static int? ConstantBefore(List<(string Address, string Code)> lines, int at, string register)
    {
        for (var j = at - 1; j > Math.Max(0, at - LongestSetUp); j--)
        {
            var code = lines[j].Code;
            if (Regex.Match(code, $@"^mov +\$0x([0-9a-f]+),%[er]{register}$") is { Success: true } constant)
            {
                return int.Parse(constant.Groups[1].Value, NumberStyles.HexNumber, CultureInfo.InvariantCulture);
            }
            if (Regex.IsMatch(code, $@"^xor +%e{register},%e{register}$"))
            {
                return 0;
            }
            if (Regex.IsMatch(code, $@",%[er]{register}$") && !code.StartsWith("cmp", StringComparison.Ordinal) && !code.StartsWith("test", StringComparison.Ordinal))
            {
                return null;
            }
        }
        return null;
    }

    private static string Name(int number) => Names.Value.GetValueOrDefault(number) ?? number.ToString(CultureInfo.InvariantCulture);

    private static readonly Lazy<Dictionary<int, string>> Names = new(() =>
        Regex.Matches(File.ReadAllText(Path.Combine(Installation.SourceRoot, "shared/Linux/SyscallNumbers.x64.cs")), @"SYS_(\w+)\s*=\s*(\d+)")
            .ToDictionary(m => int.Parse(m.Groups[2].Value, CultureInfo.InvariantCulture), m => m.Groups[1].Value));

    [GeneratedRegex(@"^ +([0-9a-f]+):\t(.*?)(?: +#.*)?$")]
    private static partial Regex Instruction();
}
