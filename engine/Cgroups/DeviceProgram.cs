using Engine.Shared.Protocol;
using static Engine.Shared.Linux.bpf_h;
using static Engine.Shared.Linux.filter_h;

namespace Engine.Cgroups;

/// <summary>
/// Device rules as an eBPF program of type BPF_PROG_TYPE_CGROUP_DEVICE (linux/bpf.h): 1 allows, 0 denies.
/// The program walks the rules from the last to the first and carries the kinds of access that are not decided yet, so
/// that an open for reading and writing is allowed by two rules of one access each and denied by one deny rule for either.
/// </summary>
public static class DeviceProgram
{
    /// <summary>What the supervisor takes: BPF_MAXINSNS.</summary>
    private const int MaxInstructions = Limits.DeviceProgramBytes / 8;

    private const byte R0 = BPF_REG_0, Context = BPF_REG_1, Kind = BPF_REG_2, Pending = BPF_REG_3, Major = BPF_REG_4, Minor = BPF_REG_5;

    private const byte LdxWord = BPF_LDX | BPF_MEM | BPF_W;
    private const byte Mov32Reg = BPF_ALU | BPF_MOV | BPF_X;
    private const byte Mov64Imm = BPF_ALU64 | BPF_MOV | BPF_K;
    private const byte And32Imm = BPF_ALU | BPF_AND | BPF_K;
    private const byte Rsh32Imm = BPF_ALU | BPF_RSH | BPF_K;
    private const byte JmpAlways = BPF_JMP | BPF_JA;
    private const byte Jne32Imm = BPF_JMP32 | BPF_JNE | BPF_K;
    private const byte Jset32Imm = BPF_JMP32 | BPF_JSET | BPF_K;
    private const byte Exit = BPF_JMP | BPF_EXIT;

    /// <summary>Translates rules in their order of listing; see <see cref="DeviceRule"/> for what they mean.</summary>
    /// <returns>struct bpf_insn[], 8 bytes each, in the byte order of this machine.</returns>
    /// <exception cref="CgroupException">The program would be longer than the kernel takes from everybody.</exception>
    public static byte[] Compile(IReadOnlyList<DeviceRule> rules)
    {
        var code = new List<Instruction>();
        EmitPrologue(code);
        var ended = false;
        for (var i = rules.Count - 1; i >= 0 && !ended; i--)
            ended = EmitRule(code, rules[i]);
        if (!ended)
            EmitReturn(code, allow: false);
        if (code.Count > MaxInstructions)
        {
            throw new CgroupException(
                $"linux.resources.devices: {rules.Count} rules make a program of {code.Count} instructions, more than {MaxInstructions}",
                "merge rules with wildcards");
        }
        return Encode(code);
    }

    /// <summary>struct bpf_cgroup_dev_ctx { u32 access_type; u32 major; u32 minor; }, access_type = access &lt;&lt; 16 | kind.</summary>
    private static void EmitPrologue(List<Instruction> code)
    {
        code.Add(new(LdxWord, Kind, Context, 0, 0));
        code.Add(new(Mov32Reg, Pending, Kind, 0, 0));
        code.Add(new(And32Imm, Kind, 0, 0, 0xffff));
        code.Add(new(Rsh32Imm, Pending, 0, 0, 16));
        code.Add(new(LdxWord, Major, Context, 4, 0));
        code.Add(new(LdxWord, Minor, Context, 8, 0));
        // access(F_OK) asks for nothing; the rules below rely on something being asked.
        code.Add(new(Jne32Imm, Pending, 0, 2, 0));
        EmitReturn(code, allow: true);
    }

    /// <summary>True when nothing after this rule can be reached; the verifier refuses dead code, so the caller has to stop there.</summary>
    private static bool EmitRule(List<Instruction> code, DeviceRule rule)
    {
        var verdict = new List<Instruction>();
        if (rule.Access == DeviceAccess.All)
        {
            EmitReturn(verdict, rule.Allow);
        }
        else if (rule.Allow)
        {
            verdict.Add(new(And32Imm, Pending, 0, 0, (int)(DeviceAccess.All & ~rule.Access)));
            verdict.Add(new(Jne32Imm, Pending, 0, 2, 0));
            EmitReturn(verdict, allow: true);
        }
        else
        {
            verdict.Add(new(Jset32Imm, Pending, 0, 1, (int)rule.Access));
            verdict.Add(new(JmpAlways, 0, 0, 2, 0));
            EmitReturn(verdict, allow: false);
        }
        var tests = new List<(byte Register, uint Value)>();
        if (rule.Kind != DeviceKind.All)
            tests.Add((Kind, (uint)rule.Kind));
        if (rule.Major is { } major)
            tests.Add((Major, major));
        if (rule.Minor is { } minor)
            tests.Add((Minor, minor));
        for (var i = 0; i < tests.Count; i++)
        {
            var toNextRule = tests.Count - i - 1 + verdict.Count;
            code.Add(new(Jne32Imm, tests[i].Register, 0, (short)toNextRule, unchecked((int)tests[i].Value)));
        }
        code.AddRange(verdict);
        return tests.Count == 0 && rule.Access == DeviceAccess.All;
    }

    private static void EmitReturn(List<Instruction> code, bool allow)
    {
        code.Add(new(Mov64Imm, R0, 0, 0, allow ? 1 : 0));
        code.Add(new(Exit, 0, 0, 0, 0));
    }

    private static byte[] Encode(List<Instruction> code)
    {
        var bytes = new byte[code.Count * 8];
        for (var i = 0; i < code.Count; i++)
        {
            var to = bytes.AsSpan(i * 8, 8);
            to[0] = code[i].Code;
            // dst_reg and src_reg are bit fields: the first one declared is the low half on little endian, the high half on big.
            to[1] = BitConverter.IsLittleEndian
                ? (byte)((code[i].Source << 4) | code[i].Target)
                : (byte)((code[i].Target << 4) | code[i].Source);
            BitConverter.TryWriteBytes(to[2..], code[i].Offset);
            BitConverter.TryWriteBytes(to[4..], code[i].Immediate);
        }
        return bytes;
    }

    private readonly record struct Instruction(byte Code, byte Target, byte Source, short Offset, int Immediate);
}
