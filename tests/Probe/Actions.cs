namespace Engine.Starter;

/// <summary>What the process can be told to do.</summary>
internal static unsafe class Actions
{
    /// <summary>Counts up, a line every 100 ms, for ever.</summary>
    public static void Counter()
    {
        for (long i = 0; ; i++)
        {
            Out.Line("count"u8, i);
            Pause(0, 100_000_000);
        }
    }

    /// <summary>Copies standard input to standard output until it ends.</summary>
    public static void Echo()
    {
        byte* buffer = stackalloc byte[4096];
        long length;
        while ((length = Sys.read(0, buffer, 4096)) > 0)
            Sys.WriteAll(1, new ReadOnlySpan<byte>(buffer, (int)length));
        Out.Line("echo"u8, "ended"u8);
    }

    /// <summary>Leaves a process behind that has lost its parent and ignores SIGTERM; prints its pid.</summary>
    public static void Orphan()
    {
        clone_args arguments = default;
        arguments.exit_signal = SIGCHLD;
        int child = Sys.clone3(&arguments);
        if (child == 0)
        {
            int orphan = Sys.clone3(&arguments);
            if (orphan == 0)
            {
                Ignore(SIGTERM);
                Sleep(ulong.MaxValue);
            }
            Out.Line("orphan"u8, orphan);
            Sys.exit_group(0);
        }
        int status;
        Sys.wait4(child, &status, 0, null);
    }

    /// <summary>Sleeps whole seconds, signals or not.</summary>
    public static void Sleep(ulong seconds)
    {
        for (ulong i = 0; i < seconds; i++)
            Pause(1, 0);
    }

    /// <summary>Writes that many bytes of letters, with a newline after each <paramref name="width"/> of them.</summary>
    public static void Spam(ulong bytes, ulong width)
    {
        const int chunk = 8192;
        byte* buffer = stackalloc byte[chunk];
        // Whole lines in a buffer are the same ones in the next: who measures a reader must not measure this loop.
        bool repeats = width < chunk && chunk % (width + 1) == 0;
        ulong column = 0;
        for (ulong done = 0; done < bytes;)
        {
            int length = bytes - done < chunk ? (int)(bytes - done) : chunk;
            for (int i = 0; i < length && (done == 0 || !repeats); i++)
            {
                bool end = column == width;
                buffer[i] = end ? (byte)'\n' : (byte)('a' + column % 26);
                column = end ? 0 : column + 1;
            }
            done += (ulong)length;
            if (Sys.WriteAll(1, new ReadOnlySpan<byte>(buffer, length)) < 0)
                Sys.exit_group(1);
        }
    }

    public static void Ignore(int signal)
    {
        kernel_sigaction action = default;
        action.sa_handler = SIG_IGN;
        Sys.rt_sigaction(signal, &action, null);
    }

    /// <summary>write PATH TEXT: opens an existing file for writing and writes the text into it.</summary>
    public static int Write(byte* path, byte* text)
    {
        int fd = Sys.openat(AT_FDCWD, path, O_WRONLY | O_CLOEXEC, 0);
        if (fd < 0)
        {
            Out.Result("write"u8, fd);
            return 2;
        }
        Out.Result("write"u8, Sys.write(fd, text, (ulong)CString.Length(text)));
        Sys.close(fd);
        return 2;
    }

    /// <summary>create PATH: makes a file that is not there yet; prints "ok" or the error's name.</summary>
    public static void Create(byte* path)
    {
        int fd = Sys.openat(AT_FDCWD, path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0x1b6);
        Out.Result("create"u8, fd);
        if (fd >= 0)
            Sys.close(fd);
    }

    /// <summary>
    /// type TEXT: as if somebody typed it on the terminal that is standard input, and on /dev/tty; takes the terminal first, if it can. Prints
    /// "ok" or the error's name for each of the three.
    /// </summary>
    public static void Type(byte* text)
    {
        Out.Result("take"u8, Sys.ioctl(0, TIOCSCTTY, 0L));
        Out.Result("type"u8, Push(0, text));
        int terminal = Sys.openat(AT_FDCWD, CString.Of("/dev/tty"u8), O_RDWR | O_NOCTTY | O_CLOEXEC, 0);
        Out.Result("tty"u8, terminal < 0 ? terminal : Push(terminal, text));
    }

    private static int Push(int terminal, byte* text)
    {
        byte newline = (byte)'\n';
        int result = 0;
        for (; *text != 0 && result >= 0; text++)
            result = Sys.ioctl(terminal, TIOCSTI, text);
        return result < 0 ? result : Sys.ioctl(terminal, TIOCSTI, &newline);
    }

    /// <summary>exec PATH ARGUMENT...: becomes another program; argv[0] is the path. Prints why it did not.</summary>
    public static int Exec(byte** words, byte** envp)
    {
        Out.Result("exec"u8, Sys.execveat(AT_FDCWD, words[0], words, envp, 0));
        Sys.exit_group(126);
        return -1;
    }

    /// <summary>syscall NUMBER A B C D E F: as many numbers as are given; prints "ok" or the error's name. Uses all words that are left.</summary>
    public static int TrySystemCall(byte** words, int count)
    {
        long* value = stackalloc long[7];
        for (int i = 0; i < 7; i++)
        {
            value[i] = 0;
            if (i < count && Number.TryParse(CString.Span(words[i]), out ulong number))
                value[i] = (long)number;
        }
        Out.Result("syscall"u8, Sys.Raw((int)value[0], value + 1));
        return count;
    }

    private static void Pause(long seconds, long nanoseconds)
    {
        timespec time = default;
        time.tv_sec = seconds;
        time.tv_nsec = nanoseconds;
        Sys.nanosleep(&time, null);
    }
}

internal static unsafe partial class Sys
{
    /// <summary>Any system call: only here, where trying what is forbidden is the point.</summary>
    public static long Raw(int number, long* arguments) =>
        Call(number, arguments[0], arguments[1], arguments[2], arguments[3], arguments[4], arguments[5]);
}
