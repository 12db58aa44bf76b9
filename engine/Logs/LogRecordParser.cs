using System.Text.Json;
using Engine.Shared.Protocol;

namespace Engine.Logs;

/// <summary>
/// Reads records of one format, one line each, without its newline. A line that is none of that format (cut by a full disk, by
/// a crash, or not ours) becomes a record of stdout with the line as its text and no time. Not thread-safe: JSON texts share a buffer.
/// </summary>
public sealed class LogRecordParser(LogFormat format)
{
    // The shortest RFC 3339 time, 2006-01-02T15:04:05Z.
    private const int ShortestTime = 20;

    private byte[] _text = new byte[4096];
    private byte[] _time = new byte[64];

    /// <summary>The format whose first record this is; basic if it is none of the others.</summary>
    public static LogFormat Detect(ReadOnlySpan<byte> line)
    {
        if (line.StartsWith("{\""u8))
        {
            return LogFormat.Json;
        }

        return TrySplit(line, out _, out _, out var rest) && IsTagged(rest) ? LogFormat.Kubernetes : LogFormat.Basic;
    }

    /// <summary>Reads one record; its spans are valid until the next call.</summary>
    public LogRecord Parse(ReadOnlySpan<byte> line)
    {
        if (format == LogFormat.Json)
        {
            return line.Length > 0 && line[0] == '{' && TryJson(line, out var record) ? record : Damaged(line);
        }

        if (!TrySplit(line, out var time, out bool isError, out var rest))
        {
            return Damaged(line);
        }

        if (format == LogFormat.Basic)
        {
            return new LogRecord(time, isError, false, rest);
        }

        if (!IsTagged(rest))
        {
            return Damaged(line);
        }

        int space = rest.IndexOf((byte)' ');
        return new LogRecord(time, isError, rest[0] == 'P', space < 0 ? [] : rest[(space + 1)..]);
    }

    private static LogRecord Damaged(ReadOnlySpan<byte> line) => new([], false, false, line);

    // P or F, alone or with further tags behind colons, then the text.
    private static bool IsTagged(ReadOnlySpan<byte> rest) =>
        rest.Length > 0 && rest[0] is (byte)'P' or (byte)'F' && (rest.Length == 1 || rest[1] is (byte)' ' or (byte)':');

    private static bool TrySplit(ReadOnlySpan<byte> line, out ReadOnlySpan<byte> time, out bool isError, out ReadOnlySpan<byte> rest)
    {
        time = rest = default;
        isError = false;
        int space = line.IndexOf((byte)' ');
        if (space < ShortestTime || !IsTime(line[..space]))
        {
            return false;
        }

        time = line[..space];
        rest = line[(space + 1)..];
        isError = rest.StartsWith("stderr "u8);
        if (!isError && !rest.StartsWith("stdout "u8))
        {
            return false;
        }

        rest = rest["stdout ".Length..];
        return true;
    }

    private static bool IsTime(ReadOnlySpan<byte> text)
    {
        for (int i = 0; i < ShortestTime - 1; i++)
        {
            byte expected = "0000-00-00T00:00:00"u8[i];
            if (expected == '0' ? !char.IsAsciiDigit((char)text[i]) : text[i] != expected)
            {
                return false;
            }
        }

        return true;
    }

    private bool TryJson(ReadOnlySpan<byte> line, out LogRecord record)
    {
        record = default;
        int textLength = -1, timeLength = 0;
        bool isError = false, isPartial = false;
        try
        {
            var json = new Utf8JsonReader(line);
            json.Read();
            while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
            {
                bool isTime = json.ValueTextEquals("time"u8), isLog = json.ValueTextEquals("log"u8);
                bool isStream = json.ValueTextEquals("stream"u8), isPartialTag = json.ValueTextEquals("partial"u8);
                json.Read();
                if (isTime && json.TokenType == JsonTokenType.String)
                {
                    timeLength = Copy(ref json, ref _time);
                }
                else if (isLog && json.TokenType == JsonTokenType.String)
                {
                    textLength = Copy(ref json, ref _text);
                }
                else if (isStream && json.TokenType == JsonTokenType.String)
                {
                    isError = json.ValueTextEquals("stderr"u8);
                }
                else if (isPartialTag)
                {
                    isPartial = json.TokenType == JsonTokenType.True;
                }
                else
                {
                    json.Skip();
                }
            }
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            // InvalidOperationException: half of a surrogate pair.
            return false;
        }

        if (textLength < 0)
        {
            return false;
        }

        // Docker's own files end a whole line with an escaped newline.
        var text = _text.AsSpan(0, textLength);
        record = new LogRecord(_time.AsSpan(0, timeLength), isError, isPartial, text.EndsWith("\n"u8) ? text[..^1] : text);
        return true;
    }

    private static int Copy(ref Utf8JsonReader json, ref byte[] to)
    {
        int room = json.ValueSpan.Length;
        if (to.Length < room)
        {
            to = new byte[Math.Max(room, to.Length * 2)];
        }

        return json.CopyString(to);
    }
}
