namespace Engine.Starter;

/// <summary>Lines on standard output, each in one write.</summary>
internal static unsafe class Out
{
    private const int MaxLine = 16384;

    /// <summary><c>name value</c></summary>
    public static void Line(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value)
    {
        byte* buffer = stackalloc byte[MaxLine];
        TextBuilder text = new TextBuilder(buffer, MaxLine);
        text.Append(name);
        text.Append((byte)' ');
        text.Append(value);
        text.Append((byte)'\n');
        Sys.WriteAll(1, text.Span);
    }

    public static void Line(ReadOnlySpan<byte> name, long value)
    {
        byte* buffer = stackalloc byte[32];
        TextBuilder text = new TextBuilder(buffer, 32);
        text.AppendDecimal(value);
        Line(name, text.Span);
    }

    /// <summary>Sixteen hexadecimal digits, as /proc/PID/status has sets.</summary>
    public static void Set(ReadOnlySpan<byte> name, ulong value)
    {
        byte* buffer = stackalloc byte[32];
        TextBuilder text = new TextBuilder(buffer, 32);
        for (int shift = 60; shift >= 0; shift -= 4)
            text.AppendHex((value >> shift) & 15);
        Line(name, text.Span);
    }

    /// <summary>"ok" or the name of the error for a negative result.</summary>
    public static void Result(ReadOnlySpan<byte> name, long result)
    {
        if (result < 0)
            Line(name, Errno.Name((int)-result));
        else
            Line(name, "ok"u8);
    }
}
