using System.Globalization;

namespace Engine.Spec;

/// <summary>Lists of CPUs and memory nodes: numbers and ranges, <c>0-3,7</c>.</summary>
internal static class NumberList
{
    /// <summary>Highest number that fits the protocol's bitmaps (the kernel's NR_CPUS ends at 8192).</summary>
    public const int Last = (Shared.Protocol.Limits.BitmapWords * 32) - 1;

    /// <summary>A bit for each number, 32 a word, as long as the last one needs; empty for an empty list. False: it is none.</summary>
    public static bool TryParse(string? list, out uint[] bitmap)
    {
        bitmap = [];
        if (string.IsNullOrWhiteSpace(list))
            return true;
        var words = new uint[Shared.Protocol.Limits.BitmapWords];
        var highest = 0;
        foreach (var range in list.Split(','))
        {
            var ends = range.Split('-');
            if (ends.Length > 2 || !IsNumber(ends[0], out var first) || !IsNumber(ends[^1], out var last) || first > last || last > Last)
                return false;
            for (var n = first; n <= last; n++)
                words[n / 32] |= 1u << (n % 32);
            highest = Math.Max(highest, last);
        }
        bitmap = words[..((highest / 32) + 1)];
        return true;
    }

    private static bool IsNumber(string text, out int number) =>
        int.TryParse(text.Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out number);
}
