using Engine.Shared.Wire;
using Engine.Starter.Server;

namespace Engine.Starter.Container;

/// <summary>
/// Makes what is missing of a path below the root, one component at a time below a descriptor of the one before. A symlink that leads
/// nowhere is followed by hand, as far as its text says and inside the root: images have an /etc/resolv.conf that leads to /run.
/// </summary>
internal static unsafe class MissingPath
{
    private const uint FileMode = 0x1a4; // 0644

    // The kernel's own limit for one lookup (MAXSYMLINKS).
    private const int MostLinks = 40;

    // Results of a step beside descriptors.
    private const int Failed = -1, Redirected = -2;

    private struct Buffers
    {
        public fixed byte Path[PATH_MAX];
        public fixed byte Next[PATH_MAX];
        public fixed byte Link[PATH_MAX];
    }

    private static Buffers s_buffers;

    /// <summary>A directory, the last component with <paramref name="mode"/>; O_PATH, or -1 with a failure.</summary>
    public static int Directory(Text path, uint mode, ulong resolve) => Make(path, mode, false, resolve);

    /// <summary>An empty regular file; O_PATH, or -1 with a failure.</summary>
    public static int File(Text path) => Make(path, FileMode, true, 0);

    private static int Make(Text path, uint mode, bool file, ulong resolve)
    {
        if (path.Length == 0 || path.Length >= PATH_MAX)
            return Fail("openat2"u8, path, path.Length == 0 ? -ENOENT : -ENAMETOOLONG);
        fixed (byte* at = s_buffers.Path)
        {
            Copy(at, path.At, path.Length);
            for (int links = 0; links < MostLinks; links++)
            {
                int fd = Walk(at, mode, file, resolve, path);
                if (fd != Redirected)
                    return fd;
                fd = RootPath.TryFind(new Text(at, CString.Length(at)), file ? 0 : O_DIRECTORY, resolve);
                if (fd >= 0)
                    return fd;
                if (fd != -ENOENT)
                    return Fail("openat2"u8, path, fd);
            }
        }

        return Fail("openat2"u8, path, -ELOOP);
    }

    // The longest existing part is looked up as a whole; the rest is made. `at` is cut in place and mended; `shown` is for errors.
    private static int Walk(byte* at, uint mode, bool file, ulong resolve, Text shown)
    {
        int length = CString.Length(at), cut = length;
        int fd;
        do
        {
            cut = StartOfLast(at, cut);
            byte kept = at[cut];
            at[cut] = 0;
            byte* part = cut == 0 ? CString.Of("/"u8) : at;
            fd = RootPath.TryFind(new Text(part, CString.Length(part)), O_DIRECTORY, resolve);
            at[cut] = kept;
        }
        while (fd == -ENOENT && cut > 0);

        if (fd < 0)
            return Fail("openat2"u8, shown, fd);

        int begin = cut;
        while (fd >= 0)
        {
            while (at[begin] == '/')
                begin++;
            if (at[begin] == 0)
                break;
            int end = begin;
            while (at[end] != 0 && at[end] != '/')
                end++;

            int rest = end;
            while (at[rest] == '/')
                rest++;
            bool last = at[rest] == 0;
            byte kept = at[end];
            at[end] = 0;
            int next = MakeOne(fd, at + begin, last ? mode : RootPath.DirectoryMode, last && file, shown);
            if (next == Redirected)
                next = resolve == 0 ? Redirect(fd, at, begin, rest, shown) : Fail("openat2"u8, shown, -ELOOP);
            else
                at[end] = kept;
            Sys.close(fd);
            fd = next;
            begin = end;
        }

        return fd;
    }

    // Somebody else's object of that name is as good as ours if it is of the right kind. `parent` stays the caller's.
    private static int MakeOne(int parent, byte* name, uint mode, bool file, Text shown)
    {
        if (RootPath.IsDots(name))
            return Refuse(shown, ". or .. behind a directory that does not exist"u8);

        // mknodat, because O_CREAT would open whatever somebody put there.
        int result = file ? Sys.mknodat(parent, name, S_IFREG | mode, 0) : Sys.mkdirat(parent, name, mode);
        if (result < 0 && result != -EEXIST)
            return Fail(file ? "mknodat"u8 : "mkdirat"u8, shown, result);

        int fd = Sys.openat2(parent, name, O_PATH | O_NOFOLLOW | O_CLOEXEC, 0, RootPath.Strict);
        if (fd < 0)
            return Fail("openat2"u8, shown, fd);
        uint type = RootPath.TypeOf(fd);
        if (type == S_IFDIR || (file && type != S_IFLNK))
            return fd;
        Sys.close(fd);
        return type == S_IFLNK ? Redirected : Fail("openat2"u8, shown, -ENOTDIR);
    }

    // The path so far is PREFIX/NAME/REST, NAME a symlink to TEXT: it becomes TEXT/REST, or PREFIX/TEXT/REST for a relative one.
    private static int Redirect(int parent, byte* at, int begin, int rest, Text shown)
    {
        fixed (byte* link = s_buffers.Link, buffer = s_buffers.Next)
        {
            long length = Sys.readlinkat(parent, at + begin, link, PATH_MAX);
            if (length < 0)
                return Fail("readlinkat"u8, shown, (int)length);

            TextBuilder next = new TextBuilder(buffer, PATH_MAX);
            if (length > 0 && link[0] != '/')
                next.Append(new ReadOnlySpan<byte>(at, begin));
            next.Append(new ReadOnlySpan<byte>(link, (int)length));
            if (at[rest] != 0)
            {
                next.Append((byte)'/');
                next.Append(at + rest);
            }

            if (next.Overflowed)
                return Fail("openat2"u8, shown, -ENAMETOOLONG);
            Copy(at, next.Text, next.Length);
            return Redirected;
        }
    }

    private static void Copy(byte* to, byte* from, int length)
    {
        for (int i = 0; i < length; i++)
            to[i] = from[i];
        to[length] = 0;
    }

    // Where the text ends when its last component and the slashes before it are taken away.
    private static int StartOfLast(byte* bytes, int end)
    {
        while (end > 0 && bytes[end - 1] == '/')
            end--;
        while (end > 0 && bytes[end - 1] != '/')
            end--;
        while (end > 0 && bytes[end - 1] == '/')
            end--;
        return end;
    }

    private static int Fail(ReadOnlySpan<byte> call, Text path, int result)
    {
        Failure.Call(call, path, result);
        return Failed;
    }

    private static int Refuse(Text path, ReadOnlySpan<byte> reason)
    {
        Failure.Refuse("path"u8, path, reason);
        return Failed;
    }
}
