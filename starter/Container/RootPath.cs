using Engine.Shared.Wire;
using Engine.Starter.Server;

namespace Engine.Starter.Container;

/// <summary>
/// Paths of the container. Every lookup is one openat2 below the root mount, with RESOLVE_IN_ROOT and RESOLVE_NO_MAGICLINKS, to an O_PATH
/// descriptor, and is never repeated: what is done is done to the descriptor. A container that shares the tree may rename what it likes
/// meanwhile: it moves the result inside the root, never out of it.
/// </summary>
internal static unsafe class RootPath
{
    /// <summary>Permissions of directories that are made because something below them is wanted.</summary>
    public const uint DirectoryMode = 0x1ed; // 0755

    /// <summary>For one name in an open directory. With O_PATH and O_NOFOLLOW a symlink is not an error then but the answer.</summary>
    public const ulong Strict = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;

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
    public static int TryFind(Text path, int flags = 0, ulong resolve = 0) =>
        Sys.openat2(Root, path.At, flags | O_PATH | O_CLOEXEC, 0, resolve | RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS);

    /// <summary>As <see cref="TryFind"/>, with a <see cref="Failure"/>; -1 when there is none.</summary>
    public static int Find(Text path, int flags = 0, ulong resolve = 0)
    {
        int fd = TryFind(path, flags, resolve);
        return fd >= 0 ? fd : Fail("openat2"u8, path, fd);
    }

    /// <summary>
    /// The directory at <paramref name="path"/>, made with its parents when missing (the last one with <paramref name="mode"/>); -1 for a
    /// failure.
    /// </summary>
    public static int Directory(Text path, uint mode = DirectoryMode, ulong resolve = 0)
    {
        int fd = TryFind(path, O_DIRECTORY, resolve);
        if (fd >= 0)
            return fd;
        return fd == -ENOENT ? MissingPath.Directory(path, mode, resolve) : Fail("openat2"u8, path, fd);
    }

    /// <summary>The object at <paramref name="path"/>; an empty regular file is made when there is none. -1 for a failure.</summary>
    public static int File(Text path)
    {
        int fd = TryFind(path);
        if (fd >= 0)
            return fd;
        return fd == -ENOENT ? MissingPath.File(path) : Fail("openat2"u8, path, fd);
    }

    /// <summary>
    /// The directory that holds <paramref name="path"/>'s last component, made when missing; -1 for a failure. <paramref name="leaf"/> is
    /// that component, zero-terminated, valid until the next call here.
    /// </summary>
    public static int Parent(Text path, out byte* leaf)
    {
        leaf = null;
        if (path.Length == 0 || path.Length >= PATH_MAX)
            return Fail("openat2"u8, path, path.Length == 0 ? -ENOENT : -ENAMETOOLONG);
        int end = path.Length;
        while (end > 0 && path.At[end - 1] == '/')
            end--;
        int start = end;
        while (start > 0 && path.At[start - 1] != '/')
            start--;

        fixed (byte* bytes = s_path.Bytes)
        {
            for (int i = 0; i < end; i++)
                bytes[i] = path.At[i];
            bytes[end] = 0;
            leaf = bytes + start;
            if (*leaf == 0 || IsDots(leaf))
                return Refuse(path, "the path ends in no name"u8);
            // The last slash before the leaf becomes the end of the parent's path; a leaf without one is in the root itself.
            if (start <= 1)
                return Directory(new Text(CString.Of("/"u8), 1));
            bytes[start - 1] = 0;
            return Directory(new Text(bytes, start - 1));
        }
    }

    /// <summary>
    /// The object with the name <paramref name="leaf"/> in <paramref name="parent"/>, which must not be a symlink; -1 for a failure.
    /// </summary>
    public static int Leaf(int parent, byte* leaf, Text path)
    {
        int fd = Sys.openat2(parent, leaf, O_PATH | O_NOFOLLOW | O_CLOEXEC, 0, Strict);
        if (fd < 0)
            return Fail("openat2"u8, path, fd);
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

    /// <summary>"." and ".." are no names to make.</summary>
    public static bool IsDots(byte* name) => name[0] == '.' && (name[1] == 0 || (name[1] == '.' && name[2] == 0));

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
