using System;

namespace Engine.Shared.Linux;

/// <summary>Names in one literal, separated by blanks, found by position or by text. No allocation, no static constructor.</summary>
public static class NameTable
{
    /// <summary>The name at <paramref name="index"/>, or "?" if the table ends before it.</summary>
    public static ReadOnlySpan<byte> At(ReadOnlySpan<byte> table, int index)
    {
        if (index < 0)
            return "?"u8;
        int start = 0;
        for (int i = 0; i <= table.Length; i++)
        {
            if (i < table.Length && table[i] != ' ')
                continue;
            if (index-- == 0)
                return table.Slice(start, i - start);
            start = i + 1;
        }
        return "?"u8;
    }

    /// <summary>The position of <paramref name="name"/>, or -1. "?" marks a hole and is never found.</summary>
    public static int Find(ReadOnlySpan<byte> table, ReadOnlySpan<byte> name)
    {
        if (name.Length == 0 || name[0] == '?')
            return -1;
        int start = 0, index = 0;
        for (int i = 0; i <= table.Length; i++)
        {
            if (i < table.Length && table[i] != ' ')
                continue;
            if (table.Slice(start, i - start).SequenceEqual(name))
                return index;
            start = i + 1;
            index++;
        }
        return -1;
    }
}
