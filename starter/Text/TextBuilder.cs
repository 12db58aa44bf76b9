using System;

namespace Engine.Starter;

/// <summary>
/// Writes text into a buffer of the caller (mostly stackalloc) and always leaves room for the final zero. What does not fit sets
/// <see cref="Overflowed"/> and is dropped whole; look at it before the text is used as a path.
/// </summary>
internal unsafe ref struct TextBuilder
{
    private readonly byte* _buffer;
    private readonly int _capacity;
    private int _length;

    /// <param name="buffer">At least <paramref name="capacity"/> bytes; must outlive this.</param>
    /// <param name="capacity">At least 1, for the zero.</param>
    public TextBuilder(byte* buffer, int capacity)
    {
        _buffer = buffer;
        _capacity = capacity;
        _length = 0;
        Overflowed = false;
        _buffer[0] = 0;
    }

    /// <summary>Something did not fit; stays set until Clear.</summary>
    public bool Overflowed { get; private set; }

    public readonly int Length => _length;

    /// <summary>The text so far, zero-terminated.</summary>
    public readonly byte* Text => _buffer;

    public readonly ReadOnlySpan<byte> Span => new ReadOnlySpan<byte>(_buffer, _length);

    public void Clear()
    {
        _length = 0;
        Overflowed = false;
        _buffer[0] = 0;
    }

    /// <summary>Cuts the text back to a length it had before.</summary>
    public void Truncate(int length)
    {
        if ((uint)length > (uint)_length)
            return;
        _length = length;
        _buffer[length] = 0;
    }

    public void Append(ReadOnlySpan<byte> text)
    {
        if (Overflowed || text.Length >= _capacity - _length)
        {
            Overflowed = true;
            return;
        }
        text.CopyTo(new Span<byte>(_buffer + _length, text.Length));
        _length += text.Length;
        _buffer[_length] = 0;
    }

    public void Append(byte* text) => Append(CString.Span(text));

    public void Append(byte character) => Append(new ReadOnlySpan<byte>(&character, 1));

    public void AppendDecimal(ulong value) => AppendNumber(value, 10, 1);

    public void AppendDecimal(long value)
    {
        if (value < 0)
            Append((byte)'-');
        AppendNumber(value < 0 ? 0 - (ulong)value : (ulong)value, 10, 1);
    }

    public void AppendDecimal(int value) => AppendDecimal((long)value);

    public void AppendDecimal(uint value) => AppendDecimal((ulong)value);

    /// <summary>Decimal, filled up with zeros to at least <paramref name="digits"/> (at most 20).</summary>
    public void AppendPadded(ulong value, int digits) => AppendNumber(value, 10, digits);

    /// <summary>Lower-case hexadecimal without a prefix.</summary>
    public void AppendHex(ulong value) => AppendNumber(value, 16, 1);

    /// <summary>Octal without a prefix.</summary>
    public void AppendOctal(ulong value) => AppendNumber(value, 8, 1);

    /// <summary>Adds one path component, with a slash before it if none is there.</summary>
    public void AppendPath(ReadOnlySpan<byte> component)
    {
        if (_length != 0 && _buffer[_length - 1] != '/')
            Append((byte)'/');
        Append(component);
    }

    private void AppendNumber(ulong value, uint radix, int digits)
    {
        // 22 octal digits are the longest.
        byte* text = stackalloc byte[24];
        int at = 24;
        do
        {
            text[--at] = "0123456789abcdef"u8[(int)(value % radix)];
            value /= radix;
        }
        while (value != 0);
        while (24 - at < digits && at > 0)
            text[--at] = (byte)'0';
        Append(new ReadOnlySpan<byte>(text + at, 24 - at));
    }
}
