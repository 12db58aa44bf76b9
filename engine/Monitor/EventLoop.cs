using System.Runtime.InteropServices;
using Engine.Linux;
using Engine.Rpc.Linux;
using Engine.Shared.Linux;

namespace Engine.Monitor;

/// <summary>
/// The master's one thread: descriptors, timers and posted actions, one after the other. Everything in Monitor runs on
/// it, so that nothing there is locked and no thread pool is woken. Only <see cref="Post"/> and <see cref="Stop"/> may
/// be called from elsewhere.
/// </summary>
public sealed unsafe class EventLoop : IDisposable
{
    private readonly SafeFd _wake;
    private readonly List<Watch> _watches = [];
    private readonly PriorityQueue<LoopTimer, long> _timers = new();
    private readonly Lock _lock = new();
    private Queue<Action> _posted = new();
    private Action? _quiet;
    private int _quietTime;
    private bool _wasQuiet;
    private volatile bool _stopped;
    private int _thread;

    /// <summary>An idle loop.</summary>
    public EventLoop()
    {
        int fd = Libc.eventfd(0, poll_h.EFD_CLOEXEC | poll_h.EFD_NONBLOCK);
        _wake = fd >= 0 ? new SafeFd(fd) : throw SyscallException.Last("eventfd");
    }

    /// <summary>
    /// Calls <paramref name="ready"/> with what poll reports whenever one of <paramref name="events"/>, or a hang-up, is
    /// there. The descriptor stays the caller's; dispose the watch before it.
    /// </summary>
    public Watch Add(SafeFd fd, int events, Action<int> ready)
    {
        var watch = new Watch(this, fd, events, ready);
        _watches.Add(watch);
        return watch;
    }

    /// <summary>Calls <paramref name="action"/> once, later; dispose the timer to take it back.</summary>
    public LoopTimer After(TimeSpan delay, Action action)
    {
        var timer = new LoopTimer(action);
        _timers.Enqueue(timer, Environment.TickCount64 + (long)delay.TotalMilliseconds);
        return timer;
    }

    /// <summary>Calls <paramref name="action"/> on the loop, after what was posted before. From any thread.</summary>
    public void Post(Action action)
    {
        lock (_lock)
        {
            _posted.Enqueue(action);
        }

        Wake();
    }

    /// <summary>Lets <see cref="Run"/> return. From any thread.</summary>
    public void Stop()
    {
        _stopped = true;
        Wake();
    }

    /// <summary>Calls <paramref name="action"/> when nothing happened for <paramref name="time"/>, and again only after something did.</summary>
    public void WhenQuiet(TimeSpan time, Action action)
    {
        _quietTime = (int)time.TotalMilliseconds;
        _quiet = action;
    }

    /// <summary>Runs until it is stopped; exceptions of what it calls come out of it.</summary>
    public void Run()
    {
        _thread = Environment.CurrentManagedThreadId;
        while (!_stopped)
        {
            RunPosted();
            if (!_stopped)
            {
                Wait();
                RunTimers();
            }
        }

        RunPosted();
        _thread = 0;
    }

    /// <inheritdoc/>
    public void Dispose() => _wake.Dispose();

    private void Wake()
    {
        // On the loop's own thread what was posted is looked at before it waits again.
        if (Environment.CurrentManagedThreadId != _thread)
        {
            _ = Libc.eventfd_write(_wake.Value, 1);
        }
    }

    private void RunPosted()
    {
        while (true)
        {
            Queue<Action> due;
            lock (_lock)
            {
                if (_posted.Count == 0)
                {
                    return;
                }

                due = _posted;
                _posted = new Queue<Action>();
            }

            while (due.TryDequeue(out var action))
            {
                action();
            }
        }
    }

    private int NextTimeout()
    {
        while (_timers.TryPeek(out var timer, out long due))
        {
            if (!timer.IsDisposed)
            {
                return (int)Math.Clamp(due - Environment.TickCount64, 0, int.MaxValue);
            }

            _timers.Dequeue();
        }

        return -1;
    }

    private void RunTimers()
    {
        long now = Environment.TickCount64;
        while (!_stopped && _timers.TryPeek(out var timer, out long due) && due <= now)
        {
            _timers.Dequeue();
            timer.Fire();
        }
    }

    private void Wait()
    {
        int timeout = NextTimeout();
        if (_quiet is null || _wasQuiet || (timeout >= 0 && timeout <= _quietTime))
        {
            _wasQuiet &= !Poll(timeout);
        }
        else if (!Poll(_quietTime))
        {
            _wasQuiet = true;
            _quiet();
        }
    }

    // True when something was ready.
    private bool Poll(int timeout)
    {
        var watches = _watches.ToArray();
        var entries = new pollfd[watches.Length + 1];
        entries[0] = new pollfd { fd = _wake.Value, events = poll_h.POLLIN };
        for (int i = 0; i < watches.Length; i++)
        {
            entries[i + 1] = new pollfd { fd = watches[i].Fd.Value, events = (short)watches[i].Events };
        }

        int ready;
        fixed (pollfd* first = entries)
        {
            ready = Libc.poll(first, (ulong)entries.Length, timeout);
        }

        if (ready < 0)
        {
            int errno = Marshal.GetLastPInvokeError();
            if (errno != Errno.EINTR)
            {
                throw new SyscallException("poll", "", errno);
            }

            return false;
        }

        if (entries[0].revents != 0)
        {
            ulong value;
            _ = Libc.eventfd_read(_wake.Value, &value);
        }

        for (int i = 0; i < watches.Length && !_stopped; i++)
        {
            // One handler may have ended another's watch.
            if (entries[i + 1].revents != 0 && !watches[i].IsDisposed)
            {
                watches[i].Ready(entries[i + 1].revents);
            }
        }

        return ready > 0;
    }

    /// <summary>A descriptor in the loop.</summary>
    public sealed class Watch : IDisposable
    {
        private readonly EventLoop _loop;

        internal Watch(EventLoop loop, SafeFd fd, int events, Action<int> ready)
        {
            _loop = loop;
            Fd = fd;
            Events = events;
            Ready = ready;
        }

        /// <summary>POLL* to wait for; 0 waits for a hang-up only.</summary>
        public int Events { get; set; }

        internal SafeFd Fd { get; }

        internal Action<int> Ready { get; }

        internal bool IsDisposed { get; private set; }

        /// <inheritdoc/>
        public void Dispose()
        {
            if (!IsDisposed)
            {
                IsDisposed = true;
                _loop._watches.Remove(this);
            }
        }
    }

    /// <summary>An action that waits for its time.</summary>
    public sealed class LoopTimer : IDisposable
    {
        private readonly Action _action;

        internal LoopTimer(Action action) => _action = action;

        internal bool IsDisposed { get; private set; }

        /// <summary>Takes it back; without effect once it was called.</summary>
        public void Dispose() => IsDisposed = true;

        internal void Fire()
        {
            if (!IsDisposed)
            {
                IsDisposed = true;
                _action();
            }
        }
    }
}
