using Engine.Shared.Protocol;

namespace Engine.Starter.Pump;

/// <summary>The payload's output: two pipes, or a terminal's master side for everything.</summary>
internal static unsafe class Stdio
{
    // Less room than this in the ring of a lossless client is not worth a read.
    private const int LeastRead = 4 * 1024;

    // A read of this much promises more: it is tried again before the next poll, a bounded number of times.
    private const int MuchRead = 16 * 1024;
    private const int Rounds = 16;

    private struct Source
    {
        public int Fd;
        public bool Open;
        public byte Stream;
    }

    private static Source s_stdout;
    private static Source s_stderr;
    private static bool s_terminal;

    // An epoll descriptor that tells when a terminal that nobody had open is used again; valid while s_hungUp.
    private static int s_edge;
    private static bool s_hungUp;

    /// <summary>Nothing more can come: both pipes ended, or the terminal is closed and its payload over.</summary>
    public static bool Ended => !s_stdout.Open && !s_stderr.Open;

    // Output came, or could not be read for a client's sake.
    private static bool s_moved;

    /// <summary>Takes over the descriptors, -1 for none.</summary>
    public static void Setup(int output, int error, bool terminal)
    {
        s_terminal = terminal;
        Open(ref s_stdout, output, AttachFrame.Stdout);
        Open(ref s_stderr, error, AttachFrame.Stderr);
    }

    /// <summary>Sets O_NONBLOCK. It belongs to this end alone: the payload's end of a pipe or terminal is another open file.</summary>
    public static void MakeNonblocking(int fd)
    {
        int flags = Sys.fcntl(fd, F_GETFL, 0);
        if (flags >= 0)
            Sys.fcntl(fd, F_SETFL, flags | O_NONBLOCK);
    }

    /// <summary>What the poll loop asks for, two entries. While a lossless client has no room, nothing: a hang-up cannot be masked.</summary>
    public static void Poll(pollfd* entries)
    {
        bool room = Clients.Room() >= LeastRead;
        s_moved |= !room;
        Poll(ref s_stdout, entries, room);
        Poll(ref s_stderr, entries + 1, room);
        if (s_hungUp && entries[0].fd >= 0)
            entries[0].fd = s_edge;
    }

    /// <summary>Acts on what poll found.</summary>
    public static void Handle(pollfd* entries, long now)
    {
        if (entries[0].revents != 0)
            Read(ref s_stdout, now);
        if (entries[1].revents != 0)
            Read(ref s_stderr, now);
    }

    /// <summary>Whether output moved since it was asked last.</summary>
    public static bool TakeMoved()
    {
        bool moved = s_moved;
        s_moved = false;
        return moved;
    }

    /// <summary>
    /// The word of the payload's end has come, or will never come: a terminal that nobody has open is over. Read once more: the
    /// kernel may not have told of the last bytes yet.
    /// </summary>
    public static void EndHungUp(long now)
    {
        if (s_hungUp)
            Read(ref s_stdout, now);
    }

    /// <summary>Stops reading, whoever still holds the other ends; unfinished lines are written.</summary>
    public static void Finish()
    {
        End(ref s_stdout);
        End(ref s_stderr);
        LogFile.Flush();
    }

    /// <summary>Gives the terminal another size; the payload gets SIGWINCH from the kernel. Without a terminal nothing.</summary>
    public static void Resize(ushort rows, ushort columns)
    {
        if (!s_terminal || !s_stdout.Open)
            return;
        winsize size = default;
        size.ws_row = rows;
        size.ws_col = columns;
        Sys.ioctl(s_stdout.Fd, TIOCSWINSZ, &size);
    }

    /// <summary>Gives back the pages of lines and input that are done.</summary>
    public static void Trim()
    {
        LineSplitter.Trim();
        Stdin.Trim();
    }

    private static void Open(ref Source source, int fd, byte stream)
    {
        source.Fd = fd;
        source.Open = fd >= 0;
        source.Stream = stream;
        if (source.Open)
            MakeNonblocking(fd);
    }

    private static void Poll(ref Source source, pollfd* entry, bool room)
    {
        entry->fd = source.Open && room ? source.Fd : -1;
        entry->events = POLLIN;
        entry->revents = 0;
    }

    private static void Read(ref Source source, long now)
    {
        for (int round = 0; round < Rounds && source.Open; round++)
        {
            int room = Clients.Room();
            if (room < LeastRead)
                return;
            long n = Sys.read(source.Fd, Memory.Read, (ulong)(room < Memory.ReadBytes ? room : Memory.ReadBytes));
            if (n == -EAGAIN)
            {
                Wake();
                return;
            }
            if (n <= 0)
            {
                OverOrHungUp(ref source);
                return;
            }
            Wake();
            s_moved = true;
            Take(source.Stream, (int)n);
            Clients.Send(now);
            if (n < MuchRead)
                return;
        }
    }

    private static void Take(byte stream, int count)
    {
        Memory.Touched(count);
        TimeStamp.Now();
        LineSplitter.Feed(stream, Memory.Read, count);
        // Before the next read: what a killed pump has not written yet is lost.
        LogFile.Flush();
        Ring.Append(stream, Memory.Read, count);
    }

    // A terminal reports EIO when no process has it open. That is its end only together with the payload's: before, another
    // process may open it again. The level of that state cannot be polled without spinning, so its change is.
    private static void OverOrHungUp(ref Source source)
    {
        if (!s_terminal || Loop.Ending || Supervisor.IsLost)
        {
            End(ref source);
            return;
        }
        epoll_event change = default;
        if (s_hungUp)
        {
            // The event that led here is taken, so that the next one is seen.
            Sys.epoll_pwait(s_edge, &change, 1, 0, null);
            return;
        }
        s_edge = Sys.epoll_create1(EPOLL_CLOEXEC);
        change.events = EPOLLIN | EPOLLET;
        if (s_edge < 0 || Sys.epoll_ctl(s_edge, EPOLL_CTL_ADD, source.Fd, &change) != 0)
        {
            End(ref source);
            return;
        }
        s_hungUp = true;
        Sys.epoll_pwait(s_edge, &change, 1, 0, null);
    }

    private static void Wake()
    {
        if (!s_hungUp)
            return;
        Sys.close(s_edge);
        s_hungUp = false;
    }

    private static void End(ref Source source)
    {
        if (!source.Open)
            return;
        Wake();
        // The terminal is one descriptor for both directions.
        if (s_terminal)
            Stdin.Forget();
        source.Open = false;
        Sys.close(source.Fd);
        TimeStamp.Now();
        LineSplitter.End(source.Stream);
        LogFile.Flush();
    }
}
