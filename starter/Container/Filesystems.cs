using Engine.Shared.Protocol;
using Engine.Shared.Wire;
using Engine.Starter.Policy;
using Engine.Starter.Server;

namespace Engine.Starter.Container;

/// <summary>
/// MountFilesystem: a new superblock (or, for proc, sysfs, mqueue and cgroup, the one of this process's namespaces), made and
/// configured detached, attached as the last act. Options reach the kernel one by one, never as a joined string. ChangeMount's options
/// for a filesystem that is mounted already.
/// </summary>
internal static unsafe class Filesystems
{
    private const int MostMessages = 8;

    /// <summary>Why a lookup for a procfs or sysfs that follows no link has failed.</summary>
    public static ReadOnlySpan<byte> RealDirectory => "the mount point must be a real directory, not a symlink and not behind one"u8;

    /// <summary>Descriptor of the devpts mount that the payload's console comes from, -1 for none. Kept open until Finish.</summary>
    public static int Devpts { get; private set; } = -1;

    public static bool Mount(ref MountFilesystem request)
    {
        if (!MountRules.Permit(ref request))
            return false;
        bool existed = true;
        int target = Target(ref request, ref existed);
        if (target < 0)
            return false;

        int mount = Make(ref request, existed ? target : -1, out bool skipped);
        bool done = skipped || (mount >= 0 && Place(mount, target, ref request));
        Sys.close(target);
        if (mount >= 0 && mount != Devpts)
            Sys.close(mount);
        return done;
    }

    /// <summary>Gives the options of a ChangeMount to the filesystem that <paramref name="target"/>, the root of a mount, is of.</summary>
    public static bool Reconfigure(int target, ref ChangeMount request)
    {
        if (request.Options.Count == 0)
            return true;
        int context = Sys.fspick(target, CString.Empty, FSPICK_EMPTY_PATH | FSPICK_CLOEXEC);
        if (context < 0)
            return Failure.Call("fspick"u8, request.Destination, context);
        bool done = Options(context, request.Options, request.Destination, out _);
        if (done)
        {
            int result = Sys.fsconfig(context, FSCONFIG_CMD_RECONFIGURE, null, null, 0);
            done = result >= 0 || Explained("fsconfig(RECONFIGURE)"u8, request.Destination, context, result) >= 0;
        }

        Sys.close(context);
        return done;
    }

    private static bool Place(int mount, int target, ref MountFilesystem request)
    {
        if ((request.Flags & (uint)MountFlags.CopyUp) != 0 && !CopyUp.Run(target, mount, request.Destination))
            return false;
        if (!MountAttributes.Propagate(mount, request.Propagation, request.Destination) ||
            !MountAttributes.Attach(mount, target, request.Destination) ||
            !RootMount.Covered(mount, request.Destination))
            return false;

        if ((request.Flags & (uint)MountFlags.Devpts) != 0)
        {
            if (Devpts >= 0)
                Sys.close(Devpts);
            Devpts = mount;
        }

        return true;
    }

    // A proc or sysfs that lands behind a symlink is somewhere else than where its masks will be (CVE-2019-19921, CVE-2023-27561).
    private static int Target(ref MountFilesystem request, ref bool existed)
    {
        ulong resolve = (request.Flags & (uint)MountFlags.NoSymlink) != 0 ? (ulong)RESOLVE_NO_SYMLINKS : 0;
        if ((request.Flags & (uint)MountFlags.File) != 0)
            return RootPath.File(request.Destination);

        int target = RootPath.TryFind(request.Destination, O_DIRECTORY, resolve);
        if (target >= 0)
            return target;
        existed = false;
        target = target == -ENOENT
            ? MissingPath.Directory(request.Destination, RootPath.DirectoryMode, resolve)
            : Fail("openat2"u8, request.Destination, target);
        if (target < 0 && resolve != 0)
            Failure.Explain(RealDirectory);
        return target;
    }

    // A detached mount, or -1. `old` is the directory that it will cover, -1 when that was made for it.
    private static int Make(ref MountFilesystem request, int old, out bool skipped)
    {
        skipped = false;
        int context = Sys.fsopen(request.Type.At, FSOPEN_CLOEXEC);
        if (context < 0)
        {
            skipped = context == -ENODEV && (request.Flags & (uint)MountFlags.Optional) != 0;
            return skipped ? -1 : Fail("fsopen"u8, request.Type, context);
        }

        int mount = -1;
        if (Configure(context, ref request, old))
        {
            mount = Sys.fsmount(context, FSMOUNT_CLOEXEC, (uint)request.AttrSet);
            if (mount < 0)
                mount = Explained("fsmount"u8, request.Destination, context, mount);
        }

        Sys.close(context);
        return mount;
    }

    private static bool Configure(int context, ref MountFilesystem request, int old)
    {
        if (request.AttrSet > uint.MaxValue)
            return Failure.Refuse("fsmount"u8, request.Destination, "unknown mount attributes"u8);
        if (!request.Source.IsEmpty && !Option(context, CString.Of("source"u8), request.Source.At, request.Destination))
            return false;

        if (!Options(context, request.Options, request.Destination, out bool hasMode))
            return false;
        if (!FilesystemRules.Complete(context, ref request))
            return false;
        if (!hasMode && old >= 0 && request.Type.Is("tmpfs"u8) && !InheritMode(context, old, request.Destination))
            return false;

        int result = Sys.fsconfig(context, FSCONFIG_CMD_CREATE, null, null, 0);
        return result >= 0 || Explained("fsconfig(CREATE)"u8, request.Type, context, result) >= 0;
    }

    private static bool Options(int context, TextList options, Text path, out bool hasMode)
    {
        hasMode = false;
        int cursor = 0;
        while (options.Next(ref cursor, out Text option))
        {
            // The text lies in the request's buffer, which is ours to write to: the kernel wants key and value apart.
            byte* value = Split(option);
            hasMode |= CString.Equals(option.At, "mode"u8);
            if (!Option(context, option.At, value, path))
                return false;
        }

        return true;
    }

    // A tmpfs takes the permissions of the directory that it covers, as runc does: /tmp stays 1777, /run 0755.
    private static bool InheritMode(int context, int old, Text path)
    {
        stat status;
        int result = Sys.fstat(old, &status);
        if (result < 0)
            return Failure.Call("fstat"u8, path, result);
        byte* digits = stackalloc byte[16];
        TextBuilder mode = new TextBuilder(digits, 16);
        mode.AppendOctal(status.st_mode & 0xfff);
        return Option(context, CString.Of("mode"u8), mode.Text, path);
    }

    /// <summary>One option of a filesystem that is being made; <paramref name="value"/> is null for a flag.</summary>
    public static bool Option(int context, byte* key, byte* value, Text path)
    {
        int result = Sys.fsconfig(context, value == null ? FSCONFIG_SET_FLAG : (uint)FSCONFIG_SET_STRING, key, value, 0);
        if (result >= 0)
            return true;
        Explained("fsconfig"u8, path, context, result);
        Failure.Append(" (option "u8);
        Failure.Append(CString.Span(key));
        Failure.Append(")"u8);
        return false;
    }

    private static byte* Split(Text option)
    {
        for (int i = 0; i < option.Length; i++)
            if (option.At[i] == '=')
            {
                option.At[i] = 0;
                return option.At + i + 1;
            }

        return null;
    }

    // The kernel leaves its own words in the context, one message a read, each begun by its severity: "e tmpfs: Bad value for 'size'".
    private static int Explained(ReadOnlySpan<byte> call, Text path, int context, int result)
    {
        const int severity = 2;
        Failure.Call(call, path, result);
        byte* message = stackalloc byte[Limits.Detail];
        for (int i = 0; i < MostMessages; i++)
        {
            long got = Sys.read(context, message, Limits.Detail);
            if (got <= severity)
                break;
            if (i > 0)
                Failure.Append("; "u8);
            int length = (int)got - severity;
            if (message[got - 1] == '\n')
                length--;
            Failure.Append(new ReadOnlySpan<byte>(message + severity, length));
        }

        return -1;
    }

    private static int Fail(ReadOnlySpan<byte> call, Text path, int result)
    {
        Failure.Call(call, path, result);
        return -1;
    }
}
