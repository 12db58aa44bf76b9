namespace Engine.Tests.Unit.Cgroups;

/// <summary>Runs the eBPF that device programs are made of, from the encoding in linux/bpf.h; anything else is an error.</summary>
internal static class BpfInterpreter
{
    /// <summary>Result of the program for one request; <paramref name="access"/> and <paramref name="kind"/> as BPF_DEVCG_*.</summary>
    public static ulong Run(byte[] program, uint access, uint kind, uint major, uint minor)
    {
        uint[] context = [(access << 16) | kind, major, minor];
        var register = new ulong[11];
        Assert.Equal(0, program.Length % 8);
        for (var pc = 0; ; pc++)
        {
            var code = program[pc * 8];
            var target = program[(pc * 8) + 1] & 0xf;
            var source = program[(pc * 8) + 1] >> 4;
            var offset = BitConverter.ToInt16(program, (pc * 8) + 2);
            var immediate = BitConverter.ToInt32(program, (pc * 8) + 4);
            switch (code)
            {
                case 0x61:
                    Assert.Equal(1, source);
                    register[target] = context[offset / 4];
                    break;
                case 0xbc:
                    register[target] = (uint)register[source];
                    break;
                case 0xb7:
                    register[target] = (ulong)immediate;
                    break;
                case 0x54:
                    register[target] = (uint)register[target] & (uint)immediate;
                    break;
                case 0x74:
                    register[target] = (uint)register[target] >> immediate;
                    break;
                case 0x05:
                    pc += offset;
                    break;
                case 0x56:
                    pc += (uint)register[target] != (uint)immediate ? offset : 0;
                    break;
                case 0x46:
                    pc += ((uint)register[target] & (uint)immediate) != 0 ? offset : 0;
                    break;
                case 0x95:
                    return register[0];
                default:
                    throw new InvalidOperationException($"instruction {code:x2} at {pc}");
            }
        }
    }
}
