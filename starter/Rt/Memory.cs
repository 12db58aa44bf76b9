// Block copy, fill and compare. The code generator calls Memmove, Fill and ClearWithoutReferences by name for struct copies and
// zeroed locals of any size, so they must work before anything else does and may not use spans.

using System.Runtime.CompilerServices;

namespace System;

internal static unsafe class SpanHelpers
{
    private const nuint Word = 8;

    internal static void Memmove(ref byte dest, ref byte src, nuint len)
    {
        // Pinning costs nothing here: memory never moves.
        byte* d = (byte*)Unsafe.AsPointer(ref dest);
        byte* s = (byte*)Unsafe.AsPointer(ref src);
        if ((nuint)d - (nuint)s >= len)
            Forward(d, s, len);
        else
            Backward(d, s, len);
    }

    // Right when dest lies below src or they do not overlap.
    private static void Forward(byte* d, byte* s, nuint n)
    {
        while (n >= 4 * Word)
        {
            ulong a = ((ulong*)s)[0], b = ((ulong*)s)[1], c = ((ulong*)s)[2], e = ((ulong*)s)[3];
            ((ulong*)d)[0] = a;
            ((ulong*)d)[1] = b;
            ((ulong*)d)[2] = c;
            ((ulong*)d)[3] = e;
            d += 4 * Word;
            s += 4 * Word;
            n -= 4 * Word;
        }
        while (n >= Word)
        {
            *(ulong*)d = *(ulong*)s;
            d += Word;
            s += Word;
            n -= Word;
        }
        while (n != 0)
        {
            *d++ = *s++;
            n--;
        }
    }

    // Right when dest lies above src.
    private static void Backward(byte* d, byte* s, nuint n)
    {
        while (n >= Word)
        {
            n -= Word;
            *(ulong*)(d + n) = *(ulong*)(s + n);
        }
        while (n != 0)
        {
            n--;
            d[n] = s[n];
        }
    }

    internal static void Fill(ref byte dest, byte value, nuint len)
    {
        byte* d = (byte*)Unsafe.AsPointer(ref dest);
        ulong word = value * 0x0101010101010101UL;
        while (len >= 4 * Word)
        {
            ((ulong*)d)[0] = word;
            ((ulong*)d)[1] = word;
            ((ulong*)d)[2] = word;
            ((ulong*)d)[3] = word;
            d += 4 * Word;
            len -= 4 * Word;
        }
        while (len != 0)
        {
            *d++ = value;
            len--;
        }
    }

    internal static void ClearWithoutReferences(ref byte dest, nuint len) => Fill(ref dest, 0, len);

    internal static bool Equal(ref byte a, ref byte b, nuint len)
    {
        byte* x = (byte*)Unsafe.AsPointer(ref a);
        byte* y = (byte*)Unsafe.AsPointer(ref b);
        while (len >= Word)
        {
            if (*(ulong*)x != *(ulong*)y)
                return false;
            x += Word;
            y += Word;
            len -= Word;
        }
        while (len != 0)
        {
            if (*x++ != *y++)
                return false;
            len--;
        }
        return true;
    }

    internal static int IndexOf(ref byte start, byte value, int length)
    {
        byte* p = (byte*)Unsafe.AsPointer(ref start);
        ulong pattern = value * 0x0101010101010101UL;
        int i = 0;
        // A word holds the byte exactly when the exclusive or with the pattern has a zero byte.
        for (; i + 8 <= length; i += 8)
        {
            ulong x = *(ulong*)(p + i) ^ pattern;
            if (((x - 0x0101010101010101UL) & ~x & 0x8080808080808080UL) != 0)
                break;
        }
        for (; i < length; i++)
            if (p[i] == value)
                return i;
        return -1;
    }
}

// The same operations under the names that older helpers of the code generator use.
public static unsafe class Buffer
{
    internal static void Memmove(ref byte dest, ref byte src, nuint len) => SpanHelpers.Memmove(ref dest, ref src, len);

    internal static void Memmove(byte* dest, byte* src, nuint len) => SpanHelpers.Memmove(ref *dest, ref *src, len);

    internal static void BulkMoveWithWriteBarrier(ref byte dest, ref byte src, nuint len) => SpanHelpers.Memmove(ref dest, ref src, len);

    /// <summary>Copies <paramref name="sourceBytesToCopy"/> bytes; ends the process if they do not fit.</summary>
    public static void MemoryCopy(void* source, void* destination, long destinationSizeInBytes, long sourceBytesToCopy)
    {
        if ((ulong)sourceBytesToCopy > (ulong)destinationSizeInBytes)
            Internal.Runtime.CompilerHelpers.ThrowHelpers.ThrowIndexOutOfRangeException();
        SpanHelpers.Memmove(ref *(byte*)destination, ref *(byte*)source, (nuint)sourceBytesToCopy);
    }
}
