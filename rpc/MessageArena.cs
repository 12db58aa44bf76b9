using System.Runtime.InteropServices;
using System.Text;
using Engine.Shared.Wire;

namespace Engine.Rpc;

/// <summary>
/// Native memory behind the texts of messages to be sent. Everything made here is valid until <see cref="Reset"/>.
/// Strings become UTF-8; a NUL or half a surrogate pair in one is an error, since the kernel would get another string
/// than the one that was checked. Not thread-safe.
/// </summary>
public sealed unsafe class MessageArena : IDisposable
{
    private const int ChunkBytes = 32 * 1024;
    private const int LongestHeader = 5;
    private static readonly UTF8Encoding Strict = new(false, true);
    private readonly List<nint> _chunks = [];
    private byte* _at;
    private byte* _end;

    /// <summary>A C string; absent for null.</summary>
    public Text Text(string? value)
    {
        if (value is null)
        {
            return default;
        }

        int length = ByteCount(value);
        byte* at = Allocate(length + 1);
        Strict.GetBytes(value, new Span<byte>(at, length));
        at[length] = 0;
        return new Text(at, length);
    }

    /// <summary>A copy of <paramref name="bytes"/>.</summary>
    public Text Bytes(ReadOnlySpan<byte> bytes)
    {
        byte* at = Allocate(bytes.Length);
        bytes.CopyTo(new Span<byte>(at, bytes.Length));
        return new Text(at, bytes.Length);
    }

    /// <summary>A list of C strings in its encoded form; empty for null.</summary>
    public TextList List(IReadOnlyList<string>? values)
    {
        if (values is null || values.Count == 0)
        {
            return default;
        }

        long total = 0;
        for (int i = 0; i < values.Count; i++)
        {
            total += LongestHeader + ByteCount(values[i]) + 1;
        }

        byte* start = Allocate(checked((int)total));
        byte* at = start;
        for (int i = 0; i < values.Count; i++)
        {
            int length = Strict.GetByteCount(values[i]);
            at += PutStringHeader(at, (uint)length + 1);
            Strict.GetBytes(values[i], new Span<byte>(at, length));
            at[length] = 0;
            at += length + 1;
        }

        return new TextList { At = start, Bytes = (int)(at - start), Count = values.Count };
    }

    /// <summary>Packed numbers.</summary>
    public Words Words(ReadOnlySpan<uint> values)
    {
        byte* at = Allocate(values.Length * sizeof(uint));
        for (int i = 0; i < values.Length; i++)
        {
            System.Buffers.Binary.BinaryPrimitives.WriteUInt32LittleEndian(new Span<byte>(at + (i * sizeof(uint)), sizeof(uint)), values[i]);
        }

        return new Words { At = at, Count = values.Length };
    }

    /// <summary>Forgets everything; keeps one chunk for what comes next.</summary>
    public void Reset()
    {
        for (int i = _chunks.Count - 1; i > 0; i--)
        {
            NativeMemory.Free((void*)_chunks[i]);
            _chunks.RemoveAt(i);
        }

        _at = _chunks.Count == 0 ? null : (byte*)_chunks[0];
        _end = _at == null ? null : _at + ChunkBytes;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (nint chunk in _chunks)
        {
            NativeMemory.Free((void*)chunk);
        }

        _chunks.Clear();
        _at = _end = null;
    }

    private static int ByteCount(string value)
    {
        if (value.Contains('\0'))
        {
            throw new MessageException($"\"{value.Replace("\0", "\\0", StringComparison.Ordinal)}\" holds a NUL character");
        }

        try
        {
            return Strict.GetByteCount(value);
        }
        catch (EncoderFallbackException)
        {
            throw new MessageException("a string holds half a surrogate pair, which UTF-8 cannot express");
        }
    }

    private static int PutStringHeader(byte* at, uint length)
    {
        if (length <= 31)
        {
            at[0] = (byte)(MessagePackCode.FixStr | length);
            return 1;
        }

        int width = length <= 0xff ? 1 : length <= 0xffff ? 2 : 4;
        at[0] = width == 1 ? MessagePackCode.Str8 : width == 2 ? MessagePackCode.Str16 : MessagePackCode.Str32;
        for (int i = 1; i <= width; i++)
        {
            at[i] = (byte)(length >> ((width - i) * 8));
        }

        return 1 + width;
    }

    private byte* Allocate(int bytes)
    {
        if (_end - _at < bytes || _at == null)
        {
            // The first chunk has the size that Reset counts on; an oversized one is freed by it.
            int size = _chunks.Count == 0 ? ChunkBytes : Math.Max(ChunkBytes, bytes);
            byte* chunk = (byte*)NativeMemory.Alloc((nuint)size);
            _chunks.Add((nint)chunk);
            _at = chunk;
            _end = chunk + size;
            if (size < bytes)
            {
                return Allocate(bytes);
            }
        }

        byte* start = _at;
        _at += bytes;
        return start;
    }
}
