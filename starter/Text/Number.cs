using System;

namespace Engine.Starter;

/// <summary>Reading decimal numbers.</summary>
internal static class Number
{
    /// <summary>Digits only, no sign, no blank, at least one; false if it is anything else or does not fit.</summary>
    public static bool TryParse(ReadOnlySpan<byte> text, out ulong value)
    {
        value = 0;
        if (text.Length == 0)
            return false;
        for (int i = 0; i < text.Length; i++)
        {
            uint digit = (uint)(text[i] - '0');
            if (digit > 9 || value > (ulong.MaxValue - digit) / 10)
                return false;
            value = value * 10 + digit;
        }
        return true;
    }

    /// <inheritdoc cref="TryParse(ReadOnlySpan{byte}, out ulong)"/>
    public static bool TryParse(ReadOnlySpan<byte> text, out int value)
    {
        bool ok = TryParse(text, out ulong wide) && wide <= int.MaxValue;
        value = ok ? (int)wide : 0;
        return ok;
    }
}
