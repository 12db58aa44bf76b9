// The primitive types. Their operators are the compiler's; only the limits are spelled here.

namespace System;

public struct Boolean { }

public struct Char
{
    public const char MaxValue = (char)0xffff;
    public const char MinValue = (char)0;
}

public struct SByte
{
    public const sbyte MaxValue = 127;
    public const sbyte MinValue = -128;
}

public struct Byte
{
    public const byte MaxValue = 255;
    public const byte MinValue = 0;
}

public struct Int16
{
    public const short MaxValue = 0x7fff;
    public const short MinValue = -0x8000;
}

public struct UInt16
{
    public const ushort MaxValue = 0xffff;
    public const ushort MinValue = 0;
}

public struct Int32
{
    public const int MaxValue = 0x7fffffff;
    public const int MinValue = unchecked((int)0x80000000);
}

public struct UInt32
{
    public const uint MaxValue = 0xffffffff;
    public const uint MinValue = 0;
}

public struct Int64
{
    public const long MaxValue = 0x7fffffffffffffff;
    public const long MinValue = unchecked((long)0x8000000000000000);
}

public struct UInt64
{
    public const ulong MaxValue = 0xffffffffffffffff;
    public const ulong MinValue = 0;
}

public struct IntPtr { }

public struct UIntPtr { }

public struct Single { }

public struct Double { }
