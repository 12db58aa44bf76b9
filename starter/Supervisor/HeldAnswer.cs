using Engine.Shared.Protocol;
using Engine.Shared.Wire;
using Engine.Starter.Server;

namespace Engine.Starter.Supervisor;

/// <summary>
/// The answer to a Start that failed, held back until the container is cleaned up: who reads it finds the status "stopped",
/// and nothing left.
/// </summary>
internal static unsafe class HeldAnswer
{
    private struct Store
    {
        public fixed byte Frame[StageLink.NoteBytes];
    }

    private static Store s_store;
    private static int s_length;

    /// <summary>Keeps the present <see cref="Failure"/> as the answer to request <paramref name="id"/>.</summary>
    public static void Keep(uint id)
    {
        fixed (byte* at = s_store.Frame)
        {
            Codec c = Codec.Writer(at, StageLink.NoteBytes);
            ErrorRecord record = Failure.Record();
            Frame.Failure(ref c, id, ref record);
            s_length = c.Ok ? c.Position : 0;
        }
    }

    /// <summary>Sends it, if there is one and the master that asked is still there.</summary>
    public static void Send()
    {
        if (s_length != 0 && MasterProcess.Connected)
        {
            fixed (byte* at = s_store.Frame)
                Channel.Send(MasterProcess.Server.Socket, at, s_length, null, 0);
        }

        s_length = 0;
    }

    /// <summary>Who asked is gone.</summary>
    public static void Drop() => s_length = 0;
}
