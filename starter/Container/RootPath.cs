using Engine.Shared.Wire;
using Engine.Starter.Server;

namespace Engine.Starter.Container;

/// <summary>
/// Paths of the container. Every lookup is one openat2 below the root mount, with RESOLVE_IN_ROOT and RESOLVE_NO_MAGICLINKS, to an
/// O_PATH descriptor; nothing is looked up twice, and what is missing is made one component at a time below a descriptor. A
/// container that shares the tree may rename what it likes meanwhile: it moves the result inside the root, never out of it.
/// </summary>
internal static unsafe class RootPath
{
    /// <summary>Permissions of directories that are made because something below them is wanted.</summary>
    public const uint DirectoryMode = 0x1ed; // 0755

    private const uint FileMode = 0x1a4; // 0644

    private struct PathBuffer
    {
        public fixed byte Bytes[PATH_MAX];
    }

    private static PathBuffer s_path;
    // Counted from one, so that the zero of a new process means none: an initial value would move the buffers into the program's file.
    private static int s_rootPlusOne;

    /// <summary>The root mount's O_PATH descriptor, -1 before AttachRoot. Owned by this class.</summary>
    public static int Root => s_rootPlusOne - 1;

    /// <summary>Takes over a root descriptor; the old one is closed.</summary>
    public static void SetRoot(int fd)
    {
        if (Root >= 0)
            Sys.close(Root);
        s_rootPlusOne = fd + 1;
    }

    /// <summary>Paths are below this process's own root from now on, which is the container's once it was entered or joined.</summary>
    public static bool UseOwnRoot()
    {
        Text slash = new Text(CString.Of("/"u8), 1);
        int fd = Sys.openat(AT_FDCWD, slash.At, O_PATH | O_DIRECTORY | O_CLOEXEC, 0);
        if (fd < 0)
            return Failure.Call("openat"u8, slash, fd);
        SetRoot(fd);
        return true;
    }

    /// <summary>
    /// The existing object at <paramref name="path"/>: an O_PATH descriptor, or -errno without a <see cref="Failure"/>. Symlinks are
    /// followed inside the root, the last one too. <paramref name="resolve"/>: more RESOLVE_* flags.
    /// </summary>
    public static int TryFind(Text path, int flags = 0, ulong resolve = 0) => Lookup(path.At, flags, resolve);

    /// <summary>As <see cref="TryFind"/>, with a <see cref="Failure"/>; -1 when there is none.</summary>
    public static int Find(Text path, int flags = 0, ulong resolve = 0)
    {
        int fd = Lookup(path.At, flags, resolve);
        return fd >= 0 ? fd : Fail("openat2"u8, path, fd);
    }

    /// <summary>
    /// The directory at <paramref name="path"/>, made with its parents when missing (the last one with <paramref name="mode"/>); -1 for a
    /// failure.
    /// </summary>
    public static int Directory(Text path, uint mode = DirectoryMode, ulong resolve = 0)
    {
        int fd = Lookup(path.At, O_DIRECTORY, resolve);
        if (fd >= 0)
            return fd;
        return fd == -ENOENT ? Make(path, mode, resolve) : Fail("openat2"u8, path, fd);
    }

    /// <summary>The object at <paramref name="path"/>; an empty regular file is made when there is none. -1 for a failure.</summary>
    public static int File(Text path)
    {
        int fd = Lookup(path.At, 0, 0);
        if (fd >= 0)
            return fd;
        if (fd != -ENOENT)
            return Fail("openat2"u8, path, fd);

        int parent = Parent(path, out byte* leaf);
        if (parent < 0)
            return -1;
        // mknodat, because O_CREAT would open whatever somebody put there.
        int result = Sys.mknodat(parent, leaf, S_IFREG | FileMode, 0);
        fd = result < 0 && result != -EEXIST ? Fail("mknodat"u8, path, result) : Leaf(parent, leaf, path);
        Sys.close(parent);
        return fd;
    }

    /// <summary>
    /// The directory that holds <paramref name="path"/>'s last component, made when missing; -1 for a failure. <paramref name="leaf"/> is
    /// that component, zero-terminated, valid until the next call here.
    /// </summary>
    public static int Parent(Text path, out byte* leaf)
    {
        leaf = null;
        int end = Copy(path);
        if (end < 0)
            return -1;
        int start = LastComponent(end);
        leaf = Bytes + start;
        if (*leaf == 0 || IsDots(leaf))
            return Refuse(path, "the path ends in no name"u8);

        // The last slash before the leaf becomes the end of the parent's path; a leaf without one is in the root itself.
        Text parent = new Text(Bytes, start - 1);
        if (start <= 1)
            parent = new Text(CString.Of("/"u8), 1);
        else
            Bytes[start - 1] = 0;
        int fd = Lookup(parent.At, O_DIRECTORY, 0);
        if (fd >= 0)
            return fd;
        return fd == -ENOENT ? MakeBelow(parent, DirectoryMode, 0) : Fail("openat2"u8, path, fd);
    }

    /// <summary>
    /// The object with the name <paramref name="leaf"/> in <paramref name="parent"/>, which must not be a symlink; -1 for a failure.
    /// </summary>
    public static int Leaf(int parent, byte* leaf, Text path)
    {
        int fd = Sys.openat2(parent, leaf, O_PATH | O_NOFOLLOW | O_CLOEXEC, 0, Strict);
        if (fd < 0)
            return Fail("openat2"u8, path, fd);
        // With O_PATH and O_NOFOLLOW a last symlink is not an error but the answer.
        if (TypeOf(fd) != S_IFLNK)
            return fd;
        Sys.close(fd);
        return Refuse(path, "a symlink is in the way"u8);
    }

    /// <summary>The S_IFMT bits of an open object; 0 when it cannot be asked.</summary>
    public static uint TypeOf(int fd)
    {
        stat status;
        return Sys.fstat(fd, &status) < 0 ? 0 : status.st_mode & S_IFMT;
    }

    private const ulong Strict = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;

    private static byte* Bytes
    {
        get
        {
            fixed (byte* bytes = s_path.Bytes)
                return bytes;
        }
    }

    private static int Lookup(byte* path, int flags, ulong resolve) =>
        Sys.openat2(Root, path, flags | O_PATH | O_CLOEXEC, 0, resolve | RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS);

    private static int Make(Text path, uint mode, ulong resolve)
    {
        int end = Copy(path);
        return end < 0 ? -1 : MakeBelow(new Text(Bytes, end), mode, resolve);
    }

    // `path` lies in s_path and is cut in place. Its longest existing part is looked up as a whole; the rest is made.
    private static int MakeBelow(Text path, uint mode, ulong resolve)
    {
        byte* bytes = path.At;
        int length = path.Length, cut = length;
        int fd;
        do
        {
            cut = StartOfLast(bytes, cut);
            byte kept = bytes[cut];
            bytes[cut] = 0;
            fd = Lookup(cut == 0 ? CString.Of("/"u8) : bytes, O_DIRECTORY, resolve);
            bytes[cut] = kept;
        }
        while (fd == -ENOENT && cut > 0);

        if (fd < 0)
            return Fail("openat2"u8, path, fd);

        int at = cut;
        while (fd >= 0 && at < length)
        {
            while (at < length && bytes[at] == '/')
                at++;
            int end = at;
            while (end < length && bytes[end] != '/')
                end++;
            if (end == at)
                break;
            byte kept = bytes[end];
            bytes[end] = 0;
            fd = MakeOne(fd, bytes + at, OnlySlashes(bytes, end + 1, length) ? mode : DirectoryMode, path);
            bytes[end] = kept;
            at = end;
        }

        return fd;
    }

    // Takes `parent` over.
    private static int MakeOne(int parent, byte* name, uint mode, Text path)
    {
        if (name[0] == '.' && name[1] == 0)
            return parent;
        int fd = IsDots(name) ? Refuse(path, ".. behind a directory that does not exist"u8) : MakeDirectory(parent, name, mode, path);
        Sys.close(parent);
        return fd;
    }

    // Somebody else's directory of that name is as good as ours; anything else is not.
    private static int MakeDirectory(int parent, byte* name, uint mode, Text path)
    {
        int fd = Sys.mkdirat(parent, name, mode);
        if (fd < 0 && fd != -EEXIST)
            return Fail("mkdirat"u8, path, fd);
        fd = Sys.openat2(parent, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC, 0, Strict | RESOLVE_NO_XDEV);
        if (fd >= 0)
            return fd;
        Fail("openat2"u8, path, fd);
        Failure.Explain("a symlink that leads nowhere, or no directory, is in the way"u8);
        return -1;
    }

    private static int Copy(Text path)
    {
        if (path.Length == 0 || path.Length >= PATH_MAX)
            return Fail("openat2"u8, path, path.Length == 0 ? -ENOENT : -ENAMETOOLONG);
        for (int i = 0; i <= path.Length; i++)
            Bytes[i] = path.At[i];
        return path.Length;
    }

    // Removes closing slashes and answers where the last component begins.
    private static int LastComponent(int end)
    {
        while (end > 0 && Bytes[end - 1] == '/')
            end--;
        Bytes[end] = 0;
        int start = end;
        while (start > 0 && Bytes[start - 1] != '/')
            start--;
        return start;
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

    private static bool OnlySlashes(byte* bytes, int from, int to)
    {
        for (int i = from; i < to; i++)
            if (bytes[i] != '/')
                return false;
        return true;
    }

    private static bool IsDots(byte* name) => name[0] == '.' && (name[1] == 0 || (name[1] == '.' && name[2] == 0));

    private static int Fail(ReadOnlySpan<byte> call, Text path, int result)
    {
        Failure.Call(call, path, result);
        return -1;
    }

    private static int Refuse(Text path, ReadOnlySpan<byte> reason)
    {
        Failure.Refuse("path"u8, path, reason);
        return -1;
    }
}
