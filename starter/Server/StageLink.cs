using Engine.Shared.Protocol;
using Engine.Shared.Wire;
using System;

namespace Engine.Starter.Server;

/// <summary>
/// Notes on the private socket pair between supervisor and container stage (<see cref="StageNote"/>). Each has at most one descriptor.
/// </summary>
internal static unsafe class StageLink
{
    /// <summary>A note is a failure record and three numbers; its texts are the largest part.</summary>
    public const int NoteBytes = Limits.Path + Limits.Detail + (2 * Limits.Name);

    /// <summary>Sends a note without an error, with <paramref name="descriptor"/> unless that is negative; it stays the caller's.</summary>
    public static bool Send(int socket, StageNoteKind kind, uint slot = 0, int descriptor = -1)
    {
        ErrorRecord none = default;
        return Send(socket, kind, slot, ref none, descriptor);
    }

    /// <summary>Sends a note that carries this process's <see cref="Failure"/>.</summary>
    public static bool SendFailure(int socket, StageNoteKind kind, uint slot = 0)
    {
        ErrorRecord record = Failure.Record();
        return Send(socket, kind, slot, ref record, -1);
    }

    /// <summary>
    /// Receives a note into <paramref name="inbox"/> (of at least <see cref="NoteBytes"/>), which its texts point into.
    /// A malformed one is <see cref="Arrival.Broken"/>.
    /// </summary>
    public static Arrival Receive(int socket, ref Inbox inbox, out StageNote note, int flags = 0)
    {
        note = default;
        Arrival arrival = Channel.Receive(socket, ref inbox, flags);
        if (arrival != Arrival.Message)
        {
            return arrival;
        }

        Codec c = Codec.Reader(inbox.Buffer, inbox.Length);
        note.Fields(ref c);
        c.End();
        if (c.Ok)
        {
            return Arrival.Message;
        }

        inbox.CloseAll();
        Failure.Refuse("stage link"u8, Wording.Of(c.Status));
        return Arrival.Broken;
    }

    private static bool Send(int socket, StageNoteKind kind, uint slot, ref ErrorRecord error, int descriptor)
    {
        byte* buffer = stackalloc byte[NoteBytes];
        Codec c = Codec.Writer(buffer, NoteBytes);
        StageNote note;
        note.Kind = (uint)kind;
        note.Slot = slot;
        note.Error = error;
        note.Fields(ref c);
        if (!c.Ok)
        {
            return Failure.Refuse("stage link"u8, Wording.Of(c.Status));
        }

        return Channel.Send(socket, buffer, c.Position, &descriptor, descriptor < 0 ? 0 : 1);
    }
}
