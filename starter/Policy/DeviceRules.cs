using Engine.Shared.Policy;
using Engine.Shared.Wire;
using Engine.Starter.Server;

namespace Engine.Starter.Policy;

/// <summary>Devices that a user may have bound into his container: the harmless ones by name and number, others as engine.conf lists them.</summary>
internal static unsafe class DeviceRules
{
    private const uint MemoryMajor = 1, TerminalMajor = 5;

    // Blank-separated; the n-th has the n-th number.
    private static ReadOnlySpan<byte> Names => "/dev/null /dev/zero /dev/full /dev/random /dev/urandom /dev/tty"u8;

    private static ReadOnlySpan<byte> Minors => [3, 5, 7, 8, 9, 0];

    /// <summary>Whether the name is one of them.</summary>
    public static bool Permit(Text path) =>
        NameTable.Find(Names, new ReadOnlySpan<byte>(path.At, path.Length)) >= 0 || Listed(path) || Rules.Deny(PolicyRule.DeviceBind, path);

    /// <summary>
    /// Opens it O_PATH, with root's rights for the name and without following a link: it is a character device (of the right number where
    /// that is known). A device is never opened for more: a tape would rewind. Negative leaves a failure.
    /// </summary>
    public static int Open(Text path)
    {
        Caller.FilesAsRoot();
        int fd = TrustedPath.Open(new ReadOnlySpan<byte>(path.At, path.Length), O_PATH, true);
        Caller.EndFilesAsRoot();
        if (fd < 0)
            return fd;
        stat info;
        bool sound = Sys.fstat(fd, &info) >= 0 && (info.st_mode & S_IFMT) == S_IFCHR && IsExpected(path, info.st_rdev);
        if (sound)
            return fd;
        Sys.close(fd);
        Rules.Deny(PolicyRule.DeviceBind, path);
        return -1;
    }

    private static bool IsExpected(Text path, ulong number)
    {
        int known = NameTable.Find(Names, new ReadOnlySpan<byte>(path.At, path.Length));
        return known < 0 || number == makedev(Minors[known] == 0 ? TerminalMajor : MemoryMajor, Minors[known]);
    }

    private static bool Listed(Text path)
    {
        int cursor = 0;
        while (SiteConfig.Next(Site.Config.Devices, ref cursor, out Text item))
        {
            if (path.Is(new ReadOnlySpan<byte>(item.At, item.Length)))
                return true;
        }

        return false;
    }
}
