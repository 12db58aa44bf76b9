namespace Engine.Starter.Pump;

/// <summary>Any bytes as the inside of a JSON string (RFC 8259): always valid JSON and valid UTF-8.</summary>
internal static unsafe class JsonText
{
    /// <summary>
    /// Writes at most six bytes per byte of <paramref name="text"/> and returns how many. What is not UTF-8 becomes U+FFFD,
    /// one for each maximal part of a sequence, as the Unicode standard recommends.
    /// </summary>
    public static int Escape(byte* to, byte* text, int length)
    {
        byte* at = to;
        int i = 0;
        while (i < length)
        {
            int plain = PlainWords(text + i, length - i);
            Bytes.Copy(at, text + i, plain);
            at += plain;
            i += plain;
            if (i == length)
                break;
            byte b = text[i];
            if (b >= 0x80)
            {
                at += Sequence(at, text, length, ref i);
                continue;
            }
            i++;
            if (b >= 0x20 && b != '"' && b != '\\')
                *at++ = b;
            else
                at += Special(at, b);
        }
        return (int)(at - to);
    }

    /// <summary>
    /// How many bytes of a well-formed sequence <paramref name="at"/> begins with, at most <paramref name="available"/>;
    /// <paramref name="whole"/> when that is all of it. 0 for a byte that cannot begin one.
    /// </summary>
    public static int Utf8(byte* at, int available, out bool whole)
    {
        byte first = at[0];
        whole = first < 0x80;
        if (whole)
            return 1;
        // C0, C1 and F5 up encode nothing; E0, ED, F0 and F4 narrow their second byte (overlong forms, surrogates, over U+10FFFF).
        int need = first < 0xc2 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf5 ? 4 : 0;
        if (need == 0)
            return 0;
        byte low = first == 0xe0 ? (byte)0xa0 : first == 0xf0 ? (byte)0x90 : (byte)0x80;
        byte high = first == 0xed ? (byte)0x9f : first == 0xf4 ? (byte)0x8f : (byte)0xbf;
        int n = 1;
        while (n < need && n < available && at[n] >= low && at[n] <= high)
        {
            n++;
            low = 0x80;
            high = 0xbf;
        }
        whole = n == need;
        return n;
    }

    // How many of the first bytes, counted in words of eight, need no second look: ASCII without control characters, quote, backslash.
    private static int PlainWords(byte* text, int length)
    {
        const ulong Ones = 0x0101010101010101, Highs = 0x8080808080808080;
        int i = 0;
        for (; i + 8 <= length; i += 8)
        {
            ulong x = *(ulong*)(text + i);
            ulong quote = x ^ (Ones * '"');
            ulong backslash = x ^ (Ones * '\\');
            // A borrow out of a byte that is below what is subtracted sets its high bit, unless the byte had it already.
            ulong found = x | ((x - Ones * 0x20) & ~x) | ((quote - Ones) & ~quote) | ((backslash - Ones) & ~backslash);
            if ((found & Highs) != 0)
                break;
        }
        return i;
    }

    private static int Sequence(byte* to, byte* text, int length, ref int i)
    {
        int n = Utf8(text + i, length - i, out bool whole);
        int written;
        if (whole)
        {
            for (int k = 0; k < n; k++)
                to[k] = text[i + k];
            written = n;
        }
        else
        {
            written = Bytes.Copy(to, "\ufffd"u8);
        }
        i += n == 0 ? 1 : n;
        return written;
    }

    private static int Special(byte* to, byte b)
    {
        to[0] = (byte)'\\';
        switch (b)
        {
            case (byte)'"': to[1] = b; return 2;
            case (byte)'\\': to[1] = b; return 2;
            case (byte)'\b': to[1] = (byte)'b'; return 2;
            case (byte)'\f': to[1] = (byte)'f'; return 2;
            case (byte)'\n': to[1] = (byte)'n'; return 2;
            case (byte)'\r': to[1] = (byte)'r'; return 2;
            case (byte)'\t': to[1] = (byte)'t'; return 2;
        }
        to[1] = (byte)'u';
        to[2] = (byte)'0';
        to[3] = (byte)'0';
        to[4] = (byte)('0' + (b >> 4));
        to[5] = "0123456789abcdef"u8[b & 15];
        return 6;
    }
}
