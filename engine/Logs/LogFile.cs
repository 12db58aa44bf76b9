using Engine.Linux;
using Engine.Rpc.Linux;
using Engine.Shared.Linux;
using Microsoft.Win32.SafeHandles;

namespace Engine.Logs;

/// <summary>An open log: its lines from any offset, forwards. Only whole lines are given out; the unfinished last one on demand.</summary>
internal sealed class LogFile : IDisposable
{
    /// <summary>Bytes of one read.</summary>
    public const int BlockBytes = 128 * 1024;

    // The pump's longest record has about 100 KiB. What is longer is not ours; it is cut so that memory stays bounded.
    private const int LongestLine = 8 * 1024 * 1024;

    private readonly SafeFileHandle _file;
    private byte[] _buffer = [];
    private int _from;
    private int _to;

    /// <summary>Opens <paramref name="path"/> for reading.</summary>
    /// <exception cref="SyscallException">It is not there, not a regular file (EINVAL), or not readable.</exception>
    public LogFile(string path)
    {
        // O_NONBLOCK: a fifo in its place must not hold us.
        using SafeFd file = Files.Open(path, fcntl_h.O_RDONLY | fcntl_h.O_NONBLOCK);
        if (!Files.Stat(file).IsRegular)
        {
            throw new SyscallException("read", path, Errno.EINVAL);
        }

        Identity = FileIdentity.Of(file.Value);
        _file = new SafeFileHandle(file.Detach(), ownsHandle: true);
    }

    /// <summary>Stays the same when it is renamed.</summary>
    public FileIdentity Identity { get; }

    /// <summary>For reading elsewhere.</summary>
    public SafeFileHandle Handle => _file;

    /// <summary>Where the next line begins.</summary>
    public long Offset { get; private set; }

    /// <summary>Current length.</summary>
    public long Length => RandomAccess.GetLength(_file);

    /// <summary>Continues at <paramref name="offset"/>, the beginning of a line.</summary>
    public void Seek(long offset)
    {
        Offset = offset;
        _from = _to = 0;
    }

    /// <summary>The next line without its newline, valid until the next call; false when there is no whole one yet.</summary>
    public bool TryReadLine(out ReadOnlySpan<byte> line)
    {
        int searched = 0;
        while (true)
        {
            int newline = _buffer.AsSpan(_from + searched, _to - _from - searched).IndexOf((byte)'\n');
            if (newline >= 0)
            {
                line = _buffer.AsSpan(_from, searched + newline);
                Take(searched + newline + 1);
                return true;
            }

            searched = _to - _from;
            if (searched >= LongestLine)
            {
                return TryTakeRest(out line);
            }

            if (!Fill())
            {
                line = default;
                return false;
            }
        }
    }

    /// <summary>What stands behind the last newline; false for nothing.</summary>
    public bool TryTakeRest(out ReadOnlySpan<byte> line)
    {
        line = _buffer.AsSpan(_from, _to - _from);
        Take(_to - _from);
        return line.Length > 0;
    }

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();

    private void Take(int count)
    {
        Offset += count;
        _from += count;
    }

    private bool Fill()
    {
        if (_from > 0)
        {
            _buffer.AsSpan(_from, _to - _from).CopyTo(_buffer);
            _to -= _from;
            _from = 0;
        }

        if (_to == _buffer.Length)
        {
            Array.Resize(ref _buffer, Math.Max(BlockBytes, _buffer.Length * 2));
        }

        int count = RandomAccess.Read(_file, _buffer.AsSpan(_to), Offset + _to);
        _to += count;
        return count > 0;
    }
}
