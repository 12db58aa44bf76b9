using System;

namespace Engine.Starter;

/// <summary>Zero-terminated strings, as the kernel takes and gives them.</summary>
internal static unsafe class CString
{
    /// <summary>
    /// The address of a u8 literal, for a call that wants a path. Literals only: the compiler puts a zero byte behind each and they never
    /// move; any other span is not terminated.
    /// </summary>
    public static byte* Of(ReadOnlySpan<byte> literal)
    {
        fixed (byte* p = literal)
            return p;
    }

    /// <summary>The empty path, which AT_EMPTY_PATH and its like want. (An empty literal has no address.)</summary>
    public static byte* Empty => Of("\0"u8);

    /// <summary>Bytes before the zero; 0 for null.</summary>
    public static int Length(byte* text)
    {
        int n = 0;
        if (text != null)
            while (text[n] != 0)
                n++;
        return n;
    }

    /// <summary>The bytes before the zero.</summary>
    public static ReadOnlySpan<byte> Span(byte* text) => new ReadOnlySpan<byte>(text, Length(text));

    public static bool Equals(byte* text, ReadOnlySpan<byte> other) => Span(text).SequenceEqual(other);
}
