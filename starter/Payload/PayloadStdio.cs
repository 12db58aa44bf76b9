using Engine.Starter.Server;
using Engine.Starter.Stages;

namespace Engine.Starter.Payload;

/// <summary>Descriptors 0 to 2 of the payload.</summary>
internal static unsafe class PayloadStdio
{
    /// <summary>Container stage with a terminal: keeps the numbers free of other descriptors until the console takes them.</summary>
    public static bool Reserve()
    {
        for (int fd = StageContext.Stdin; fd <= StageContext.Stderr; fd++)
        {
            int result = Sys.dup3(StageContext.Rpc, fd, O_CLOEXEC);
            if (result < 0)
                return Failure.Call("dup3"u8, result);
        }

        return true;
    }

    /// <summary>Container stage: puts the pipes or the console on 0 to 2.</summary>
    public static bool Take(bool terminal)
    {
        for (int fd = 0; fd < 3; fd++)
        {
            int result = Sys.dup3(StageContext.Stdin + fd, fd, 0);
            if (result < 0)
                return Failure.Call("dup3"u8, result);
            Sys.close(StageContext.Stdin + fd);
        }

        return !terminal || Control(0);
    }

    /// <summary>Makes the terminal <paramref name="fd"/> the controlling one of this session.</summary>
    public static bool Control(int fd)
    {
        int result = Sys.ioctl(fd, TIOCSCTTY, 0L);
        return result >= 0 || Failure.Call("ioctl(TIOCSCTTY)"u8, result);
    }

    /// <summary>
    /// Gives the terminal or the anonymous pipes to <paramref name="uid"/>, so that it may open /dev/stdout again. Nothing else is ever
    /// given away: stdio may be a file or a terminal of the caller's (CVE-2026-88265).
    /// </summary>
    public static bool Give(uint uid, bool terminal)
    {
        for (int fd = 0; fd < 3; fd++)
        {
            stat status;
            statfs filesystem;
            if (Sys.fstat(fd, &status) < 0 || Sys.fstatfs(fd, &filesystem) < 0 || status.st_uid == uid)
                continue;
            if (filesystem.f_type != PIPEFS_MAGIC && !(terminal && filesystem.f_type == DEVPTS_SUPER_MAGIC))
                continue;
            int result = Sys.fchown(fd, uid, uint.MaxValue);
            // A caller's pipe, or one of a user that this namespace does not know: it works as it is.
            if (result < 0 && result != -EPERM && result != -EINVAL && result != -EROFS)
                return Failure.Call("fchown"u8, "stdio"u8, result);
        }

        return true;
    }
}
