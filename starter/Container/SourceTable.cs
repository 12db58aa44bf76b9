using Engine.Shared.Protocol;
using Engine.Starter.Policy;
using Engine.Starter.Server;
using Engine.Starter.Stages;

namespace Engine.Starter.Container;

/// <summary>
/// What the supervisor opened for this stage, by slot: mounts cloned in the host's namespace, and what else is found there. They come over the stage link in the supervisor's own order and
/// are taken from it only when a request asks for one, so that as few as possible are open here at once.
/// </summary>
internal static unsafe class SourceTable
{
    private struct Table
    {
        // 0 for nothing yet, -errno for a source that could not be cloned, else descriptor + 1.
        public fixed int Slots[Limits.Sources];
        public fixed bool Roots[Limits.Sources];
        public fixed byte Note[StageLink.NoteBytes];
    }

    private static Table s_table;

    /// <summary>
    /// The descriptor of <paramref name="slot"/>, now the caller's. With <paramref name="optional"/> a source that does not exist is -1 and no
    /// failure. Waits for the supervisor; does not return when that is gone.
    /// </summary>
    public static bool Take(uint slot, bool optional, out int mount)
    {
        mount = -1;
        if (slot >= Limits.Sources)
            return Failure.Refuse("source"u8, "there is no such slot"u8);

        fixed (int* slots = s_table.Slots)
        {
            while (slots[slot] == 0)
                if (!Receive(slots))
                    return false;

            int value = slots[slot];
            slots[slot] = 0;
            if (value > 0)
            {
                mount = value - 1;
                return true;
            }

            if (optional && (value == -ENOENT || value == -ENOTDIR))
                return true;
            Failure.Call("open_tree"u8, value);
            return Failure.Explain("the source could not be opened on the host"u8);
        }
    }

    /// <summary>The same for the container's root, for which an ordinary user's source must have been asked for as such.</summary>
    public static bool TakeRoot(uint slot, out int mount)
    {
        if (!Take(slot, false, out mount))
            return false;
        if (!Rules.Apply || s_table.Roots[slot])
            return true;
        Sys.close(mount);
        mount = -1;
        return Rules.Deny(Engine.Shared.Policy.PolicyRule.RootfsSource);
    }

    private static bool Receive(int* slots)
    {
        fixed (byte* buffer = s_table.Note)
        {
            Inbox inbox = new Inbox(buffer, StageLink.NoteBytes);
            Arrival arrival = StageLink.Receive(StageContext.Link, ref inbox, out StageNote note);
            if (arrival == Arrival.End)
                ContainerStage.Orphaned();
            if (arrival != Arrival.Message)
                return false;

            return Keep(ref note, ref inbox);
        }
    }

    /// <summary>Takes over a source that has come: the supervisor sends them as the master asks, before and after Go.</summary>
    public static bool Keep(ref StageNote note, ref Inbox inbox)
    {
        fixed (int* slots = s_table.Slots)
        {
            bool root = note.Kind == (uint)StageNoteKind.RootSource;
            if ((note.Kind != (uint)StageNoteKind.Source && !root) || note.Slot >= Limits.Sources || slots[note.Slot] != 0)
            {
                inbox.CloseAll();
                return Failure.Refuse("stage link"u8, "not a source, or one for a slot in use"u8);
            }

            int fd = inbox.Take(0);
            s_table.Roots[note.Slot] = root;
            slots[note.Slot] = fd >= 0 ? fd + 1 : note.Error.Errno > 0 ? -note.Error.Errno : -EBADF;
            inbox.CloseAll();
            return true;
        }
    }
}
