using System.Runtime;
using System.Runtime.CompilerServices;

namespace Engine.Starter;

/// <summary>Every mistake that must end the process at once.</summary>
internal static unsafe class Deaths
{
    private static int s_zero, s_index = 10;
    private static ulong s_relocated = 1;

    public static void Die(ReadOnlySpan<byte> how)
    {
        Span<int> four = stackalloc int[4];
        if (how.SequenceEqual("index"u8))
            four[s_index] = 1;
        else if (how.SequenceEqual("negative-index"u8))
            four[s_zero - 1] = 1;
        else if (how.SequenceEqual("slice"u8))
            four.Slice(3, 2);
        else if (how.SequenceEqual("slice-overflow"u8))
            four.Slice(4, int.MaxValue - s_zero);
        else if (how.SequenceEqual("copy"u8))
            "12345"u8.CopyTo(new Span<byte>(Unsafe.AsPointer(ref four[0]), 4));
        else if (how.SequenceEqual("overflow"u8))
            s_index = checked(s_index + int.MaxValue);
        else if (how.SequenceEqual("divide"u8))
            s_index /= s_zero;
        else if (how.SequenceEqual("null"u8))
            *(int*)s_zero = 1;
        else if (how.SequenceEqual("cookie"u8))
            Smash(s_index);
        else if (how.SequenceEqual("write-literal"u8))
            *CString.Of("constant"u8) = (byte)'C';
        else if (how.SequenceEqual("write-cookie"u8))
            *Cookie() = 1;
        else if (how.SequenceEqual("show-cookie"u8))
            Sys.exit_group(Show(*Cookie()));
    }

    // A word of data in start.S; its symbol is bound as if it were a method, which nobody calls.
    private static ulong* Cookie() => (ulong*)(delegate*<void>)&__security_cookie;

    [RuntimeImport("*", "__security_cookie")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    private static extern void __security_cookie();

    private static int Show(ulong value)
    {
        byte* buffer = stackalloc byte[32];
        TextBuilder line = new(buffer, 32);
        line.AppendHex(value);
        line.Append((byte)'\n');
        return Sys.WriteAll(1, line.Span);
    }

    // Writes past its own buffer, upwards over the cookie.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Smash(int words)
    {
        ulong* buffer = stackalloc ulong[2];
        for (int i = 0; i < words; i++)
            buffer[i] = s_relocated;
        s_zero = (int)buffer[1];
    }
}
