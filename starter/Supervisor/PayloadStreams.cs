using Engine.Starter.Server;

namespace Engine.Starter.Supervisor;

/// <summary>
/// The supervisor's ends of the payload's stdio. They stay open as long as the container, so that a pump that is killed can be
/// replaced without the payload seeing an end of file or a broken pipe.
/// </summary>
internal static unsafe class PayloadStreams
{
    private static int s_childStdin, s_childStdout, s_childStderr;

    /// <summary>Write end of stdin; -1 with a terminal, and once it was closed for good.</summary>
    public static int Stdin;

    /// <summary>Read end of stdout; -1 with a terminal.</summary>
    public static int Stdout;

    /// <summary>Read end of stderr; -1 with a terminal.</summary>
    public static int Stderr;

    /// <summary>The terminal's master side; -1 without one.</summary>
    public static int Console;

    /// <summary>Before anything else.</summary>
    public static void Reset()
    {
        Stdin = Stdout = Stderr = Console = -1;
        s_childStdin = s_childStdout = s_childStderr = -1;
    }

    /// <summary>Unmonitored: this process's own stdio, which is the caller's, will be the payload's.</summary>
    public static bool Keep() => Duplicate(0, out s_childStdin) && Duplicate(1, out s_childStdout) && Duplicate(2, out s_childStderr);

    /// <summary>Makes the three pipes, unless the caller's stdio was kept. With a terminal nothing: the console comes from the container stage.</summary>
    public static bool Make(bool terminal)
    {
        if (terminal)
        {
            CloseChildEnds();
            return true;
        }

        return s_childStdin >= 0 || (Pipe(out s_childStdin, out Stdin) && Pipe(out Stdout, out s_childStdout) && Pipe(out Stderr, out s_childStderr));
    }

    /// <summary>The payload's ends in the order of the container stage's descriptors; for the child.</summary>
    public static void ChildEnds(int* to)
    {
        to[0] = s_childStdin;
        to[1] = s_childStdout;
        to[2] = s_childStderr;
    }

    /// <summary>Closes the payload's ends, which are the child's now.</summary>
    public static void CloseChildEnds()
    {
        Close(ref s_childStdin);
        Close(ref s_childStdout);
        Close(ref s_childStderr);
    }

    /// <summary>The payload is to see the end of its stdin.</summary>
    public static void CloseStdin() => Close(ref Stdin);

    private static bool Duplicate(int fd, out int copy)
    {
        copy = Sys.fcntl(fd, F_DUPFD_CLOEXEC, 3);
        return copy >= 0 || Failure.Call("fcntl"u8, copy);
    }

    private static bool Pipe(out int read, out int write)
    {
        int* ends = stackalloc int[2];
        int result = Sys.pipe2(ends, O_CLOEXEC);
        read = result < 0 ? -1 : ends[0];
        write = result < 0 ? -1 : ends[1];
        return result >= 0 || Failure.Call("pipe2"u8, result);
    }

    private static void Close(ref int fd)
    {
        if (fd >= 0)
            Sys.close(fd);
        fd = -1;
    }
}
