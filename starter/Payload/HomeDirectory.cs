using Engine.Shared.Wire;
using Engine.Starter.Container;
using Engine.Starter.Server;

namespace Engine.Starter.Payload;

/// <summary>
/// HOME, when the plan's environment has none: the home directory of the uid in the container's /etc/passwd, or "/". The file is the
/// image's: it is opened only once it is known to be a regular file, read up to a limit, and only numbers are compared (CVE-2016-3697).
/// </summary>
internal static unsafe class HomeDirectory
{
    // Enough for some ten thousand accounts; the file of a hostile image may be endless.
    private const int MostBytes = 1024 * 1024;
    private const int Chunk = 4096;
    private const int IdField = 2, HomeField = 5;

    /// <summary>Adds HOME to the environment when it is missing. Not finding an entry is no failure.</summary>
    public static void Complete()
    {
        if (PayloadPlan.Variable("HOME"u8) != null)
            return;
        byte* home = stackalloc byte[PATH_MAX];
        int length = 0;
        int fd = OpenPasswd();
        if (fd >= 0)
        {
            length = Search(fd, PayloadPlan.Plan.Uid, home);
            Sys.close(fd);
        }

        PayloadPlan.AddHome(length > 0 ? new ReadOnlySpan<byte>(home, length) : "/"u8);
    }

    // Looked at through O_PATH first, because opening a device or a FIFO may do or wait for anything; then opened, and compared, because
    // the name may mean something else by now.
    private static int OpenPasswd()
    {
        Text path = new Text(CString.Of("/etc/passwd"u8), 11);
        int seen = RootPath.TryFind(path);
        if (seen < 0)
            return -1;

        stat before, after;
        bool regular = Sys.fstat(seen, &before) >= 0 && (before.st_mode & S_IFMT) == S_IFREG;
        Sys.close(seen);
        if (!regular)
            return -1;

        int fd = Sys.openat2(
            RootPath.Root, path.At, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0, RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS);
        if (fd < 0)
            return -1;
        if (Sys.fstat(fd, &after) >= 0 && after.st_dev == before.st_dev && after.st_ino == before.st_ino)
            return fd;
        Sys.close(fd);
        return -1;
    }

    /// <summary>Length of the home directory of <paramref name="uid"/> in the open passwd file, written to <paramref name="home"/> (PATH_MAX bytes); 0 for none.</summary>
    internal static int Search(int fd, uint uid, byte* home)
    {
        byte* buffer = stackalloc byte[Chunk];
        PasswdLine line = new PasswdLine(uid, home);
        for (int total = 0; total < MostBytes; total += Chunk)
        {
            long got = Sys.ReadAll(fd, buffer, Chunk);
            for (long i = 0; i < got; i++)
                if (line.Feed(buffer[i]))
                    return line.HomeLength;
            if (got < Chunk)
                return line.Feed((byte)'\n') ? line.HomeLength : 0;
        }

        return 0;
    }

    // name:password:uid:gid:comment:home:shell, one byte at a time, so that a line of any length needs no buffer.
    private struct PasswdLine
    {
        private readonly uint _uid;
        private readonly byte* _home;
        private int _field;
        private ulong _number;
        private bool _numeric, _seen;

        public int HomeLength;

        public PasswdLine(uint uid, byte* home)
        {
            this = default;
            _uid = uid;
            _home = home;
            _numeric = true;
        }

        /// <summary>True at the end of the line of our uid with a home directory.</summary>
        public bool Feed(byte c)
        {
            if (c == '\n')
            {
                bool found = _field >= HomeField && _numeric && _seen && _number == _uid && HomeLength > 0 && HomeLength < PATH_MAX && _home[0] == (byte)'/';
                if (!found)
                    this = new PasswdLine(_uid, _home);
                return found;
            }

            if (c == ':')
                _field++;
            else if (_field == IdField)
                Digit(c);
            else if (_field == HomeField)
                Keep(c);
            return false;
        }

        private void Digit(byte c)
        {
            _seen = true;
            _numeric &= c >= '0' && c <= '9' && _number <= uint.MaxValue;
            if (_numeric)
                _number = _number * 10 + c - '0';
        }

        // A home directory that is too long, or holds a NUL, is none; one that is not absolute (above) neither.
        private void Keep(byte c)
        {
            if (HomeLength >= PATH_MAX)
                return;
            if (c == 0)
                HomeLength = PATH_MAX;
            else
                _home[HomeLength++] = c;
        }
    }
}
