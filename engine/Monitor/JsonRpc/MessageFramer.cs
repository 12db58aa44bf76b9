using System.Globalization;
using System.Text;

namespace Engine.Monitor.JsonRpc;

/// <summary>How messages are told apart on a control connection; the client's first byte decides.</summary>
public enum Framing
{
    /// <summary>Nothing was received yet.</summary>
    Undecided,

    /// <summary>One JSON text a line; what a shell script speaks.</summary>
    Lines,

    /// <summary><c>Content-Length: N</c>, an empty line, N bytes; what StreamJsonRpc and vscode-jsonrpc speak.</summary>
    Headers,
}

/// <summary>The stream cannot be cut into messages any more; the connection has to end.</summary>
public sealed class FramingException(string message) : Exception(message);

/// <summary>Cuts the bytes of one connection into messages, and puts messages into the same form. Knows nothing of JSON.</summary>
public sealed class MessageFramer
{
    /// <summary>Largest message, in both directions. An update document is a few KiB.</summary>
    public const int MaxMessage = 1024 * 1024;

    /// <summary>Largest header block.</summary>
    public const int MaxHeader = 4096;

    private static ReadOnlySpan<byte> LengthName => "content-length"u8;

    private const int SmallBuffer = 4096;
    private byte[] _buffer = new byte[SmallBuffer];
    private int _start;
    private int _end;
    private int _scanned;
    private int _body = -1;

    /// <summary>The form that the client chose.</summary>
    public Framing Framing { get; private set; }

    /// <summary>Bytes that this holds on to, used or not.</summary>
    public int Capacity => _buffer.Length;

    /// <summary>There is the beginning of a message.</summary>
    public bool HasPartial => _end > _start || _body >= 0;

    /// <summary>Where the next bytes of the stream go; tell <see cref="Received"/> how many came.</summary>
    public Span<byte> FreeSpace()
    {
        if (_start == _end)
        {
            _start = _end = _scanned = 0;
            // One large message is no reason to stay large.
            _buffer = _buffer.Length > SmallBuffer ? new byte[SmallBuffer] : _buffer;
        }

        if (_buffer.Length - _end < 512)
        {
            int used = _end - _start;
            byte[] target = used > _buffer.Length / 2 ? new byte[_buffer.Length * 2] : _buffer;
            _buffer.AsSpan(_start, used).CopyTo(target);
            _scanned -= _start;
            _buffer = target;
            _start = 0;
            _end = used;
        }

        return _buffer.AsSpan(_end);
    }

    /// <summary>Counts <paramref name="count"/> bytes in.</summary>
    public void Received(int count) => _end += count;

    /// <summary>The next whole message, empty lines left out; it is valid until the next call of anything here.</summary>
    /// <exception cref="FramingException">A header that is none, or a message over the limit.</exception>
    public bool TryTake(out ReadOnlyMemory<byte> message)
    {
        message = default;
        if (Framing == Framing.Undecided && !Decide())
        {
            return false;
        }

        return Framing == Framing.Lines ? TryTakeLine(out message) : TryTakeBody(out message);
    }

    /// <summary>The stream ended: a last line without its newline is a message, too.</summary>
    public bool TryTakeLast(out ReadOnlyMemory<byte> message)
    {
        message = default;
        if (Framing != Framing.Lines || _start == _end)
        {
            return false;
        }

        message = _buffer.AsMemory(_start, _end - _start);
        _start = _end;
        return true;
    }

    /// <summary><paramref name="message"/> (JSON without newlines) as it goes out; lines as long as the client has said nothing.</summary>
    public byte[] Frame(ReadOnlySpan<byte> message)
    {
        byte[] head = Framing == Framing.Headers
            ? Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"Content-Length: {message.Length}\r\n\r\n"))
            : [];
        int tail = Framing == Framing.Headers ? 0 : 1;
        var frame = new byte[head.Length + message.Length + tail];
        head.CopyTo(frame, 0);
        message.CopyTo(frame.AsSpan(head.Length));
        if (tail == 1)
        {
            frame[^1] = (byte)'\n';
        }

        return frame;
    }

    private bool Decide()
    {
        while (_start < _end && _buffer[_start] is (byte)' ' or (byte)'\t' or (byte)'\r' or (byte)'\n')
        {
            _start++;
        }

        if (_start >= _end)
        {
            return false;
        }

        // Of all header fields both peers send only Content-Length and Content-Type; no JSON text begins with a C.
        Framing = _buffer[_start] is (byte)'C' or (byte)'c' ? Framing.Headers : Framing.Lines;
        _scanned = _start;
        return true;
    }

    private bool TryTakeLine(out ReadOnlyMemory<byte> message)
    {
        while (true)
        {
            int newline = _buffer.AsSpan(_scanned, _end - _scanned).IndexOf((byte)'\n');
            if (newline < 0)
            {
                _scanned = _end;
                message = default;
                return _end - _start <= MaxMessage ? false : throw new FramingException($"a line is over {MaxMessage} bytes");
            }

            var line = _buffer.AsMemory(_start, _scanned + newline - _start);
            _start = _scanned = _scanned + newline + 1;
            if (line.Length > MaxMessage)
            {
                throw new FramingException($"a line is over {MaxMessage} bytes");
            }

            if (line.Span.Trim(" \t\r"u8).Length > 0)
            {
                message = line;
                return true;
            }
        }
    }

    private bool TryTakeBody(out ReadOnlyMemory<byte> message)
    {
        message = default;
        if (_body < 0 && !TryTakeHeader())
        {
            return false;
        }

        if (_end - _start < _body)
        {
            return false;
        }

        message = _buffer.AsMemory(_start, _body);
        _start += _body;
        _scanned = _start;
        _body = -1;
        return true;
    }

    private bool TryTakeHeader()
    {
        var received = _buffer.AsSpan(_start, _end - _start);
        int end = received.IndexOf("\r\n\r\n"u8);
        if (end < 0 || end > MaxHeader)
        {
            return received.Length <= MaxHeader ? false : throw new FramingException($"a header is over {MaxHeader} bytes");
        }

        int length = -1;
        foreach (var range in received[..end].Split("\r\n"u8))
        {
            length = Math.Max(length, ReadLength(received[range]));
        }

        _body = length >= 0 ? length : throw new FramingException("a header without Content-Length");
        _start += end + 4;
        return true;
    }

    private static int ReadLength(ReadOnlySpan<byte> field)
    {
        int colon = field.IndexOf((byte)':');
        if (colon < 0)
        {
            throw new FramingException("a header line without a colon");
        }

        if (!Ascii.EqualsIgnoreCase(field[..colon].Trim(" \t"u8), LengthName))
        {
            return -1;
        }

        var digits = field[(colon + 1)..].Trim(" \t"u8);
        if (!int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out int length))
        {
            throw new FramingException("Content-Length is no number");
        }

        return length <= MaxMessage ? length : throw new FramingException($"Content-Length is over {MaxMessage}");
    }
}
