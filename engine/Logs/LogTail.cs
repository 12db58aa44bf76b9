using Microsoft.Win32.SafeHandles;

namespace Engine.Logs;

/// <summary>
/// The last lines of a log, found from its end. A line is all pieces of one stream up to the one that ends it; pieces of the
/// two streams may alternate, so that the records wanted are not simply the last ones.
/// </summary>
internal sealed class LogTail(LogFile file, LogRecordParser parser, long lines)
{
    private readonly List<(long Offset, int Length)> _wanted = [];
    private readonly StreamState _stdout = new();
    private readonly StreamState _stderr = new();
    private long _found;

    private sealed class StreamState
    {
        /// <summary>The line whose pieces are being met is wanted.</summary>
        public bool IsTaking;

        /// <summary>No earlier record of this stream is wanted.</summary>
        public bool IsComplete;

        /// <summary>Some record of this stream was met.</summary>
        public bool IsMet;
    }

    /// <summary>Prints the lines, and leaves <paramref name="file"/> behind the last whole record.</summary>
    public void Print(LogPrinter printer)
    {
        long end = Collect();
        byte[] buffer = new byte[LogFile.BlockBytes];
        for (int i = _wanted.Count - 1; i >= 0; i--)
        {
            var (offset, length) = _wanted[i];
            if (buffer.Length < length)
            {
                buffer = new byte[length];
            }

            int count = RandomAccess.Read(file.Handle, buffer.AsSpan(0, length), offset);
            printer.Print(buffer.AsSpan(0, count));
        }

        file.Seek(end);
    }

    // Goes backwards block by block; a record that is cut by a block's beginning is finished with the block before.
    private long Collect()
    {
        byte[] buffer = new byte[LogFile.BlockBytes];
        long position = LastWholeEnd(file.Handle, file.Length);
        long end = position;
        while (position > 0 && !(_stdout.IsComplete && _stderr.IsComplete))
        {
            int length = (int)Math.Min(buffer.Length, position);
            long start = position - length;
            length = RandomAccess.Read(file.Handle, buffer.AsSpan(0, length), start);
            int consumed = Block(buffer.AsSpan(0, length), start);
            if (consumed == 0 && start > 0)
            {
                // One record is longer than the buffer.
                buffer = new byte[buffer.Length * 2];
                continue;
            }

            position -= consumed;
            if (start == 0)
            {
                break;
            }
        }

        return end;
    }

    // Takes the whole records of a block, last first; returns how many of its bytes they are. The block ends behind a newline.
    private int Block(ReadOnlySpan<byte> block, long start)
    {
        int end = block.Length;
        while (end > 0)
        {
            int newline = block[..(end - 1)].LastIndexOf((byte)'\n');
            if (newline < 0 && start > 0)
            {
                break;
            }

            Record(block[(newline + 1)..(end - 1)], start + newline + 1);
            end = newline + 1;
        }

        return block.Length - end;
    }

    private void Record(ReadOnlySpan<byte> line, long offset)
    {
        var record = parser.Parse(line);
        var stream = record.IsError ? _stderr : _stdout;

        // Going backwards, a record that ends a line begins it; so does the unended piece at a stream's very end.
        if (!record.IsPartial || !stream.IsMet)
        {
            stream.IsMet = true;
            stream.IsTaking = _found < lines;
            if (stream.IsTaking)
            {
                _found++;
            }
        }

        if (stream.IsTaking)
        {
            _wanted.Add((offset, line.Length));
        }
        else
        {
            stream.IsComplete = true;
        }

        // A stream without any record among the last ones has nothing that could belong to a wanted line.
        if (_found >= lines)
        {
            _stdout.IsComplete |= !_stdout.IsMet;
            _stderr.IsComplete |= !_stderr.IsMet;
        }
    }

    private static long LastWholeEnd(SafeFileHandle file, long length)
    {
        byte[] buffer = new byte[4096];
        while (length > 0)
        {
            int count = (int)Math.Min(buffer.Length, length);
            count = RandomAccess.Read(file, buffer.AsSpan(0, count), length - count);
            int newline = buffer.AsSpan(0, count).LastIndexOf((byte)'\n');
            if (newline >= 0)
            {
                return length - count + newline + 1;
            }

            length -= count;
            if (count == 0)
            {
                break;
            }
        }

        return 0;
    }
}
