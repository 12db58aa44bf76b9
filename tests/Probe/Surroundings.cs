namespace Engine.Starter;

/// <summary>What the process finds around it.</summary>
internal static unsafe class Surroundings
{
    private const int MaxDescriptors = 1024;

    /// <summary>Open descriptors, by asking for each; with what they point to where /proc is mounted.</summary>
    public static void Descriptors()
    {
        byte* path = stackalloc byte[64];
        byte* target = stackalloc byte[4096];
        byte* buffer = stackalloc byte[4200];
        for (int fd = 0; fd < MaxDescriptors; fd++)
        {
            if (Sys.fcntl(fd, F_GETFD, 0) < 0)
                continue;
            TextBuilder name = new TextBuilder(path, 64);
            name.Append("/proc/self/fd/"u8);
            name.AppendDecimal(fd);
            long length = Sys.readlinkat(AT_FDCWD, name.Text, target, 4096);
            TextBuilder text = new TextBuilder(buffer, 4200);
            text.AppendDecimal(fd);
            text.Append((byte)' ');
            text.Append(new ReadOnlySpan<byte>(target, length > 0 ? (int)length : 0));
            Out.Line("fd"u8, text.Span);
        }
    }

    /// <summary>The process's namespaces, as the links of /proc/self/ns have them.</summary>
    public static void Namespaces()
    {
        Target("cgroup"u8, CString.Of("/proc/self/ns/cgroup"u8));
        Target("ipc"u8, CString.Of("/proc/self/ns/ipc"u8));
        Target("mnt"u8, CString.Of("/proc/self/ns/mnt"u8));
        Target("net"u8, CString.Of("/proc/self/ns/net"u8));
        Target("pid"u8, CString.Of("/proc/self/ns/pid"u8));
        Target("time"u8, CString.Of("/proc/self/ns/time"u8));
        Target("user"u8, CString.Of("/proc/self/ns/user"u8));
        Target("uts"u8, CString.Of("/proc/self/ns/uts"u8));
    }

    /// <summary>Target of a symbolic link, or the error's name.</summary>
    public static void Link(byte* path) => Target("readlink"u8, path);

    private static void Target(ReadOnlySpan<byte> name, byte* path)
    {
        byte* target = stackalloc byte[4096];
        long length = Sys.readlinkat(AT_FDCWD, path, target, 4096);
        if (length < 0)
            Out.Result(name, length);
        else
            Out.Line(name, new ReadOnlySpan<byte>(target, (int)length));
    }

    public static void WorkingDirectory()
    {
        byte* path = stackalloc byte[4096];
        long length = Sys.getcwd(path, 4096);
        if (length < 0)
            Out.Result("cwd"u8, length);
        else
            Out.Line("cwd"u8, CString.Span(path));
    }

    /// <summary>Host and domain name.</summary>
    public static void Host()
    {
        new_utsname name = default;
        Sys.uname(&name);
        Out.Line("hostname"u8, CString.Span(name.nodename));
        Out.Line("domainname"u8, CString.Span(name.domainname));
    }

    /// <summary>Size of the terminal on standard input, or why there is none.</summary>
    public static void Terminal()
    {
        winsize size = default;
        int result = Sys.ioctl(0, TIOCGWINSZ, &size);
        if (result < 0)
        {
            Out.Result("tty"u8, result);
            return;
        }
        byte* buffer = stackalloc byte[32];
        TextBuilder text = new TextBuilder(buffer, 32);
        text.AppendDecimal((uint)size.ws_row);
        text.Append((byte)' ');
        text.AppendDecimal((uint)size.ws_col);
        Out.Line("tty"u8, text.Span);
    }

    /// <summary>A list of strings, one a line.</summary>
    public static void Strings(ReadOnlySpan<byte> name, byte** list, int count)
    {
        for (int i = 0; i < count && list[i] != null; i++)
            Out.Line(name, CString.Span(list[i]));
    }

    /// <summary>A file's content.</summary>
    public static void Show(byte* path)
    {
        int fd = Sys.openat(AT_FDCWD, path, O_RDONLY | O_CLOEXEC, 0);
        if (fd < 0)
        {
            Out.Result("open"u8, fd);
            return;
        }
        byte* buffer = stackalloc byte[8192];
        long length;
        while ((length = Sys.read(fd, buffer, 8192)) > 0)
            Sys.WriteAll(1, new ReadOnlySpan<byte>(buffer, (int)length));
        if (length < 0)
            Out.Result("read"u8, length);
        Sys.close(fd);
    }

    /// <summary>Mode in octal (with the type), owner, group, and the device's numbers. A symlink is not followed.</summary>
    public static void Stat(byte* path)
    {
        stat status = default;
        int result = Sys.newfstatat(AT_FDCWD, path, &status, AT_SYMLINK_NOFOLLOW);
        if (result < 0)
        {
            Out.Result("stat"u8, result);
            return;
        }
        byte* buffer = stackalloc byte[128];
        TextBuilder text = new TextBuilder(buffer, 128);
        text.AppendOctal(status.st_mode);
        text.Append((byte)' ');
        text.AppendDecimal(status.st_uid);
        text.Append((byte)' ');
        text.AppendDecimal(status.st_gid);
        text.Append((byte)' ');
        text.AppendDecimal((status.st_rdev >> 8) & 0xfff);
        text.Append((byte)':');
        text.AppendDecimal((status.st_rdev & 0xff) | ((status.st_rdev >> 12) & 0xfff00));
        Out.Line("stat"u8, text.Span);
    }
}
