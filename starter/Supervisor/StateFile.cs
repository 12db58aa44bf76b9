using Engine.Shared.Protocol;
using Engine.Starter.Server;
using Engine.Starter.Stages;

namespace Engine.Starter.Supervisor;

/// <summary>state.json in the state directory: replaced by rename, so that a reader sees one whole document or the other.</summary>
internal static unsafe class StateFile
{
    private const uint Mode = 0x180;

    /// <summary>Writes the present state. On failure the old document stays.</summary>
    public static bool Save()
    {
        int directory = LaunchRecord.Get(LaunchDescriptor.StateDirectory);
        byte* temporary = CString.Of(StateLeaf.NewState);
        int fd = Sys.openat(directory, temporary, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, Mode);
        if (fd < 0)
            return Failure.Call("openat"u8, StateLeaf.NewState, fd);

        bool written = StateDocument.Write(fd, StateReader.File) && Settle(fd);
        Sys.close(fd);
        if (written)
        {
            int result = Sys.renameat2(directory, temporary, directory, CString.Of(StateLeaf.State), 0);
            written = result >= 0 || Failure.Call("renameat2"u8, StateLeaf.State, result);
        }

        if (!written)
            Sys.unlinkat(directory, temporary, 0);
        return written;
    }

    /// <summary>A read-only descriptor of the document, the caller's to close; negative: see <see cref="Failure"/>.</summary>
    public static int Open()
    {
        int fd = Sys.openat(
            LaunchRecord.Get(LaunchDescriptor.StateDirectory), CString.Of(StateLeaf.State), O_RDONLY | O_NOFOLLOW | O_CLOEXEC, 0);
        if (fd < 0)
            Failure.Call("openat"u8, StateLeaf.State, fd);
        return fd;
    }

    // What lives in memory only has nowhere to be synchronised to.
    private static bool Settle(int fd)
    {
        statfs system = default;
        if (Sys.fstatfs(fd, &system) >= 0 && (system.f_type == TMPFS_MAGIC || system.f_type == RAMFS_MAGIC))
            return true;
        int result = Sys.fsync(fd);
        return result >= 0 || Failure.Call("fsync"u8, StateLeaf.NewState, result);
    }
}
