namespace Engine.Shared.Wire;

// Numbers and booleans. Every integer form is accepted on reading, the shortest is written.
public unsafe partial struct Codec
{
    /// <summary>true or false.</summary>
    public void Value(ref bool value)
    {
        if (Writing)
        {
            PutByte(value ? MessagePackCode.True : MessagePackCode.False);
            return;
        }

        if (!Need(1))
        {
            return;
        }

        byte code = *_at;
        if (code != MessagePackCode.True && code != MessagePackCode.False)
        {
            Fail(WireStatus.Type);
            return;
        }

        value = code == MessagePackCode.True;
        _at++;
    }

    /// <summary>An unsigned number of 64 bits.</summary>
    public void Value(ref ulong value)
    {
        if (Writing)
        {
            WriteUnsigned(value);
        }
        else if (ReadInteger(out ulong bits, out bool negative))
        {
            if (negative)
            {
                Fail(WireStatus.Range);
                return;
            }

            value = bits;
        }
    }

    /// <summary>A signed number of 64 bits.</summary>
    public void Value(ref long value)
    {
        if (Writing)
        {
            if (value >= 0)
            {
                WriteUnsigned((ulong)value);
            }
            else
            {
                WriteNegative(value);
            }
        }
        else if (ReadInteger(out ulong bits, out bool negative))
        {
            if (!negative && bits > long.MaxValue)
            {
                Fail(WireStatus.Range);
                return;
            }

            value = (long)bits;
        }
    }

    /// <summary>An unsigned number of 32 bits.</summary>
    public void Value(ref uint value)
    {
        ulong wide = value;
        Value(ref wide);
        if (!Writing && Ok)
        {
            if (wide > uint.MaxValue)
            {
                Fail(WireStatus.Range);
                return;
            }

            value = (uint)wide;
        }
    }

    /// <summary>A signed number of 32 bits.</summary>
    public void Value(ref int value)
    {
        long wide = value;
        Value(ref wide);
        if (!Writing && Ok)
        {
            if (wide > int.MaxValue || wide < int.MinValue)
            {
                Fail(WireStatus.Range);
                return;
            }

            value = (int)wide;
        }
    }

    private bool ReadInteger(out ulong bits, out bool negative)
    {
        bits = 0;
        negative = false;
        if (!Need(1))
        {
            return false;
        }

        byte code = *_at;
        if (code <= 0x7f)
        {
            bits = code;
            _at++;
            return true;
        }

        if (code >= 0xe0)
        {
            bits = (ulong)(long)(sbyte)code;
            negative = true;
            _at++;
            return true;
        }

        if (code < MessagePackCode.UInt8 || code > MessagePackCode.Int64)
        {
            Fail(WireStatus.Type);
            return false;
        }

        bool signed = code >= MessagePackCode.Int8;
        int width = 1 << (code - (signed ? MessagePackCode.Int8 : MessagePackCode.UInt8));
        if (!Need(1 + width))
        {
            return false;
        }

        bits = MessagePackCode.ReadBig(_at + 1, width);
        if (signed)
        {
            int shift = 64 - (width * 8);
            long value = (long)(bits << shift) >> shift;
            bits = (ulong)value;
            negative = value < 0;
        }

        _at += 1 + width;
        return true;
    }

    private void WriteUnsigned(ulong value)
    {
        if (value <= 0x7f)
        {
            PutByte((byte)value);
        }
        else if (value <= 0xff)
        {
            PutCode(MessagePackCode.UInt8, value, 1);
        }
        else if (value <= 0xffff)
        {
            PutCode(MessagePackCode.UInt16, value, 2);
        }
        else if (value <= 0xffffffff)
        {
            PutCode(MessagePackCode.UInt32, value, 4);
        }
        else
        {
            PutCode(MessagePackCode.UInt64, value, 8);
        }
    }

    private void WriteNegative(long value)
    {
        if (value >= -32)
        {
            PutByte((byte)value);
        }
        else if (value >= sbyte.MinValue)
        {
            PutCode(MessagePackCode.Int8, (ulong)value, 1);
        }
        else if (value >= short.MinValue)
        {
            PutCode(MessagePackCode.Int16, (ulong)value, 2);
        }
        else if (value >= int.MinValue)
        {
            PutCode(MessagePackCode.Int32, (ulong)value, 4);
        }
        else
        {
            PutCode(MessagePackCode.Int64, (ulong)value, 8);
        }
    }
}
