using Engine.Shared.Protocol;
using Engine.Shared.Wire;
using Engine.Starter.Payload;
using Engine.Starter.Server;

namespace Engine.Starter.Stages;

/// <summary>
/// Descriptors of the caller's that the payload gets from number 3 on (--preserve-fds, socket activation). They are received behind the
/// launch record, travel to the process that becomes the payload, and are put on their numbers right before its execve.
/// </summary>
internal static unsafe class PreservedFiles
{
    private struct Store
    {
        public fixed int Descriptors[Limits.Preserved];
        public fixed byte Frame[64];
    }

    private static Store s_store;
    private static int s_count;
    private static int s_first;

    /// <summary>How many there are.</summary>
    public static int Count => s_count;

    /// <summary>Takes those that the launch record announces from the launch socket.</summary>
    public static bool Receive()
    {
        uint wanted = LaunchRecord.Launch.Preserved;
        if (wanted > Limits.Preserved)
            return Failure.Refuse("launch"u8, "too many descriptors for the payload"u8);
        while (s_count < (int)wanted)
        {
            if (!ReceiveSome((int)wanted))
                return false;
        }

        return true;
    }

    /// <summary>Appends them to descriptors that <see cref="DescriptorPlan"/> is to arrange.</summary>
    public static void AppendTo(int* descriptors, int at)
    {
        for (int i = 0; i < s_count; i++)
            descriptors[at + i] = s_store.Descriptors[i];
    }

    /// <summary>They have the numbers from <paramref name="first"/> on now, in this process.</summary>
    public static void ArrangedAt(int first) => s_first = first;

    /// <summary>
    /// Leaves nothing open but 0 to 2, these from 3 on, the connection to a seccomp listener, and <paramref name="link"/>, which gets another number when it stands in their
    /// way and is close-on-exec. Whatever an earlier stage forgot: a descriptor of the host in the payload is the way out
    /// (CVE-2024-21626, CVE-2019-5736).
    /// </summary>
    public static bool Place(ref int link)
    {
        int end = 3 + s_count;
        int result = s_count == 0 ? Sys.fcntl(link, F_SETFD, FD_CLOEXEC) : Sys.fcntl(link, F_DUPFD_CLOEXEC, end);
        if (result < 0)
            return Failure.Call("fcntl"u8, result);
        if (s_count != 0)
            link = result;

        // Each moves down, onto a number that is free or that an earlier one has left.
        for (int i = 0; i < s_count && result >= 0; i++)
            result = Sys.dup3(s_first + i, 3 + i, 0);
        if (result < 0)
            return Failure.Call("dup3"u8, result);
        if (!SeccompListener.Keep(link + 1))
            return false;

        if (link > end)
            result = Sys.close_range((uint)end, (uint)link - 1, 0);
        if (result >= 0)
            result = Sys.close_range((uint)link + 1 + SeccompListener.Held, uint.MaxValue, 0);
        return result >= 0 || Failure.Call("close_range"u8, result);
    }

    private static bool ReceiveSome(int wanted)
    {
        fixed (byte* frame = s_store.Frame)
        {
            Inbox inbox = new Inbox(frame, 64);
            Arrival arrival = Channel.Receive(Stage0Entry.LaunchSocket, ref inbox);
            if (arrival == Arrival.Broken)
                return false;
            Codec c = Codec.Reader(inbox.Buffer, inbox.Length);
            PreservedDescriptors message = default;
            message.Fields(ref c);
            c.End();
            int count = inbox.Count;
            bool exact = arrival == Arrival.Message && c.Ok && count > 0 && message.Count == count && s_count + count <= wanted;
            for (int i = 0; i < count && exact; i++)
                s_store.Descriptors[s_count++] = inbox.Take(i);
            inbox.CloseAll();
            return exact || Failure.Refuse("launch"u8, "the payload's descriptors are not those that the record announces"u8);
        }
    }
}
