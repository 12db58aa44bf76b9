using System.Buffers.Binary;
using Engine.Diagnostics;
using Engine.Shared.Protocol;

namespace Engine.Attach;

/// <summary>What a client receives, in its order.</summary>
public interface IAttachSink
{
    /// <summary>Output of the payload; the bytes are valid during the call. Everything is stdout with a terminal, and before the answer.</summary>
    void Output(bool isError, ReadOnlySpan<byte> bytes);

    /// <summary>So many bytes were dropped here because this client read too slowly.</summary>
    void Gap(ulong bytes);

    /// <summary>The replay of earlier output ends here.</summary>
    void ReplayEnd();

    /// <summary>The payload ended with this code; nothing follows.</summary>
    void Exit(int code);
}

/// <summary>Cuts the stream of an attach.sock into what it says, in whatever pieces it arrives. See <see cref="AttachFrame"/>.</summary>
public sealed class AttachFrameReader(IAttachSink sink)
{
    private readonly byte[] _header = new byte[Math.Max(AttachFrame.HeaderBytes, AttachFrame.Magic.Length)];
    private readonly byte[] _short = new byte[8];
    private int _headerLength;
    private int _shortLength;
    private uint _left;

    /// <summary>The server has answered: it speaks frames.</summary>
    public bool IsFramed { get; private set; }

    /// <summary>Takes received bytes.</summary>
    /// <exception cref="EngineException">They are no frames of this protocol.</exception>
    public void Feed(ReadOnlySpan<byte> bytes)
    {
        while (bytes.Length > 0)
        {
            int taken = !IsFramed ? FindMagic(bytes) : _left == 0 ? Header(bytes) : Content(bytes);
            bytes = bytes[taken..];
        }
    }

    // Before the answer there may be raw output. _headerLength bytes of the magic have been seen and are held.
    private int FindMagic(ReadOnlySpan<byte> bytes)
    {
        var magic = AttachFrame.Magic;
        if (bytes[0] == magic[_headerLength])
        {
            if (++_headerLength == magic.Length)
            {
                IsFramed = true;
                _headerLength = 0;
            }

            return 1;
        }

        // The magic's first byte does not occur in it again: a mismatch begins anew at this byte.
        sink.Output(false, magic[.._headerLength]);
        _headerLength = 0;
        int next = bytes.IndexOf(magic[0]);
        int raw = next < 0 ? bytes.Length : next;
        sink.Output(false, bytes[..raw]);
        return raw;
    }

    private int Header(ReadOnlySpan<byte> bytes)
    {
        int taken = Math.Min(AttachFrame.HeaderBytes - _headerLength, bytes.Length);
        bytes[..taken].CopyTo(_header.AsSpan(_headerLength));
        _headerLength += taken;
        if (_headerLength < AttachFrame.HeaderBytes)
        {
            return taken;
        }

        _left = BinaryPrimitives.ReadUInt32BigEndian(_header.AsSpan(1));
        _shortLength = 0;
        if (_left > AttachFrame.MaxContent)
        {
            throw new EngineException($"attach.sock: a frame of {_left} bytes (tag {_header[0]}); the server speaks another protocol");
        }

        if (_left == 0)
        {
            Complete();
        }

        return taken;
    }

    private int Content(ReadOnlySpan<byte> bytes)
    {
        int taken = (int)Math.Min(_left, (uint)bytes.Length);
        var part = bytes[..taken];
        if (_header[0] is AttachFrame.Stdout or AttachFrame.Stderr)
        {
            sink.Output(_header[0] == AttachFrame.Stderr, part);
        }
        else
        {
            int kept = Math.Min(taken, _short.Length - _shortLength);
            part[..kept].CopyTo(_short.AsSpan(_shortLength));
            _shortLength += kept;
        }

        _left -= (uint)taken;
        if (_left == 0)
        {
            Complete();
        }

        return taken;
    }

    // Tags that this client does not know are left out: a newer server may have more to say.
    private void Complete()
    {
        _headerLength = 0;
        switch (_header[0])
        {
            case AttachFrame.Gap when _shortLength == 8:
                sink.Gap(BinaryPrimitives.ReadUInt64BigEndian(_short));
                break;
            case AttachFrame.ReplayEnd:
                sink.ReplayEnd();
                break;
            case AttachFrame.Exit when _shortLength == 4:
                sink.Exit(BinaryPrimitives.ReadInt32BigEndian(_short));
                break;
        }
    }
}

/// <summary>What a client sends.</summary>
public static class AttachFrameWriter
{
    /// <summary>Bytes for the payload's stdin, as many frames as they need.</summary>
    public static void Stdin(List<byte> to, ReadOnlySpan<byte> bytes)
    {
        while (bytes.Length > 0)
        {
            var part = bytes[..Math.Min(bytes.Length, AttachFrame.MaxContent)];
            Frame(to, AttachFrame.Stdin, part);
            bytes = bytes[part.Length..];
        }
    }

    /// <summary>The payload's stdin is to end.</summary>
    public static void StdinEnd(List<byte> to) => Frame(to, AttachFrame.Stdin, []);

    /// <summary>The terminal's new size.</summary>
    public static void Resize(List<byte> to, ushort rows, ushort columns) =>
        Frame(to, AttachFrame.Resize, [(byte)(rows >> 8), (byte)rows, (byte)(columns >> 8), (byte)columns]);

    /// <summary>Who waits for whom from here on.</summary>
    public static void Flow(List<byte> to, AttachFlow flow) => Frame(to, AttachFrame.Flow, [(byte)flow]);

    private static void Frame(List<byte> to, byte tag, ReadOnlySpan<byte> content)
    {
        Span<byte> header = stackalloc byte[AttachFrame.HeaderBytes];
        header[0] = tag;
        BinaryPrimitives.WriteUInt32BigEndian(header[1..], (uint)content.Length);
        to.AddRange(header);
        to.AddRange(content);
    }
}
