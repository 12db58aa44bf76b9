using Engine.Shared.Protocol;
using Engine.Starter.Server;
using Engine.Starter.Stages;

namespace Engine.Starter.Supervisor;

/// <summary>
/// state.json in the state directory: replaced by rename, so that a reader sees one whole document or the other. It is not
/// synchronised to disk, which would cost more than the rest of a creation: what it says is true of this boot only (readers
/// compare the boot id), and after a power loss an empty document reads as a container that has stopped.
/// </summary>
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

        bool written = StateDocument.Write(fd, StateReader.File);
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
}
