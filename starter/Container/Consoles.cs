using Engine.Shared.Protocol;
using Engine.Shared.Wire;
using Engine.Starter.Server;
using Engine.Starter.Stages;

namespace Engine.Starter.Container;

/// <summary>
/// Terminals. Both sides come from a devpts that was opened by descriptor and proved to be one: the peer by TIOCGPTPEER and never
/// by a path of the container, which could lead anywhere (CVE-2025-52565).
/// </summary>
internal static unsafe class Consoles
{
    private const uint PtmxMajor = 5, PtmxMinor = 2;
    private const uint ConsoleMode = 0x180; // 0600

    /// <summary>The container's console was made.</summary>
    public static bool Made { get; private set; }

    /// <summary>
    /// See <see cref="CreateConsole"/>. The peer takes the numbers of the payload's stdio; the master side goes to the supervisor.
    /// </summary>
    public static bool Create(ref CreateConsole request)
    {
        if (!ContainerStage.Terminal || Made)
            return Failure.Refuse("console"u8, Made ? "there is one already"u8 : "the container was spawned without a terminal"u8);
        int devpts = Filesystems.Devpts >= 0 ? Filesystems.Devpts : Host();
        if (devpts < 0)
            return false;
        bool done = Open(devpts, request.Rows, request.Columns, out int master, out int peer);
        if (devpts != Filesystems.Devpts)
            Sys.close(devpts);
        if (!done)
            return false;

        done = Bind(peer) && BecomeStdio(peer) && StageLink.Send(StageContext.Link, StageNoteKind.Console, 0, master);
        Sys.close(peer);
        Sys.close(master);
        Made = done;
        return done;
    }

    /// <summary>
    /// A new terminal of the devpts at <paramref name="devpts"/> with its size; both sides are close-on-exec and the caller's.
    /// </summary>
    public static bool Open(int devpts, uint rows, uint columns, out int master, out int peer)
    {
        Text ptmx = new Text(CString.Of("ptmx"u8), 4);
        peer = -1;
        master = Sys.openat2(
            devpts, ptmx.At, O_RDWR | O_NOCTTY | O_NOFOLLOW | O_CLOEXEC, 0, RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV);
        if (master < 0)
            return Failure.Call("openat2"u8, ptmx, master);

        int unlock = 0;
        int result = 0;
        bool genuine = IsPtmx(master);
        if (genuine)
            result = Sys.ioctl(master, TIOCSPTLCK, &unlock);
        if (genuine && result >= 0)
            peer = result = Sys.ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
        winsize size = default;
        size.ws_row = (ushort)rows;
        size.ws_col = (ushort)columns;
        if (result >= 0 && (rows | columns) != 0)
            result = Sys.ioctl(master, TIOCSWINSZ, &size);
        if (genuine && result >= 0)
            return true;

        Sys.close(master);
        if (peer >= 0)
            Sys.close(peer);
        return genuine ? Failure.Call("ioctl"u8, ptmx, result) : Failure.Refuse("console"u8, ptmx, "not the ptmx of a devpts"u8);
    }

    private static bool IsPtmx(int fd)
    {
        statfs filesystem;
        stat status;
        return Sys.fstatfs(fd, &filesystem) >= 0 && filesystem.f_type == DEVPTS_SUPER_MAGIC && Sys.fstat(fd, &status) >= 0 &&
            (status.st_mode & S_IFMT) == S_IFCHR && status.st_rdev == makedev(PtmxMajor, PtmxMinor);
    }

    // Before EnterRoot this process's own root is the host's tree.
    private static int Host()
    {
        Text path = new Text(CString.Of("/dev/pts"u8), 8);
        if (ContainerStage.Entered)
        {
            Failure.Refuse("console"u8, path, "no devpts is mounted in the container"u8);
            return -1;
        }

        int fd = Sys.openat2(AT_FDCWD, path.At, O_PATH | O_DIRECTORY | O_CLOEXEC, 0, RESOLVE_NO_SYMLINKS);
        if (fd < 0)
            Failure.Call("openat2"u8, path, fd);
        return fd;
    }

    private static bool Bind(int peer)
    {
        Text path = new Text(CString.Of("/dev/console"u8), 12);
        int parent = RootPath.Parent(path, out byte* leaf);
        if (parent < 0)
            return false;
        int result = Sys.mknodat(parent, leaf, S_IFREG | ConsoleMode, 0);
        int target = -1;
        if (result < 0 && result != -EEXIST)
            Failure.Call("mknodat"u8, path, result);
        else
            target = RootPath.Leaf(parent, leaf, path);
        Sys.close(parent);
        if (target < 0)
            return false;

        int mount = MountAttributes.Clone(peer, false, path);
        bool done = mount >= 0 &&
            MountAttributes.Set(mount, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC, 0, false, path) &&
            MountAttributes.Propagate(mount, MS_PRIVATE, path) &&
            MountAttributes.Attach(mount, target, path);
        Sys.close(target);
        if (mount >= 0)
            Sys.close(mount);
        return done;
    }

    private static bool BecomeStdio(int peer)
    {
        for (int fd = StageContext.Stdin; fd <= StageContext.Stderr; fd++)
        {
            int result = Sys.dup3(peer, fd, O_CLOEXEC);
            if (result < 0)
                return Failure.Call("dup3"u8, result);
        }

        return true;
    }
}
