using System.Globalization;
using System.Text;
using Engine.Linux;
using Engine.Rpc.Linux;
using Engine.Shared.Linux;

namespace Engine.Attach;

/// <summary>What comes from the server: output to the queue, the rest remembered.</summary>
internal sealed class AttachInbound : IAttachSink
{
    /// <summary>Bytes waiting to be written from which on no more are taken.</summary>
    public const int HighMark = 4 * 1024 * 1024;

    /// <summary>Bytes below which more are taken again.</summary>
    public const int LowMark = 1024 * 1024;

    private readonly AttachStreams _streams;
    private readonly OutputQueue _output;
    private readonly AttachFrameReader _reader;
    private readonly byte[] _buffer = new byte[128 * 1024];

    public AttachInbound(AttachStreams streams, OutputQueue output)
    {
        _streams = streams;
        _output = output;
        _reader = new AttachFrameReader(this);
    }

    /// <summary>The server has answered.</summary>
    public bool IsFramed => _reader.IsFramed;

    /// <summary>The terminal needs carriage returns for what this process says.</summary>
    public bool IsRaw { get; set; }

    /// <summary>The payload's, once told.</summary>
    public int? ExitCode { get; private set; }

    /// <summary>Sum of the gaps.</summary>
    public ulong LostBytes { get; private set; }

    /// <summary>Takes one read of the socket: null when there was nothing, false at the end of the connection.</summary>
    public bool? Receive(SafeFd socket)
    {
        int count;
        try
        {
            count = UnixSockets.Receive(socket, _buffer);
        }
        catch (SyscallException error) when (error.Errno == Errno.ECONNRESET)
        {
            // The server left while input of ours was on its way.
            return false;
        }

        if (count <= 0)
        {
            return count == 0 ? false : null;
        }

        _reader.Feed(_buffer.AsSpan(0, count));
        return true;
    }

    /// <inheritdoc/>
    public void Output(bool isError, ReadOnlySpan<byte> bytes) => _output.Add(isError ? _streams.Error : _streams.Output, bytes);

    /// <inheritdoc/>
    public void Gap(ulong bytes)
    {
        LostBytes += bytes;
        string end = IsRaw ? "\r\n" : "\n";
        string warning = string.Create(CultureInfo.InvariantCulture, $"{end}warning: this session reads too slowly: {bytes} bytes of output are missing here{end}");
        _output.Add(_streams.Error, Encoding.UTF8.GetBytes(warning));
    }

    /// <inheritdoc/>
    public void ReplayEnd()
    {
    }

    /// <inheritdoc/>
    public void Exit(int code) => ExitCode = code;
}
