using System.Runtime.CompilerServices;

namespace Engine.Starter;

/// <summary>Spans and the block operations of Rt/Memory.cs, each length and offset against a byte loop.</summary>
internal static unsafe class MemoryChecks
{
    private struct Large
    {
        public fixed ulong Words[300];
    }

    // More than the guard below a thread's stack: the code generator must touch every page of such a frame.
    private struct Huge
    {
        public fixed byte Bytes[300_000];
    }

    public static void Run()
    {
        Moves();
        Fills();
        Searches();
        Slices();
        Structs();
    }

    private static void Moves()
    {
        byte* actual = stackalloc byte[256];
        byte* expected = stackalloc byte[256];
        bool same = true;
        for (int length = 0; length < 80; length++)
        {
            for (int from = 0; from < 20; from++)
            {
                for (int to = 0; to < 20; to++)
                {
                    for (int i = 0; i < 256; i++)
                        actual[i] = (byte)(i * 7 + length);
                    for (int i = 0; i < 256; i++)
                        expected[i] = i >= to && i < to + length ? actual[from + i - to] : actual[i];
                    new Span<byte>(actual + from, length).CopyTo(new Span<byte>(actual + to, length));
                    for (int i = 0; i < 256; i++)
                        same &= actual[i] == expected[i];
                }
            }
        }
        Check.That(same, "overlapping copies"u8);
    }

    private static void Fills()
    {
        byte* buffer = stackalloc byte[128];
        bool right = true;
        for (int length = 0; length < 100; length++)
        {
            new Span<byte>(buffer, 128).Fill(1);
            new Span<byte>(buffer + 3, length).Clear();
            for (int i = 0; i < 128; i++)
                right &= buffer[i] == (i >= 3 && i < 3 + length ? 0 : 1);
        }
        Check.That(right, "clear stays inside"u8);
    }

    private static void Searches()
    {
        byte* buffer = stackalloc byte[64];
        bool right = true;
        for (int at = 0; at < 50; at++)
        {
            new Span<byte>(buffer, 64).Fill(0x0b);
            buffer[at] = 0x0a;
            buffer[60] = 0x0a;
            ReadOnlySpan<byte> all = new(buffer, 64);
            right &= all.IndexOf((byte)'\n') == at && all.Slice(0, at).IndexOf((byte)'\n') == -1 && all.LastIndexOf((byte)'\n') == 60;
        }
        Check.That(right, "first and last newline"u8);
        Check.That("abc/def"u8.IndexOf((byte)'/') == 3 && ""u8.IndexOf((byte)'/') == -1, "search in a literal"u8);
        Check.That("abcdefghij"u8.SequenceEqual("abcdefghij"u8) && !"abcdefghij"u8.SequenceEqual("abcdefghik"u8), "equality"u8);
        Check.That("abcdef"u8.StartsWith("abc"u8) && "abcdef"u8.EndsWith("ef"u8) && !"ab"u8.StartsWith("abc"u8), "prefix and suffix"u8);
    }

    private static void Slices()
    {
        ReadOnlySpan<byte> text = "0123456789"u8;
        Check.That(text[2..5].SequenceEqual("234"u8) && text[7..].SequenceEqual("789"u8) && text[^1] == '9', "ranges"u8);
        Check.That(text.Slice(10).IsEmpty && text.Slice(10, 0).Length == 0 && default(Span<int>).IsEmpty, "empty slices"u8);
        Check.That(!text.TryCopyTo(default), "copy that does not fit is refused"u8);
        Span<int> numbers = stackalloc int[4];
        numbers[3] = 4;
        numbers.Slice(1).CopyTo(numbers);
        Check.That(numbers[2] == 4, "span of integers"u8);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static Large Make(ulong seed)
    {
        Large large = default;
        for (int i = 0; i < 300; i++)
            large.Words[i] = seed + (ulong)i;
        return large;
    }

    private static void Structs()
    {
        Large a = Make(5);
        Large b = a;
        a = default;
        Check.That(b.Words[299] == 304 && a.Words[299] == 0, "large structs by value"u8);
        Check.That(Frame(7) == 7 * 7, "frame of many pages"u8);
        byte* block = stackalloc byte[200_000];
        block[0] = 1;
        Check.That(block[0] == 1 && block[199_999] == 0, "stackalloc of many pages is zeroed"u8);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static int Frame(byte value)
    {
        Huge huge = default;
        Huge copy;
        huge.Bytes[299_999] = value;
        copy = huge;
        copy.Bytes[0] = value;
        return copy.Bytes[299_999] * copy.Bytes[0];
    }
}
