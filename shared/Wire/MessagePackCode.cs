namespace Engine.Shared.Wire;

/// <summary>The format bytes of MessagePack (github.com/msgpack/msgpack, spec.md) that this project reads and writes.</summary>
public static unsafe class MessagePackCode
{
    public const byte FixArray = 0x90;
    public const byte FixStr = 0xa0;
    public const byte Nil = 0xc0;
    public const byte False = 0xc2;
    public const byte True = 0xc3;
    public const byte Bin8 = 0xc4;
    public const byte Bin16 = 0xc5;
    public const byte Bin32 = 0xc6;
    public const byte UInt8 = 0xcc;
    public const byte UInt16 = 0xcd;
    public const byte UInt32 = 0xce;
    public const byte UInt64 = 0xcf;
    public const byte Int8 = 0xd0;
    public const byte Int16 = 0xd1;
    public const byte Int32 = 0xd2;
    public const byte Int64 = 0xd3;
    public const byte Str8 = 0xd9;
    public const byte Str16 = 0xda;
    public const byte Str32 = 0xdb;
    public const byte Array16 = 0xdc;
    public const byte Array32 = 0xdd;

    /// <summary>Big-endian number of <paramref name="bytes"/> (1, 2, 4 or 8) bytes.</summary>
    public static ulong ReadBig(byte* at, int bytes)
    {
        ulong value = 0;
        for (int i = 0; i < bytes; i++)
        {
            value = (value << 8) | at[i];
        }

        return value;
    }

    /// <summary>
    /// Length of the str header at <paramref name="at"/> and of the string behind it. 0 when there is no str header, or
    /// when header and string do not fit into <paramref name="available"/> bytes.
    /// </summary>
    public static int StringHeader(byte* at, int available, out int length)
    {
        length = 0;
        if (available < 1)
        {
            return 0;
        }

        byte code = at[0];
        int width;
        if ((code & 0xe0) == FixStr)
        {
            length = code & 0x1f;
            return length < available ? 1 : 0;
        }

        switch (code)
        {
            case Str8: width = 1; break;
            case Str16: width = 2; break;
            case Str32: width = 4; break;
            default: return 0;
        }

        if (available < 1 + width)
        {
            return 0;
        }

        // Compared as 64 bits: a length of 2^32-1 must not wrap (CVE-2021-43784 is that bug in 16 bits).
        ulong wide = ReadBig(at + 1, width);
        if (wide > (ulong)(available - 1 - width))
        {
            return 0;
        }

        length = (int)wide;
        return 1 + width;
    }
}
