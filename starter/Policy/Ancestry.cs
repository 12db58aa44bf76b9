namespace Engine.Starter.Policy;

/// <summary>
/// Where an open directory lies, asked of the kernel by walking upwards and comparing inodes: never by comparing texts, in which "/scratch" begins
/// "/scratch2" (CVE-2026-47215) and "(deleted)" may be part of a name.
/// </summary>
internal static unsafe class Ancestry
{
    private const int MostLevels = 256;
    private const int LinkBytes = 32;

    /// <summary>True when <paramref name="directory"/> is <paramref name="above"/> or below it. Both stay the caller's.</summary>
    public static bool Contains(int above, int directory)
    {
        stat wanted, here, next;
        if (Sys.fstat(above, &wanted) < 0 || Sys.fstat(directory, &here) < 0)
            return false;
        int at = Sys.fcntl(directory, F_DUPFD_CLOEXEC, 0);
        bool found = false;
        for (int level = 0; level < MostLevels && at >= 0; level++)
        {
            found = Same(ref wanted, ref here);
            if (found)
                break;
            int up = Sys.openat(at, CString.Of(".."u8), O_PATH | O_DIRECTORY | O_CLOEXEC, 0);
            Sys.close(at);
            at = up;
            // The root is its own parent.
            if (at < 0 || Sys.fstat(at, &next) < 0 || Same(ref next, ref here))
                break;
            here = next;
        }

        if (at >= 0)
            Sys.close(at);
        return found;
    }

    /// <summary>
    /// The directory that a file lies in, O_PATH and the caller's; negative when that cannot be told for sure. The text that the kernel gives for the
    /// descriptor is only a proposal: what it leads to must be this file.
    /// </summary>
    public static int Parent(int file)
    {
        byte* link = stackalloc byte[LinkBytes];
        TextBuilder name = new TextBuilder(link, LinkBytes);
        name.Append("/proc/self/fd/"u8);
        name.AppendDecimal(file);
        byte* path = stackalloc byte[PATH_MAX];
        long length = Sys.readlinkat(AT_FDCWD, name.Text, path, PATH_MAX - 1);
        if (length <= 1 || path[0] != '/')
            return -ENOENT;
        path[length] = 0;
        int slash = (int)length - 1;
        while (path[slash] != '/')
            slash--;

        path[slash] = 0;
        int parent = Sys.openat2(
            AT_FDCWD, slash == 0 ? CString.Of("/"u8) : path, O_PATH | O_DIRECTORY | O_CLOEXEC, 0, RESOLVE_NO_SYMLINKS);
        stat found, wanted;
        if (parent >= 0 && Sys.newfstatat(parent, path + slash + 1, &found, AT_SYMLINK_NOFOLLOW) >= 0 && Sys.fstat(file, &wanted) >= 0 &&
            Same(ref found, ref wanted))
            return parent;
        if (parent >= 0)
            Sys.close(parent);
        return -ENOENT;
    }

    private static bool Same(ref stat first, ref stat second) => first.st_ino == second.st_ino && first.st_dev == second.st_dev;
}
