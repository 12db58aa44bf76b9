using Engine.Shared.Protocol;
using Engine.Shared.Wire;
using Engine.Starter.Server;
using Engine.Starter.Stages;

namespace Engine.Starter.Supervisor;

/// <summary>The payload's log: opened here, written by the pump.</summary>
internal static unsafe class LogFile
{
    private const uint Mode = 0x1a0;

    private static bool s_made;

    /// <summary>
    /// Opens the log, making it if it is not there; a descriptor that the caller closes, or negative: see <see cref="Failure"/>.
    /// Only to be called when a log is wanted.
    /// </summary>
    public static int Open()
    {
        Text leaf = LaunchRecord.Launch.LogLeaf;
        int directory = LaunchRecord.Get(LaunchDescriptor.LogDirectory);

        // A fifo must not hold us (O_NONBLOCK), a symlink is refused. O_RDWR lets a new pump end what a killed one left half-written.
        const int flags = O_RDWR | O_APPEND | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY | O_NONBLOCK;
        int fd = Sys.openat(directory, leaf.At, flags, 0);
        if (fd == -ENOENT)
        {
            fd = Sys.openat(directory, leaf.At, flags | O_CREAT, Mode);
            if (fd >= 0)
            {
                Sys.fchmod(fd, Mode);
                s_made = true;
            }
        }

        if (fd < 0)
        {
            Failure.Call("openat"u8, leaf, fd);
            return fd;
        }

        stat info = default;
        if (Sys.fstat(fd, &info) >= 0 && (info.st_mode & S_IFMT) == S_IFREG)
        {
            Sys.fcntl(fd, F_SETFL, O_APPEND);
            return fd;
        }

        Sys.close(fd);
        Failure.Refuse("openat"u8, leaf, "the log is not a regular file"u8);
        return -1;
    }

    /// <summary>True when the launch record asks for a log.</summary>
    public static bool Wanted => !LaunchRecord.Launch.LogLeaf.IsEmpty && LaunchRecord.Get(LaunchDescriptor.LogDirectory) >= 0;

    /// <summary>Removes a log that this creation made; for a creation that is undone.</summary>
    public static void RemoveIfMade()
    {
        if (s_made)
            Sys.unlinkat(LaunchRecord.Get(LaunchDescriptor.LogDirectory), LaunchRecord.Launch.LogLeaf.At, 0);
        s_made = false;
    }
}
