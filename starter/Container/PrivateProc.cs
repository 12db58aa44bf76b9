using Engine.Shared.Wire;
using Engine.Starter.Server;

namespace Engine.Starter.Container;

/// <summary>
/// A procfs of our own, of this process's pid namespace, that no mount namespace ever sees: what the container calls /proc may be
/// a tree of links, or a real procfs with other files bound over the ones we mean (CVE-2019-16884, CVE-2025-52881).
/// </summary>
internal static unsafe class PrivateProc
{
    private const ulong Strict = RESOLVE_BENEATH | RESOLVE_NO_XDEV | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_SYMLINKS;

    /// <summary>A detached mount, the caller's; -1 with a failure.</summary>
    public static int Open()
    {
        byte* type = CString.Of("proc"u8);
        int context = Sys.fsopen(type, FSOPEN_CLOEXEC);
        int result = context;
        if (context >= 0)
        {
            result = Sys.fsconfig(context, FSCONFIG_CMD_CREATE, null, null, 0);
            if (result >= 0)
                result = Sys.fsmount(context, FSMOUNT_CLOEXEC, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
            Sys.close(context);
        }

        // A user namespace may not mount what would show more than the masks over its /proc leave to see. Then it is the procfs at /proc itself:
        // nothing that lies over a part of it is ever opened (Strict).
        if (result == -EPERM)
            result = Visible();
        if (result < 0)
            Failure.Call("fsmount(proc)"u8, result);
        return result;
    }

    private static int Visible()
    {
        int fd = Sys.openat2(AT_FDCWD, CString.Of("/proc"u8), O_PATH | O_DIRECTORY | O_CLOEXEC, 0, RESOLVE_NO_MAGICLINKS | RESOLVE_NO_SYMLINKS);
        statfs system = default;
        if (fd < 0 || (Sys.fstatfs(fd, &system) >= 0 && system.f_type == PROC_SUPER_MAGIC))
            return fd;
        Sys.close(fd);
        return -EPERM;
    }

    /// <summary>
    /// Writes <paramref name="value"/> in one write to the file <paramref name="path"/> (relative, zero-terminated) of the procfs <paramref
    /// name="root"/>.
    /// </summary>
    public static bool Write(int root, Text path, ReadOnlySpan<byte> value)
    {
        int fd = Sys.openat2(root, path.At, O_WRONLY | O_CLOEXEC, 0, Strict);
        if (fd < 0)
            return Failure.Call("openat2"u8, path, fd);
        long written;
        fixed (byte* at = value)
            written = Sys.write(fd, at, (ulong)value.Length);
        Sys.close(fd);
        if (written < 0)
            return Failure.Call("write"u8, path, written);
        return written == value.Length || Failure.Refuse("write"u8, path, "the kernel took only a part of the value"u8);
    }

    /// <summary>
    /// As <see cref="Write(int, Text, ReadOnlySpan{byte})"/>, for one of this process's own files: <paramref name="name"/> below /proc/PID.
    /// </summary>
    public static bool WriteOwn(int root, ReadOnlySpan<byte> name, ReadOnlySpan<byte> value)
    {
        // "self" is a symlink; the number says the same without one.
        byte* buffer = stackalloc byte[128];
        TextBuilder path = new TextBuilder(buffer, 128);
        path.AppendDecimal(Sys.getpid());
        path.AppendPath(name);
        return Write(root, new Text(path.Text, path.Length), value);
    }
}
