using Engine.Linux;
using Engine.Shared.Protocol;

namespace Engine.Logs;

/// <summary>What the command <c>logs</c> is asked for.</summary>
public sealed record LogRequest
{
    /// <summary>Path of the log.</summary>
    public required string Path { get; init; }

    /// <summary>Its format; null to tell by its first record.</summary>
    public LogFormat? Format { get; init; }

    /// <summary>Only so many of its last lines; null for all.</summary>
    public long? Tail { get; init; }

    /// <summary>Goes on with what is written later, until <see cref="HasEnded"/>.</summary>
    public bool Follow { get; init; }

    /// <summary>Each line with its time before it.</summary>
    public bool Timestamps { get; init; }

    /// <summary>With <see cref="Follow"/>: nothing more will be written (the container has stopped). Asked now and then; never true when null.</summary>
    public Func<bool>? HasEnded { get; init; }
}

/// <summary>Prints a container's log. Reads only; any user who may read the file.</summary>
public static class LogReader
{
    private const int AskMilliseconds = 500;
    private const int BufferBytes = 64 * 1024;

    /// <summary>Prints to the caller's streams, which need no buffer, and flushes them.</summary>
    public static void Print(LogRequest request, Stream output, Stream error, CancellationToken cancel = default)
    {
        // Not disposed of: that would close the caller's.
        output = new BufferedStream(output, BufferBytes);
        error = new BufferedStream(error, BufferBytes);
        using var watch = request.Follow ? new DirectoryWatch(System.IO.Path.GetDirectoryName(System.IO.Path.GetFullPath(request.Path))!) : null;
        var file = new LogFile(request.Path);
        try
        {
            var parser = new LogRecordParser(request.Format ?? Detect(request.Path));
            var printer = new LogPrinter(parser, output, error, request.Timestamps);
            if (request.Tail is { } lines)
            {
                new LogTail(file, parser, lines).Print(printer);
            }

            Drain(file, printer, request.Follow);
            Flush(output, error);
            if (watch is not null)
            {
                Follow(ref file, request, printer, watch, () => Flush(output, error), cancel);
            }
        }
        finally
        {
            file.Dispose();
        }
    }

    private static LogFormat Detect(string path)
    {
        using var file = new LogFile(path);
        return file.TryReadLine(out var line) || file.TryTakeRest(out line) ? LogRecordParser.Detect(line) : LogFormat.Basic;
    }

    // An unfinished record at the end is waited for as long as somebody may finish it.
    private static void Drain(LogFile file, LogPrinter printer, bool isLive)
    {
        if (file.Length < file.Offset)
        {
            // Cut short in place, as some rotate logs.
            file.Seek(0);
        }

        while (file.TryReadLine(out var line))
        {
            printer.Print(line);
        }

        if (!isLive && file.TryTakeRest(out var rest))
        {
            printer.Print(rest);
        }
    }

    private static void Follow(ref LogFile file, LogRequest request, LogPrinter printer, DirectoryWatch watch, Action flush, CancellationToken cancel)
    {
        while (!cancel.IsCancellationRequested)
        {
            // Asked before reading: what was written until the end is then still read.
            bool hasEnded = request.HasEnded?.Invoke() == true;
            if (Replacement(file, request.Path) is { } replacement)
            {
                // Renamed away and reopened.
                Drain(file, printer, isLive: false);
                file.Dispose();
                file = replacement;
            }

            Drain(file, printer, !hasEnded);
            flush();
            if (hasEnded)
            {
                return;
            }

            watch.Wait(AskMilliseconds, cancel);
        }
    }

    // Another file under the log's name that has begun to be written, or null. Until then the old one may still get records.
    private static LogFile? Replacement(LogFile current, string path)
    {
        LogFile now;
        try
        {
            now = new LogFile(path);
        }
        catch (Rpc.Linux.SyscallException)
        {
            // Renamed, and not there again yet.
            return null;
        }

        if (current.Identity == now.Identity || now.Length == 0)
        {
            now.Dispose();
            return null;
        }

        return now;
    }

    private static void Flush(Stream output, Stream error)
    {
        output.Flush();
        error.Flush();
    }
}
