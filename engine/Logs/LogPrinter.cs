namespace Engine.Logs;

/// <summary>
/// Prints records as the payload's output was: the text of stdout to one stream, of stderr to the other, pieces joined, a line
/// that was never ended without a newline. The streams are the caller's and best buffered; when the output changes from one to the
/// other, the first is flushed, so that both on one terminal keep their order.
/// </summary>
public sealed class LogPrinter(LogRecordParser parser, Stream output, Stream error, bool hasTimestamps)
{
    private bool _isInStdout;
    private bool _isInStderr;
    private Stream? _last;

    /// <summary>Prints one record, given as its line without the newline.</summary>
    public void Print(ReadOnlySpan<byte> line)
    {
        var record = parser.Parse(line);
        var to = record.IsError ? error : output;
        if (to != _last)
        {
            _last?.Flush();
            _last = to;
        }

        ref bool isInLine = ref record.IsError ? ref _isInStderr : ref _isInStdout;
        if (hasTimestamps && !isInLine && record.Time.Length > 0)
        {
            to.Write(record.Time);
            to.WriteByte((byte)' ');
        }

        to.Write(record.Text);
        if (!record.IsPartial)
        {
            to.WriteByte((byte)'\n');
        }

        isInLine = record.IsPartial;
    }
}
