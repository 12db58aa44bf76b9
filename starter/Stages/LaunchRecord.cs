using Engine.Shared.Protocol;
using Engine.Shared.Wire;
using Engine.Starter.Server;

namespace Engine.Starter.Stages;

/// <summary>The launch record and its descriptors, kept for the life of the process.</summary>
internal static unsafe class LaunchRecord
{
    private const int Kinds = (int)LaunchDescriptor.SeccompListener + 1;

    private struct Store
    {
        public fixed byte Frame[Limits.Frame];
        public fixed int Descriptors[Kinds];
    }

    private static Store s_store;
    private static Launch s_launch;

    /// <summary>The record. Its texts lie in this class's buffer and stay.</summary>
    public static ref Launch Launch => ref s_launch;

    /// <summary>The descriptor of that kind, owned by this class; -1 when it did not come.</summary>
    public static int Get(LaunchDescriptor kind) => s_store.Descriptors[(int)kind];

    /// <summary>Ends the ownership: the caller closes it. -1 when it did not come.</summary>
    public static int Take(LaunchDescriptor kind)
    {
        int fd = s_store.Descriptors[(int)kind];
        s_store.Descriptors[(int)kind] = -1;
        return fd;
    }

    /// <summary>Puts another descriptor in its place, which this class owns from now on. True.</summary>
    public static bool Put(LaunchDescriptor kind, int fd)
    {
        int old = s_store.Descriptors[(int)kind];
        if (old >= 0)
            Sys.close(old);
        s_store.Descriptors[(int)kind] = fd;
        return true;
    }

    /// <summary>Receives the first datagram of the launch socket. Waits for it.</summary>
    public static bool Receive()
    {
        Inbox inbox;
        fixed (byte* frame = s_store.Frame)
            inbox = new Inbox(frame, Limits.Frame);
        for (int i = 0; i < Kinds; i++)
            s_store.Descriptors[i] = -1;

        Arrival arrival = Channel.Receive(Stage0Entry.LaunchSocket, ref inbox);
        if (arrival == Arrival.Broken)
            return false;
        if (arrival != Arrival.Message)
            return Failure.Refuse("launch"u8, "the caller closed the launch socket without a launch record"u8);

        Codec c = Codec.Reader(inbox.Buffer, inbox.Length);
        s_launch.Fields(ref c);
        c.End();
        return Check(ref c) && Distribute(ref inbox) && PreservedFiles.Receive();
    }

    /// <summary>A single path component: neither empty nor "." nor "..", no slash.</summary>
    public static bool IsLeaf(Text name)
    {
        if (name.IsEmpty || name.Length > Limits.Leaf || name.Is("."u8) || name.Is(".."u8))
            return false;
        for (int i = 0; i < name.Length; i++)
        {
            if (name.At[i] == '/')
                return false;
        }

        return true;
    }

    // Version and build before anything else is looked at: the fields behind them may mean something else in another build.
    private static bool Check(ref Codec c)
    {
        bool read = c.Ok || c.Position > 0;
        if (read && (s_launch.Version != Limits.Version || !s_launch.Build.Is(BuildId.Value)))
            return Failure.Refuse("launch"u8, "engine and starter are from different builds; install them together"u8);
        if (!c.Ok)
            return Failure.Refuse("launch"u8, Wording.Of(c.Status));
        if (!IsLeaf(s_launch.Id))
            return Failure.Refuse("launch"u8, s_launch.Id, "not a container id"u8);
        if (!s_launch.LogLeaf.IsEmpty && !IsLeaf(s_launch.LogLeaf))
            return Failure.Refuse("launch"u8, s_launch.LogLeaf, "the log's name is not one path component"u8);
        if (!s_launch.PidLeaf.IsEmpty && !IsLeaf(s_launch.PidLeaf))
            return Failure.Refuse("launch"u8, s_launch.PidLeaf, "the pid file's name is not one path component"u8);
        if (!s_launch.SyncSocket.IsEmpty && s_launch.SyncSocket.At[0] != '/')
            return Failure.Refuse("launch"u8, s_launch.SyncSocket, "the sync socket's path is not absolute"u8);
        return true;
    }

    private static bool Distribute(ref Inbox inbox)
    {
        int next = 0;
        for (int kind = 0; kind < Kinds; kind++)
        {
            if ((s_launch.Descriptors >> kind & 1) == 0)
                continue;
            int fd = inbox.Take(next++);
            s_store.Descriptors[kind] = fd;
            if (fd < 0)
                break;
        }

        bool exact = next == inbox.Count && s_launch.Descriptors >> Kinds == 0;
        inbox.CloseAll();
        return exact || Failure.Refuse("launch"u8, "the descriptors are not those that the record lists"u8);
    }
}
