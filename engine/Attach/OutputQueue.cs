using Engine.Linux;
using Engine.Rpc.Linux;

namespace Engine.Attach;

/// <summary>
/// Output on its way to this process's stdout and stderr, written by a thread of its own, so that a reader that is slow or
/// stopped holds up neither the socket nor the keyboard. Order is kept across both streams.
/// </summary>
internal sealed class OutputQueue : IDisposable
{
    private readonly object _lock = new();
    private readonly Queue<(int Fd, byte[] Bytes)> _queue = [];
    private readonly Thread _thread;
    private readonly Action _changed;
    private readonly int _lowMark;
    private long _waiting;
    private bool _ended;

    /// <param name="lowMark">Bytes; <paramref name="changed"/> is called when what waits falls below.</param>
    /// <param name="changed">Called on the writing thread, also at a failure.</param>
    public OutputQueue(int lowMark, Action changed)
    {
        _lowMark = lowMark;
        _changed = changed;
        _thread = new Thread(Write) { IsBackground = true, Name = "attach output" };
        _thread.Start();
    }

    /// <summary>Bytes that are not written yet.</summary>
    public long Waiting => Interlocked.Read(ref _waiting);

    /// <summary>Why nothing is written any more; null while all is well.</summary>
    public SyscallException? Error { get; private set; }

    /// <summary>Adds a copy of the bytes for descriptor <paramref name="fd"/>.</summary>
    public void Add(int fd, ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length == 0)
        {
            return;
        }

        Interlocked.Add(ref _waiting, bytes.Length);
        lock (_lock)
        {
            _queue.Enqueue((fd, bytes.ToArray()));
            System.Threading.Monitor.Pulse(_lock);
        }
    }

    /// <summary>Waits until everything is written, or cannot be; at most <paramref name="time"/>.</summary>
    public bool Finish(TimeSpan time)
    {
        lock (_lock)
        {
            _ended = true;
            System.Threading.Monitor.Pulse(_lock);
        }

        return _thread.Join(time);
    }

    /// <summary>Leaves behind what is not written.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            _ended = true;
            _queue.Clear();
            System.Threading.Monitor.Pulse(_lock);
        }
    }

    private void Write()
    {
        try
        {
            while (Next() is var (fd, bytes))
            {
                Streams.WriteAll(fd, bytes);
                if (Interlocked.Add(ref _waiting, -bytes.Length) is var left && left < _lowMark && left + bytes.Length >= _lowMark)
                {
                    _changed();
                }
            }
        }
        catch (SyscallException error)
        {
            Error = error;
            _changed();
        }
    }

    private (int Fd, byte[] Bytes)? Next()
    {
        lock (_lock)
        {
            while (_queue.Count == 0)
            {
                if (_ended)
                {
                    return null;
                }

                System.Threading.Monitor.Wait(_lock);
            }

            return _queue.Dequeue();
        }
    }
}
