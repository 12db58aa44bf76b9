namespace Engine.Starter.Pump;

/// <summary>
/// The one loop. Its phases: running; <see cref="Ending"/>, when the payload is over and its pipes are drained; and
/// <see cref="Closing"/>, when the clients get what is left. Each of the later two has an end of its own.
/// </summary>
internal static unsafe class Loop
{
    private const long Second = 1_000_000_000;

    // After the payload's end somebody else may hold its pipes: this much silence, and at most this much altogether.
    private const long Silence = Second;
    private const long LongestDrain = 5 * Second;

    // A client that does not read cannot hold the end for longer.
    private const long LongestClose = 2 * Second;

    private const int SupervisorEntry = 0, StdinEntry = 1, OutputEntries = 2, ListenerEntry = 4, ClientEntries = 5;
    private const int Entries = ClientEntries + Clients.Max;

    private static long s_silentUntil;
    private static long s_drainUntil;
    private static long s_closeUntil;

    /// <summary>The payload is over.</summary>
    public static bool Ending { get; private set; }

    /// <summary>No more output comes.</summary>
    public static bool Closing { get; private set; }

    /// <summary>Runs until the payload is over and everybody has what they can get.</summary>
    public static void Run()
    {
        pollfd* entries = stackalloc pollfd[Entries];
        long now = Sys.MonotonicNanoseconds();
        while (!Advance(now))
        {
            Supervisor.Poll(entries + SupervisorEntry);
            Stdin.Poll(entries + StdinEntry);
            Stdio.Poll(entries + OutputEntries);
            entries[ListenerEntry].fd = Clients.Listener;
            entries[ListenerEntry].events = POLLIN;
            entries[ListenerEntry].revents = 0;
            Clients.Poll(entries + ClientEntries);

            Wait(entries, Deadline(now), now);
            now = Sys.MonotonicNanoseconds();

            Supervisor.Handle(entries + SupervisorEntry);
            Stdio.Handle(entries + OutputEntries, now);
            Clients.Handle(entries + ClientEntries, now);
            if (entries[ListenerEntry].revents != 0)
                Clients.Accept(now);
            Stdin.Handle(entries + StdinEntry);
            Stdin.Write();
            Clients.Send(now);
            Timers(now);
        }
    }

    /// <summary>The earlier of two moments; 0 is none.</summary>
    public static long Earlier(long a, long b) => a == 0 ? b : b == 0 || a < b ? a : b;

    private static long Deadline(long now)
    {
        LogFile.Arm(now);
        long first = Earlier(Clients.Deadline(), LogFile.RetryAt);
        first = Earlier(first, Memory.TrimAt(now));
        if (Closing)
            return Earlier(first, s_closeUntil);
        return Ending ? Earlier(first, Earlier(s_silentUntil, s_drainUntil)) : first;
    }

    private static void Wait(pollfd* entries, long deadline, long now)
    {
        timespec time;
        long left = deadline > now ? deadline - now : 0;
        time.tv_sec = left / Second;
        time.tv_nsec = left % Second;
        Sys.ppoll(entries, Entries, deadline == 0 ? null : &time, null);
    }

    private static void Timers(long now)
    {
        if (LogFile.RetryAt != 0 && now >= LogFile.RetryAt)
            LogFile.Retry(now);
        long trim = Memory.TrimAt(now);
        if (trim != 0 && now >= trim)
            Memory.Trim();
    }

    // Moves through the phases; true at the end of the last.
    private static bool Advance(long now)
    {
        if (Supervisor.HasExited && !Ending)
        {
            Ending = true;
            Stdin.Forget();
            s_drainUntil = now + LongestDrain;
            s_silentUntil = now + Silence;
        }
        if (Ending || Supervisor.IsLost)
            Stdio.EndHungUp(now);
        if (Ending && Stdio.TakeMoved())
            s_silentUntil = now + Silence;

        bool drained = Ending && (now >= s_silentUntil || now >= s_drainUntil);
        bool over = Stdio.Ended && (Ending || Supervisor.IsLost);
        if (!Closing && (drained || over))
        {
            Closing = true;
            Stdio.Finish();
            LogFile.Retry(0);
            s_closeUntil = now + LongestClose;
            // Whoever connected just before the end still gets the replay and the exit code.
            Clients.Accept(now);
            Clients.Send(now);
        }
        return Closing && (!Clients.Any() || now >= s_closeUntil);
    }
}
