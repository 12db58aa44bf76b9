namespace Engine.Logs;

/// <summary>One record of a log: a line of output, or a piece of a long one. The spans are valid as long as the bytes they were read from.</summary>
public readonly ref struct LogRecord
{
    /// <summary>A record.</summary>
    public LogRecord(ReadOnlySpan<byte> time, bool isError, bool isPartial, ReadOnlySpan<byte> text)
    {
        Time = time;
        IsError = isError;
        IsPartial = isPartial;
        Text = text;
    }

    /// <summary>RFC 3339; empty for a damaged record.</summary>
    public ReadOnlySpan<byte> Time { get; }

    /// <summary>From stderr.</summary>
    public bool IsError { get; }

    /// <summary>The line goes on in the next record of the stream, or was not ended by the payload.</summary>
    public bool IsPartial { get; }

    /// <summary>The text without its newline.</summary>
    public ReadOnlySpan<byte> Text { get; }
}
