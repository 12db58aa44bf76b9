namespace Engine.Shared.Wire;

/// <summary>
/// A run of bytes in somebody else's memory: a frame buffer, a mapped memfd, a literal. It owns nothing and is valid
/// only as long as that memory. For values read by <see cref="Codec.CStr"/> the byte at <c>At[Length]</c> is NUL, so
/// that <see cref="At"/> can be handed to a system call as it is.
/// </summary>
public unsafe struct Text
{
    /// <summary>First byte, or null for an absent value.</summary>
    public byte* At;

    /// <summary>Bytes, without the closing NUL of a C string.</summary>
    public int Length;

    /// <summary>Names <paramref name="length"/> bytes at <paramref name="at"/>.</summary>
    public Text(byte* at, int length)
    {
        At = at;
        Length = length;
    }

    /// <summary>True for absent and for zero bytes.</summary>
    public readonly bool IsEmpty => Length == 0;

    /// <summary>Compares bytes, not culture.</summary>
    public readonly bool Is(System.ReadOnlySpan<byte> other)
    {
        if (other.Length != Length)
        {
            return false;
        }

        for (int i = 0; i < Length; i++)
        {
            if (At[i] != other[i])
            {
                return false;
            }
        }

        return true;
    }
}

/// <summary>
/// A MessagePack array of strings, left encoded where it was received; <see cref="Next"/> walks it. Every element ends
/// in a NUL that its length counts, and holds no other.
/// </summary>
public unsafe struct TextList
{
    /// <summary>First element's header byte.</summary>
    public byte* At;

    /// <summary>Bytes of all elements with their headers, without the array header.</summary>
    public int Bytes;

    /// <summary>Number of elements.</summary>
    public int Count;

    /// <summary>
    /// Takes the element at <paramref name="cursor"/> (start with 0) and moves it on; false at the end.
    /// The list was checked when it was read, so that an element cannot run over the end.
    /// </summary>
    public readonly bool Next(ref int cursor, out Text element)
    {
        element = default;
        if (cursor >= Bytes)
        {
            return false;
        }

        int header = MessagePackCode.StringHeader(At + cursor, Bytes - cursor, out int length);
        if (header <= 0 || length < 1)
        {
            return false;
        }

        element = new Text(At + cursor + header, length - 1);
        cursor += header + length;
        return true;
    }
}

/// <summary>Little-endian 32-bit numbers, packed in a MessagePack bin where it was received; unaligned.</summary>
public unsafe struct Words
{
    /// <summary>First byte of the first number.</summary>
    public byte* At;

    /// <summary>How many numbers.</summary>
    public int Count;

    /// <summary>The number at <paramref name="index"/>, which the caller has checked against <see cref="Count"/>.</summary>
    public readonly uint this[int index]
    {
        get
        {
            byte* p = At + ((long)index * 4);
            return (uint)(p[0] | (p[1] << 8) | (p[2] << 16) | (p[3] << 24));
        }
    }
}
