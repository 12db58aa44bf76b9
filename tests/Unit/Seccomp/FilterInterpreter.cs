namespace Engine.Tests.Unit.Seccomp;

/// <summary>Runs classic BPF as the kernel does for seccomp; anything a seccomp filter may not hold is an error.</summary>
internal static class FilterInterpreter
{
    /// <summary>SECCOMP_RET_* for one call.</summary>
    public static uint Run(byte[] program, uint arch, uint number, params ulong[] arguments)
    {
        var data = new byte[64];
        BitConverter.TryWriteBytes(data, number);
        BitConverter.TryWriteBytes(data.AsSpan(4), arch);
        for (var i = 0; i < arguments.Length; i++)
            BitConverter.TryWriteBytes(data.AsSpan(16 + (i * 8)), arguments[i]);
        Assert.Equal(0, program.Length % 8);
        uint a = 0;
        for (var pc = 0; ; pc++)
        {
            var code = BitConverter.ToUInt16(program, pc * 8);
            var (jt, jf, k) = (program[(pc * 8) + 2], program[(pc * 8) + 3], BitConverter.ToUInt32(program, (pc * 8) + 4));
            switch (code)
            {
                case 0x20: // ld [k]
                    Assert.Equal(0u, k % 4);
                    a = BitConverter.ToUInt32(data, (int)k);
                    break;
                case 0x54: // and #k
                    a &= k;
                    break;
                case 0x05: // ja
                    pc += (int)k;
                    break;
                case 0x15: // jeq
                    pc += a == k ? jt : jf;
                    break;
                case 0x25: // jgt
                    pc += a > k ? jt : jf;
                    break;
                case 0x35: // jge
                    pc += a >= k ? jt : jf;
                    break;
                case 0x45: // jset
                    pc += (a & k) != 0 ? jt : jf;
                    break;
                case 0x06: // ret #k
                    return k;
                default:
                    throw new InvalidOperationException($"instruction {code:x4} at {pc}");
            }
        }
    }
}
