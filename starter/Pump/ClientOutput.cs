using Engine.Shared.Protocol;

namespace Engine.Starter.Pump;

/// <summary>
/// What clients get: ranges of the ring. A framed client gets them as they are, a raw one without the headers. Between two
/// frames our own are put in: the gap that a slow client fell behind by, the end of the replay, the exit code.
/// </summary>
internal static unsafe class ClientOutput
{
    private const int MaxVectors = 64;

    /// <summary>Sends until the socket is full or nothing is left.</summary>
    public static void Send(Client* client, byte* stash)
    {
        iovec* vectors = stackalloc iovec[MaxVectors];
        while (true)
        {
            if (client->AtBoundary && client->ControlLeft == 0)
                Boundary(client);

            int count = Describe(client, vectors, stash);
            if (count == 0)
                return;

            msghdr message = default;
            message.msg_iov = vectors;
            message.msg_iovlen = (ulong)count;
            long sent = Sys.sendmsg(client->Fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
            if (sent == -EAGAIN)
            {
                client->Blocked = true;
                return;
            }
            if (sent <= 0)
            {
                client->OutputEnded = true;
                return;
            }
            Account(client, sent);
        }
    }

    /// <summary>Nothing is left that could be sent.</summary>
    public static bool IsEmpty(Client* client) =>
        client->OutputEnded || (client->AtBoundary && client->Position == Ring.Head && client->ControlLeft == 0);

    /// <summary>The ring is about to drop the frame that this client is in the middle of: a framed one keeps the rest.</summary>
    public static void Save(Client* client, byte* stash)
    {
        if (client->Mode != ClientMode.Framed || client->FrameEnd == client->Position)
            return;
        int count = (int)(client->FrameEnd - client->Position);
        Ring.CopyOut(stash, client->Position, count);
        client->StashAt = 0;
        client->StashLength = count;
        client->Position = client->FrameEnd;
    }

    // Between two frames: what has to be said before the next one.
    private static void Boundary(Client* client)
    {
        if (client->Position < Ring.Tail)
        {
            if (client->Mode == ClientMode.Framed)
                client->QueueFrame(AttachFrame.Gap, 8, Ring.TailContent - client->Content);
            client->Position = client->FrameEnd = Ring.Tail;
            client->Content = Ring.TailContent;
        }
        if (client->Replaying && client->Position >= client->ReplayEnd)
        {
            client->Replaying = false;
            if (client->Mode == ClientMode.Framed)
                client->QueueFrame(AttachFrame.ReplayEnd, 0, 0);
        }
        if (Loop.Closing && client->Position == Ring.Head && !client->Finished)
        {
            client->Finished = true;
            if (client->Mode == ClientMode.Framed && Supervisor.HasExited)
                client->QueueFrame(AttachFrame.Exit, 4, (uint)Supervisor.ExitCode);
        }
    }

    private static int Describe(Client* client, iovec* vectors, byte* stash)
    {
        int count = 0;
        if (client->ControlLeft > 0)
        {
            Put(vectors, ref count, client->Control + client->ControlAt, (ulong)client->ControlLeft);
            // What follows a whole frame of ours is looked at again first: by then the ring may have dropped it.
            if (client->AtBoundary)
                return count;
        }
        if (client->StashLength > 0)
            Put(vectors, ref count, stash + client->StashAt, (ulong)(client->StashLength - client->StashAt));
        else if (client->Mode == ClientMode.Framed)
            count += DescribeFrames(client, vectors + count);
        else
            DescribeContent(client, vectors, ref count);
        return count;
    }

    private static int DescribeFrames(Client* client, iovec* vectors)
    {
        ulong end = client->Replaying ? client->ReplayEnd : Ring.Head;
        return end > client->Position ? Ring.Describe(vectors, client->Position, end - client->Position) : 0;
    }

    private static void DescribeContent(Client* client, iovec* vectors, ref int count)
    {
        // A raw client that was overtaken in the middle of a frame goes on with the oldest one that is left.
        if (client->Position < Ring.Tail)
        {
            client->Position = client->FrameEnd = Ring.Tail;
            client->Content = Ring.TailContent;
        }
        ulong at = client->Position;
        ulong end = client->FrameEnd;
        while (at < Ring.Head && count + 2 <= MaxVectors)
        {
            if (at == end)
            {
                end = Ring.Next(at);
                at += AttachFrame.HeaderBytes;
            }
            count += Ring.Describe(vectors + count, at, end - at);
            at = end;
        }
    }

    private static void Put(iovec* vectors, ref int count, byte* at, ulong length)
    {
        vectors[count].iov_base = at;
        vectors[count].iov_len = length;
        count++;
    }

    private static void Account(Client* client, long sent)
    {
        long part = sent < client->ControlLeft ? sent : client->ControlLeft;
        client->ControlAt += (int)part;
        sent -= part;
        if (client->StashLength > 0)
        {
            client->StashAt += (int)sent;
            if (client->StashAt == client->StashLength)
                client->StashAt = client->StashLength = 0;
            return;
        }
        if (client->Mode == ClientMode.Framed)
        {
            client->Position += (ulong)sent;
            while (client->FrameEnd < client->Position)
                Enter(client, client->FrameEnd);
            return;
        }
        while (sent > 0)
        {
            if (client->Position == client->FrameEnd)
            {
                Enter(client, client->Position);
                client->Position += AttachFrame.HeaderBytes;
            }
            ulong rest = client->FrameEnd - client->Position;
            part = (ulong)sent < rest ? sent : (long)rest;
            client->Position += (ulong)part;
            sent -= part;
        }
    }

    private static void Enter(Client* client, ulong frame)
    {
        client->Tag = Ring.Tag(frame);
        client->Content += Ring.Length(frame);
        client->FrameEnd = Ring.Next(frame);
    }
}
