using Engine.Shared.Policy;
using Engine.Starter.Server;

namespace Engine.Starter.Policy;

/// <summary>
/// How many containers a user has at once: numbered lock files in a directory of root's, one of them held by each supervisor until it ends,
/// however it ends. The only files that the set-uid workflow makes.
/// </summary>
internal static unsafe class Seats
{
    private const uint DirectoryMode = 0x1c0, FileMode = 0x180;
    private const int NameBytes = 48;

    /// <summary>Takes one, or refuses. The lock lives in a close-on-exec descriptor of this process.</summary>
    public static bool Take()
    {
        if (!Rules.Apply)
            return true;
        Caller.FilesAsRoot();
        bool taken = TakeOne();
        Caller.EndFilesAsRoot();
        return taken;
    }

    private static bool TakeOne()
    {
        int run = TrustedPath.Open("/run"u8, O_PATH | O_DIRECTORY);
        if (run < 0)
            return false;
        int result = Sys.mkdirat(run, CString.Of("engine-users"u8), DirectoryMode);
        Sys.close(run);
        if (result < 0 && result != -EEXIST)
            return Failure.Call("mkdirat"u8, "/run/engine-users"u8, result);
        int directory = TrustedPath.Open("/run/engine-users"u8, O_PATH | O_DIRECTORY);
        if (directory < 0)
            return false;

        bool taken = false;
        byte* buffer = stackalloc byte[NameBytes];
        for (ulong seat = 0; seat < Site.Config.MaxContainers && !taken; seat++)
        {
            TextBuilder name = new TextBuilder(buffer, NameBytes);
            name.AppendDecimal(Caller.Uid);
            name.Append((byte)'.');
            name.AppendDecimal(seat);
            int file = Sys.openat(directory, name.Text, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, FileMode);
            if (file < 0)
            {
                Sys.close(directory);
                return Failure.Call("openat"u8, name.Span, file);
            }

            taken = Sys.flock(file, LOCK_EX | LOCK_NB) >= 0;
            if (!taken)
                Sys.close(file);
        }

        Sys.close(directory);
        return taken || Rules.Deny(PolicyRule.CallerCount);
    }
}
