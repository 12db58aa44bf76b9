using Engine.Shared.Protocol;
using Engine.Shared.Wire;
using Engine.Starter.Policy;
using Engine.Starter.Server;
using Engine.Starter.Stages;

namespace Engine.Starter.Supervisor;

/// <summary>
/// The sync socket: one connection for each status, one JSON document in it. Nobody who fails to listen or to read may
/// hold the container up: every wait is bounded, and a failure is forgotten.
/// </summary>
internal static unsafe class SyncSocket
{
    // For the connect (a full backlog) and for each write (a full buffer).
    private const long WaitSeconds = 1;

    /// <summary>Sends the present state, if there is a sync socket.</summary>
    public static void Send()
    {
        Text path = LaunchRecord.Launch.SyncSocket;
        if (path.IsEmpty || !StateDocument.Present)
            return;

        int target = Sys.openat(AT_FDCWD, path.At, O_PATH | O_CLOEXEC, 0);
        if (target < 0)
            return;

        int socket = Sys.socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (socket >= 0)
        {
            timeval wait;
            wait.tv_sec = WaitSeconds;
            wait.tv_usec = 0;
            Sys.setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof(timeval));
            // Whoever listens sees the caller, not root.
            Caller.Appear();
            int connected = Connect(socket, target);
            Caller.Return();
            if (connected >= 0)
                StateDocument.Write(socket, StateReader.Sync);
            Sys.close(socket);
        }

        Sys.close(target);
        Failure.Clear();
    }

    /// <summary>Through the O_PATH descriptor <paramref name="target"/>: a path may be longer than the 107 bytes of an address. -errno.</summary>
    public static int Connect(int socket, int target)
    {
        sockaddr_un address = default;
        address.sun_family = AF_UNIX;
        TextBuilder path = new TextBuilder(address.sun_path, 108);
        path.Append("/proc/self/fd/"u8);
        path.AppendDecimal(target);
        return Sys.connect(socket, &address, sizeof(sockaddr_un));
    }
}
