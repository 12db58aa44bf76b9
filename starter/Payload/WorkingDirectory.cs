using Engine.Shared.Protocol;
using Engine.Shared.Wire;
using Engine.Starter.Container;
using Engine.Starter.Server;

namespace Engine.Starter.Payload;

/// <summary>
/// The payload's working directory: resolved below the root, never through a magic link (which is what /proc/self/fd/N is,
/// CVE-2024-21626), entered by descriptor, and looked at from inside afterwards.
/// </summary>
internal static unsafe class WorkingDirectory
{
    private static bool s_later;

    /// <summary>
    /// Enters it; a missing one is made if the plan says so. Where root may not (NFS, FUSE), the payload's user tries once more.
    /// </summary>
    public static bool Enter()
    {
        Text path = PayloadPlan.Plan.Cwd;
        int fd = RootPath.TryFind(path, O_DIRECTORY);
        if (fd == -ENOENT && PayloadPlan.Has(ProcessFlags.MakeCwd))
        {
            fd = RootPath.Directory(path);
            if (fd < 0)
                return false;
        }

        s_later = fd == -EACCES;
        return s_later || Go(fd, path);
    }

    /// <summary>Second try, with the payload's ids.</summary>
    public static bool EnterAsUser()
    {
        if (!s_later)
            return true;
        if (!RootPath.UseOwnRoot())
            return false;
        bool done = Go(RootPath.TryFind(PayloadPlan.Plan.Cwd, O_DIRECTORY), PayloadPlan.Plan.Cwd);
        RootPath.SetRoot(-1);
        return done;
    }

    private static bool Go(int fd, Text path)
    {
        if (fd < 0)
            return Failure.Call("chdir"u8, path, fd);
        int result = Sys.fchdir(fd);
        Sys.close(fd);
        if (result < 0)
        {
            s_later = result == -EACCES && !s_later;
            return s_later || Failure.Call("chdir"u8, path, result);
        }

        return Inside(path);
    }

    // The kernel's own words for a directory that is not below the root begin with "(unreachable)".
    private static bool Inside(Text path)
    {
        byte* buffer = stackalloc byte[PATH_MAX];
        long length = Sys.getcwd(buffer, PATH_MAX);
        if (length < 0)
            return Failure.Call("getcwd"u8, path, length);
        return buffer[0] == '/' || Failure.Refuse("chdir"u8, path, "the directory is outside the container's root"u8);
    }
}
