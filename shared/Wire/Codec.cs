namespace Engine.Shared.Wire;

/// <summary>Why a message could not be read or written. The first failure stays; later calls do nothing.</summary>
public enum WireStatus
{
    Ok = 0,

    /// <summary>Writing: the buffer is too small. Reading: the frame ends early.</summary>
    Short = 1,

    /// <summary>Another MessagePack type than the field has.</summary>
    Type = 2,

    /// <summary>A number that does not fit the field, or a string or list over its limit.</summary>
    Range = 3,

    /// <summary>A C string without its NUL, or with one inside.</summary>
    Nul = 4,

    /// <summary>An array with another number of fields than the message has.</summary>
    Count = 5,

    /// <summary>Bytes behind the end of the message.</summary>
    Trailing = 6,
}

/// <summary>
/// Reads or writes MessagePack over a caller's buffer. One method per type serves both directions, so that a message
/// names its fields once (see <c>shared/Protocol</c>). It allocates nothing and throws nothing: <see cref="Status"/>
/// keeps the first failure and every later call is without effect. Values that are read point into the buffer.
/// </summary>
public unsafe partial struct Codec
{
    private readonly byte* _start;
    private readonly byte* _end;
    private byte* _at;

    /// <summary>The direction.</summary>
    public readonly bool Writing;

    /// <summary>The first failure, or Ok.</summary>
    public WireStatus Status;

    private Codec(byte* buffer, int length, bool writing)
    {
        _start = buffer;
        _end = buffer + length;
        _at = buffer;
        Writing = writing;
        Status = WireStatus.Ok;
    }

    /// <summary>Bytes written or read so far.</summary>
    public readonly int Position => (int)(_at - _start);

    /// <summary>True as long as nothing failed.</summary>
    public readonly bool Ok => Status == WireStatus.Ok;

    /// <summary>A codec that writes into <paramref name="buffer"/>.</summary>
    public static Codec Writer(byte* buffer, int capacity) => new(buffer, capacity, true);

    /// <summary>A codec that reads <paramref name="length"/> bytes at <paramref name="buffer"/>.</summary>
    public static Codec Reader(byte* buffer, int length) => new(buffer, length, false);

    /// <summary>Records <paramref name="status"/> unless something failed before.</summary>
    public void Fail(WireStatus status)
    {
        if (Status == WireStatus.Ok)
        {
            Status = status;
        }
    }

    /// <summary>Reading: fails when bytes are left. Call it behind the last field of a frame.</summary>
    public void End()
    {
        if (!Writing && Ok && _at != _end)
        {
            Fail(WireStatus.Trailing);
        }
    }

    /// <summary>The array around a message's fields: exactly <paramref name="fields"/> of them.</summary>
    public void Begin(int fields)
    {
        int count = fields;
        Array(ref count, fields);
        if (Ok && count != fields)
        {
            Fail(WireStatus.Count);
        }
    }

    /// <summary>An array header of at most <paramref name="max"/> elements.</summary>
    public void Array(ref int count, int max)
    {
        if (Writing)
        {
            if ((uint)count > (uint)max)
            {
                Fail(WireStatus.Range);
                return;
            }

            WriteHeader((uint)count, 15, MessagePackCode.FixArray, 0, MessagePackCode.Array16, MessagePackCode.Array32);
            return;
        }

        if (!Need(1))
        {
            return;
        }

        byte code = *_at;
        int width = code == MessagePackCode.Array16 ? 2 : code == MessagePackCode.Array32 ? 4 : 0;
        bool fix = (code & 0xf0) == MessagePackCode.FixArray;
        if (!fix && width == 0)
        {
            Fail(WireStatus.Type);
            return;
        }

        if (!Need(1 + width))
        {
            return;
        }

        ulong value = fix ? (ulong)(code & 0x0f) : MessagePackCode.ReadBig(_at + 1, width);
        _at += 1 + width;
        if (value > (ulong)max)
        {
            Fail(WireStatus.Range);
            return;
        }

        count = (int)value;
    }

    /// <summary>True when the next value is nil, which is then taken. Reading only.</summary>
    public bool TakeNil()
    {
        if (Writing || !Ok || _at >= _end || *_at != MessagePackCode.Nil)
        {
            return false;
        }

        _at++;
        return true;
    }

    /// <summary>Writes nil.</summary>
    public void Nil() => PutByte(MessagePackCode.Nil);

    /// <summary>
    /// A string for a system call: on the wire it carries its NUL, which <see cref="Text.Length"/> does not count, and
    /// it may hold no other. At most <paramref name="max"/> bytes without the NUL. An absent value is written as "".
    /// </summary>
    public void CStr(ref Text value, int max)
    {
        if (Writing)
        {
            if (value.Length > max)
            {
                Fail(WireStatus.Range);
                return;
            }

            WriteStringHeader((uint)value.Length + 1);
            PutBytes(value.At, value.Length);
            PutByte(0);
        }
        else if (ReadString(out byte* at, out int length) && CheckNul(at, length, max))
        {
            value = new Text(at, length - 1);
        }
    }

    /// <summary>A string without a NUL, as a method name is.</summary>
    public void Name(ref Text value, int max)
    {
        if (Writing)
        {
            if (value.Length > max)
            {
                Fail(WireStatus.Range);
                return;
            }

            WriteStringHeader((uint)value.Length);
            PutBytes(value.At, value.Length);
        }
        else if (ReadString(out byte* at, out int length))
        {
            if (length > max)
            {
                Fail(WireStatus.Range);
                return;
            }

            value = new Text(at, length);
        }
    }

    /// <summary>Bytes of any content, at most <paramref name="max"/>.</summary>
    public void Bin(ref Text value, int max)
    {
        if (Writing)
        {
            if (value.Length > max)
            {
                Fail(WireStatus.Range);
                return;
            }

            WriteHeader((uint)value.Length, -1, 0, MessagePackCode.Bin8, MessagePackCode.Bin16, MessagePackCode.Bin32);
            PutBytes(value.At, value.Length);
            return;
        }

        if (!Need(2))
        {
            return;
        }

        byte code = *_at;
        if (code < MessagePackCode.Bin8 || code > MessagePackCode.Bin32)
        {
            Fail(WireStatus.Type);
            return;
        }

        int width = 1 << (code - MessagePackCode.Bin8);
        if (!Need(1 + width))
        {
            return;
        }

        ulong length = MessagePackCode.ReadBig(_at + 1, width);
        if (length > (ulong)max)
        {
            Fail(WireStatus.Range);
            return;
        }

        if (Need(1 + width + (long)length))
        {
            value = new Text(_at + 1 + width, (int)length);
            _at += 1 + width + (int)length;
        }
    }

    /// <summary>At most <paramref name="max"/> 32-bit numbers, packed little-endian into a bin.</summary>
    public void Packed(ref Words value, int max)
    {
        Text bytes = new(value.At, value.Count * 4);
        Bin(ref bytes, max * 4);
        if (!Writing && Ok)
        {
            if ((bytes.Length & 3) != 0)
            {
                Fail(WireStatus.Count);
                return;
            }

            value.At = bytes.At;
            value.Count = bytes.Length / 4;
        }
    }

    /// <summary>At most <paramref name="max"/> C strings of at most <paramref name="maxEach"/> bytes without their NUL.</summary>
    public void CStrs(ref TextList value, int max, int maxEach)
    {
        int count = value.Count;
        Array(ref count, max);
        if (!Ok)
        {
            return;
        }

        if (Writing)
        {
            int cursor = 0;
            while (value.Next(ref cursor, out Text element))
            {
                if (element.Length > maxEach)
                {
                    Fail(WireStatus.Range);
                    return;
                }
            }

            PutBytes(value.At, value.Bytes);
            return;
        }

        byte* first = _at;
        for (int i = 0; i < count; i++)
        {
            if (!ReadString(out byte* at, out int length) || !CheckNul(at, length, maxEach))
            {
                return;
            }
        }

        value.At = first;
        value.Bytes = (int)(_at - first);
        value.Count = count;
    }

    private bool CheckNul(byte* at, int length, int max)
    {
        if (length < 1 || at[length - 1] != 0)
        {
            Fail(WireStatus.Nul);
            return false;
        }

        if (length - 1 > max)
        {
            Fail(WireStatus.Range);
            return false;
        }

        for (int i = 0; i < length - 1; i++)
        {
            if (at[i] == 0)
            {
                Fail(WireStatus.Nul);
                return false;
            }
        }

        return true;
    }

    private bool ReadString(out byte* at, out int length)
    {
        at = null;
        length = 0;
        if (!Need(1))
        {
            return false;
        }

        int header = MessagePackCode.StringHeader(_at, (int)(_end - _at), out length);
        if (header == 0)
        {
            byte code = *_at;
            bool isString = (code & 0xe0) == MessagePackCode.FixStr || (code >= MessagePackCode.Str8 && code <= MessagePackCode.Str32);
            Fail(isString ? WireStatus.Short : WireStatus.Type);
            return false;
        }

        at = _at + header;
        _at += header + length;
        return true;
    }

    private void WriteStringHeader(uint length) =>
        WriteHeader(length, 31, MessagePackCode.FixStr, MessagePackCode.Str8, MessagePackCode.Str16, MessagePackCode.Str32);

    // fixMax is the largest length that the one-byte form holds, -1 for none; code8 0: the type has no 8-bit form.
    private void WriteHeader(uint length, int fixMax, byte fix, byte code8, byte code16, byte code32)
    {
        if (fixMax >= 0 && length <= (uint)fixMax)
        {
            PutByte((byte)(fix | length));
        }
        else if (code8 != 0 && length <= 0xff)
        {
            PutCode(code8, length, 1);
        }
        else if (length <= 0xffff)
        {
            PutCode(code16, length, 2);
        }
        else
        {
            PutCode(code32, length, 4);
        }
    }

    private bool Need(long bytes)
    {
        if (!Ok)
        {
            return false;
        }

        if (_end - _at < bytes)
        {
            Fail(WireStatus.Short);
            return false;
        }

        return true;
    }

    private void PutByte(byte value)
    {
        if (Need(1))
        {
            *_at++ = value;
        }
    }

    private void PutCode(byte code, ulong value, int width)
    {
        if (!Need(1 + width))
        {
            return;
        }

        *_at++ = code;
        for (int i = width - 1; i >= 0; i--)
        {
            *_at++ = (byte)(value >> (i * 8));
        }
    }

    private void PutBytes(byte* at, int length)
    {
        if (!Need(length))
        {
            return;
        }

        for (int i = 0; i < length; i++)
        {
            _at[i] = at[i];
        }

        _at += length;
    }
}
