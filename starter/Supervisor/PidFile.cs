using Engine.Shared.Protocol;
using Engine.Shared.Wire;
using Engine.Starter.Server;
using Engine.Starter.Stages;

namespace Engine.Starter.Supervisor;

/// <summary>
/// The pid file: the payload's pid as the host sees it, decimal, no newline. It lies in a directory of the caller's choice, so
/// it is made under a name of ours and renamed over whatever has its name, which is never opened.
/// </summary>
internal static unsafe class PidFile
{
    private const uint Mode = 0x1a4;
    private const int NameBytes = 64;

    private static ulong s_device, s_inode;

    /// <summary>Writes the file, if one is wanted.</summary>
    public static bool Write()
    {
        Text leaf = LaunchRecord.Launch.PidLeaf;
        int directory = LaunchRecord.Get(LaunchDescriptor.PidDirectory);
        if (leaf.IsEmpty || directory < 0)
            return true;

        byte* buffer = stackalloc byte[NameBytes];
        TextBuilder temporary = new TextBuilder(buffer, NameBytes);
        temporary.Append(".engine-pid."u8);
        temporary.AppendDecimal(Sys.getpid());
        Sys.unlinkat(directory, temporary.Text, 0);
        int fd = Sys.openat(directory, temporary.Text, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, Mode);
        if (fd < 0)
            return Failure.Call("openat"u8, leaf, fd);

        bool done = Fill(fd, leaf);
        Sys.close(fd);
        if (done)
        {
            int result = Sys.renameat2(directory, temporary.Text, directory, leaf.At, 0);
            done = result >= 0 || Failure.Call("renameat2"u8, leaf, result);
        }

        if (!done)
        {
            s_inode = 0;
            Sys.unlinkat(directory, temporary.Text, 0);
        }

        return done;
    }

    /// <summary>Removes the file if it is still the one that was written here.</summary>
    public static void Remove()
    {
        Text leaf = LaunchRecord.Launch.PidLeaf;
        int directory = LaunchRecord.Get(LaunchDescriptor.PidDirectory);
        stat info = default;
        if (s_inode == 0 || Sys.newfstatat(directory, leaf.At, &info, AT_SYMLINK_NOFOLLOW) < 0)
            return;
        if (info.st_dev == s_device && info.st_ino == s_inode)
            Sys.unlinkat(directory, leaf.At, 0);
        s_inode = 0;
    }

    private static bool Fill(int fd, Text leaf)
    {
        byte* buffer = stackalloc byte[NameBytes];
        TextBuilder text = new TextBuilder(buffer, NameBytes);
        text.AppendDecimal(Facts.Pid);
        stat info = default;
        int result = Sys.WriteAll(fd, text.Span);
        if (result >= 0)
            result = Sys.fchmod(fd, Mode);
        if (result >= 0)
            result = Sys.fstat(fd, &info);
        if (result < 0)
            return Failure.Call("write"u8, leaf, result);
        s_device = info.st_dev;
        s_inode = info.st_ino;
        return true;
    }
}
