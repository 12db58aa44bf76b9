namespace Engine.Starter;

internal static unsafe class TextChecks
{
    public static void Run()
    {
        byte* buffer = stackalloc byte[64];
        TextBuilder text = new(buffer, 64);
        text.AppendDecimal(long.MinValue);
        text.Append((byte)' ');
        text.AppendDecimal(ulong.MaxValue);
        Check.That(text.Span.SequenceEqual("-9223372036854775808 18446744073709551615"u8), "decimal limits"u8);
        text.Clear();
        text.AppendHex(0xdeadbeef);
        text.Append((byte)' ');
        text.AppendOctal(493);
        text.Append((byte)' ');
        text.AppendPadded(42, 9);
        Check.That(text.Span.SequenceEqual("deadbeef 755 000000042"u8), "radixes and padding"u8);
        text.Clear();
        text.AppendPath("/proc"u8);
        text.AppendPath("self"u8);
        Check.That(CString.Equals(text.Text, "/proc/self"u8), "paths"u8);
        text.Truncate(5);
        Check.That(CString.Equals(text.Text, "/proc"u8), "truncation"u8);

        TextBuilder small = new(buffer, 6);
        small.Append("12345"u8);
        Check.That(!small.Overflowed && small.Text[5] == 0, "a text that just fits"u8);
        small.Append((byte)'6');
        Check.That(small.Overflowed && small.Length == 5, "a text that does not fit"u8);

        Check.That(Number.TryParse("18446744073709551615"u8, out ulong most) && most == ulong.MaxValue, "largest number"u8);
        Check.That(!Number.TryParse("18446744073709551616"u8, out ulong _), "number too large"u8);
        Check.That(!Number.TryParse(""u8, out ulong _) && !Number.TryParse("+1"u8, out ulong _) && !Number.TryParse("1 "u8, out ulong _),
            "not a number"u8);
        Check.That(Number.TryParse("2147483647"u8, out int i) && i == int.MaxValue && !Number.TryParse("2147483648"u8, out int _),
            "limits of an int"u8);
    }
}
