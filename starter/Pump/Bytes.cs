using System.Runtime.CompilerServices;

namespace Engine.Starter.Pump;

/// <summary>Plain memory: copies, and pages given back.</summary>
internal static unsafe class Bytes
{
    /// <summary>The kernel's page size, set at the very beginning. Too small a number would release bytes behind the range.</summary>
    public static ulong Page;

    // Copied as one vector and as two.
    private struct Pair
    {
        public ulong A, B;
    }

    private struct Quad
    {
        public Pair A, B;
    }

    /// <summary>
    /// Copies bytes that do not overlap, or whose target lies below the source. Most copies here are a line's, where the call
    /// and the odd bytes at the end of a general copy would cost more than the copying.
    /// </summary>
    public static void Copy(byte* to, byte* from, int count)
    {
        if (count < 16 || from - to is > 0 and < 16)
        {
            Buffer.MemoryCopy(from, to, count, count);
            return;
        }
        byte* last = to + count - 16;
        Pair end = *(Pair*)(from + count - 16);
        for (; last - to >= 32; to += 32, from += 32)
            *(Quad*)to = *(Quad*)from;
        for (; to < last; to += 16, from += 16)
            *(Pair*)to = *(Pair*)from;
        // The last words overlap those before them.
        *(Pair*)last = end;
    }

    /// <summary>Copies a literal and returns its length.</summary>
    public static int Copy(byte* to, ReadOnlySpan<byte> from)
    {
        from.CopyTo(new Span<byte>(to, from.Length));
        return from.Length;
    }

    /// <summary>Index of the first newline, or -1.</summary>
    public static int Newline(byte* at, int count)
    {
        int i = 0;
        for (; i + 8 <= count; i += 8)
        {
            int found = NewlineIn(*(ulong*)(at + i));
            if (found >= 0)
                return i + found;
        }
        for (; i < count; i++)
            if (at[i] == '\n')
                return i;
        return -1;
    }

    /// <summary>Index of the first newline in eight bytes as they lie in memory, or -1.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int NewlineIn(ulong word)
    {
        const ulong Ones = 0x0101010101010101, Highs = 0x8080808080808080;
        ulong x = word ^ (Ones * '\n');
        // The lowest high bit that is set belongs to the first byte that became zero.
        ulong found = (x - Ones) & ~x & Highs;
        return found == 0 ? -1 : LowestByte(found);
    }

    /// <summary>Gives the whole pages inside the range back to the kernel; they read as zero and cost nothing until they are written.</summary>
    public static void Release(byte* at, long count)
    {
        ulong from = ((ulong)at + Page - 1) & ~(Page - 1);
        ulong to = ((ulong)at + (ulong)count) & ~(Page - 1);
        if (to > from)
            Sys.madvise((void*)from, to - from, MADV_DONTNEED);
    }

    // Number of the lowest byte that is not zero, of a word whose bytes are 0 or 0x80: of the bytes up to it the word less one has
    // the lowest bit set, of those above it has not; the multiplication adds these bits up in the top byte.
    private static int LowestByte(ulong highs) => (int)((((highs - 1) & 0x0101010101010101) * 0x0101010101010101) >> 56) - 1;
}
