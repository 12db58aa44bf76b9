namespace Engine.Starter.Pump;

/// <summary>
/// The payload's stdin: the input of all clients in the order of its arrival, in a bounded queue. While that is full, clients
/// are not read; nobody else waits.
/// </summary>
internal static unsafe class Stdin
{
    // Always left free: for each client the beginning of a magic that turns out to be input; and a terminal's end.
    private const int Reserve = Clients.Max * 8 + 2;

    private static int s_fd;
    private static bool s_open;
    private static bool s_terminal;

    // Queue in Memory.Stdin.
    private static int s_from;
    private static int s_to;

    private static bool s_ending;
    private static bool s_midLine;

    /// <summary>Bytes that <see cref="Add"/> takes. Input that nobody will read is taken, too, and forgotten.</summary>
    public static int Room
    {
        get
        {
            int room = Memory.StdinBytes - Reserve - (s_open && !s_ending ? s_to - s_from : 0);
            return room > 0 ? room : 0;
        }
    }

    /// <summary>Takes over the write end of a pipe, or the terminal's master side (which <see cref="Stdio"/> owns), or nothing (-1).</summary>
    public static void Setup(int fd, bool terminal)
    {
        s_fd = fd;
        s_open = fd >= 0;
        s_terminal = terminal;
        if (s_open)
            Stdio.MakeNonblocking(fd);
    }

    /// <summary>Adds at most <see cref="Room"/> bytes, or the few for which there is a reserve.</summary>
    public static void Add(byte* at, int count)
    {
        if (!s_open || s_ending || count == 0 || count > Memory.StdinBytes - (s_to - s_from))
            return;
        if (count > Memory.StdinBytes - s_to)
        {
            Bytes.Copy(Memory.Stdin, Memory.Stdin + s_from, s_to - s_from);
            s_to -= s_from;
            s_from = 0;
        }
        Bytes.Copy(Memory.Stdin + s_to, at, count);
        s_to += count;
        byte last = at[count - 1];
        s_midLine = last != '\n' && last != '\r';
    }

    /// <summary>
    /// A client's input is over. A pipe is closed once it has everything. A terminal in canonical mode gets its end-of-file
    /// character, twice when a line was begun, because the first only ends that line; in another mode nothing means end.
    /// </summary>
    public static void End()
    {
        if (!s_open || s_ending)
            return;
        if (!s_terminal)
        {
            s_ending = true;
            CloseIfDone();
            return;
        }
        termios settings = default;
        if (Sys.ioctl(s_fd, TCGETS, &settings) != 0 || (settings.c_lflag & ICANON) == 0)
            return;
        byte* end = stackalloc byte[2];
        end[0] = end[1] = settings.c_cc[VEOF];
        Add(end, s_midLine ? 2 : 1);
        s_midLine = false;
    }

    /// <summary>What the poll loop asks for; an error also reports that the payload has closed its end.</summary>
    public static void Poll(pollfd* entry)
    {
        bool waits = s_to > s_from;
        // A hung-up terminal would report that without end; its other entry takes care of it.
        entry->fd = s_open && (waits || !s_terminal) ? s_fd : -1;
        entry->events = (short)(waits ? POLLOUT : 0);
        entry->revents = 0;
    }

    /// <summary>Acts on what poll found.</summary>
    public static void Handle(pollfd* entry)
    {
        if (entry->revents == 0 || !s_open || entry->fd != s_fd)
            return;
        if ((entry->revents & POLLERR) != 0 && !s_terminal)
            Close();
        else
            Write();
    }

    /// <summary>Writes what the payload takes.</summary>
    public static void Write()
    {
        while (s_open && s_to > s_from)
        {
            long n = Sys.write(s_fd, Memory.Stdin + s_from, (ulong)(s_to - s_from));
            if (n == -EAGAIN || n == 0)
                return;
            if (n < 0)
            {
                // Nobody has the terminal open at this moment: input goes nowhere. A pipe without a reader is over.
                s_from = s_to = 0;
                if (!s_terminal)
                    Close();
                return;
            }
            s_from += (int)n;
            if (s_from == s_to)
                s_from = s_to = 0;
        }
        CloseIfDone();
    }

    /// <summary>The payload has ended: what is queued has no reader.</summary>
    public static void Forget()
    {
        s_from = s_to = 0;
        if (s_terminal)
            s_open = false;
        else if (s_open)
            Close();
    }

    /// <summary>Gives back the pages of an empty queue.</summary>
    public static void Trim()
    {
        if (s_from == s_to)
            Bytes.Release(Memory.Stdin, Memory.StdinBytes);
    }

    private static void CloseIfDone()
    {
        if (s_open && s_ending && s_from == s_to)
            Close();
    }

    private static void Close()
    {
        Sys.close(s_fd);
        s_open = false;
        s_from = s_to = 0;
        Supervisor.ReportStdinClosed();
    }
}
