using Engine.Shared.Protocol;

namespace Engine.Starter.Pump;

/// <summary>
/// The attach connections: who may come in, what each waits for, how each ends. Nothing here waits for a client; only one that
/// asked for it (<see cref="AttachFlow"/>) can hold back the reading of output.
/// </summary>
internal static unsafe class Clients
{
    /// <summary>One more is turned away by closing it.</summary>
    public const int Max = 32;

    private static ClientTable s_table;
    private static int s_listener;
    private static bool s_listening;
    private static uint s_owner;

    /// <summary>The listening socket, -1 without one.</summary>
    public static int Listener => s_listening ? s_listener : -1;

    /// <summary>Takes over the listening socket, or -1 for none.</summary>
    public static void Setup(int listener)
    {
        for (int i = 0; i < Max; i++)
            At(i)->Fd = -1;
        s_owner = Sys.getuid();
        s_listening = listener >= 0;
        s_listener = listener;
        if (s_listening)
            Stdio.MakeNonblocking(listener);
    }

    /// <summary>The slot <paramref name="index"/>, free or not.</summary>
    public static Client* At(int index)
    {
        fixed (Client* first = &s_table.First)
            return first + index;
    }

    /// <summary>Takes every connection that waits.</summary>
    public static void Accept(long now)
    {
        while (s_listening)
        {
            int fd = Sys.accept4(s_listener, null, null, SOCK_NONBLOCK | SOCK_CLOEXEC);
            if (fd == -ECONNABORTED)
                continue;
            if (fd < 0)
                return;
            Client* client = Free();
            if (client == null || !IsAllowed(fd))
                Sys.close(fd);
            else
                Begin(client, fd, now);
        }
    }

    /// <summary>
    /// What the poll loop asks for: input as long as there is room for it, room when the socket was full. A connection that
    /// only its pending input keeps is left out until that can be read, because a hang-up cannot be masked.
    /// </summary>
    public static void Poll(pollfd* entries)
    {
        for (int i = 0; i < Max; i++)
        {
            Client* client = At(i);
            bool reads = client->Fd >= 0 && !client->InputEnded && ClientInput.Allowed(client) > 0;
            entries[i].fd = client->OutputEnded && !reads ? -1 : client->Fd;
            entries[i].events = (short)((reads ? POLLIN : 0) | (client->Blocked ? POLLOUT : 0));
            entries[i].revents = 0;
        }
    }

    /// <summary>Acts on what poll found.</summary>
    public static void Handle(pollfd* entries, long now)
    {
        for (int i = 0; i < Max; i++)
        {
            Client* client = At(i);
            int found = entries[i].revents;
            if (found == 0 || client->Fd < 0 || client->Fd != entries[i].fd)
                continue;
            if ((found & (POLLHUP | POLLERR)) != 0)
                client->OutputEnded = true;
            if ((found & POLLOUT) != 0)
                client->Blocked = false;
            if ((found & (POLLIN | POLLHUP | POLLERR)) != 0 && !client->InputEnded)
                ClientInput.Read(client, now);
            CloseIfDone(client);
        }
    }

    /// <summary>Sends to every client what its socket takes, and lets pass the times that are over.</summary>
    public static void Send(long now)
    {
        for (int i = 0; i < Max; i++)
        {
            Client* client = At(i);
            if (client->Fd < 0)
                continue;
            if (client->GuessUntil != 0 && now >= client->GuessUntil)
                ClientInput.DecideRaw(client);
            if (client->HoldUntil != 0 && now >= client->HoldUntil)
                client->HoldUntil = 0;
            if (!client->Blocked && !client->OutputEnded && client->HoldUntil == 0)
                ClientOutput.Send(client, Memory.Stash(i));
            CloseIfDone(client);
        }
    }

    /// <summary>The first moment at which <see cref="Send"/> has to be called without an event; 0 for none.</summary>
    public static long Deadline()
    {
        long first = 0;
        for (int i = 0; i < Max; i++)
        {
            Client* client = At(i);
            if (client->Fd < 0)
                continue;
            first = Loop.Earlier(first, client->HoldUntil);
            first = Loop.Earlier(first, client->GuessUntil);
        }
        return first;
    }

    /// <summary>How much output may be read now without a lossless client losing some; int.MaxValue without one.</summary>
    public static int Room()
    {
        int room = int.MaxValue;
        for (int i = 0; i < Max; i++)
        {
            Client* client = At(i);
            if (client->Fd < 0 || client->OutputEnded || client->Flow == AttachFlow.Lossy)
                continue;
            int its = client->Flow == AttachFlow.Hold && !Loop.Ending ? 0 : Ring.RoomBefore(client->Position);
            if (its < room)
                room = its;
        }
        return room;
    }

    /// <summary>The smallest position that a client still needs, at most <paramref name="limit"/>.</summary>
    public static ulong Oldest(ulong limit)
    {
        for (int i = 0; i < Max; i++)
        {
            Client* client = At(i);
            if (client->Fd >= 0 && !client->OutputEnded && client->Position < limit)
                limit = client->Position;
        }
        return limit;
    }

    /// <summary>The ring drops everything before <paramref name="tail"/>, whose bytes are still there during this call.</summary>
    public static void Evict(ulong tail)
    {
        for (int i = 0; i < Max; i++)
        {
            Client* client = At(i);
            if (client->Fd >= 0 && client->Position < tail)
                ClientOutput.Save(client, Memory.Stash(i));
        }
    }

    /// <summary>True while somebody is connected.</summary>
    public static bool Any()
    {
        for (int i = 0; i < Max; i++)
        {
            if (At(i)->Fd >= 0)
                return true;
        }
        return false;
    }

    /// <summary>Gives back the pages of stashes that are empty.</summary>
    public static void Trim()
    {
        for (int i = 0; i < Max; i++)
        {
            if (At(i)->Fd >= 0 && At(i)->StashLength > 0)
                return;
        }
        Bytes.Release(Memory.Stash(0), Max * Client.StashBytes);
    }

    /// <summary>Ends a connection. Input that nobody read is taken out first: it would turn the end into a reset for the client.</summary>
    public static void Close(Client* client)
    {
        for (int i = 0; i < 16 && Sys.read(client->Fd, Memory.Receive, Memory.ReceiveBytes) > 0; i++)
        {
        }
        Sys.close(client->Fd);
        *client = default;
        client->Fd = -1;
    }

    private static void Begin(Client* client, int fd, long now)
    {
        *client = default;
        client->Fd = fd;
        client->HoldUntil = now + Client.Patience;
        client->Position = Ring.Window;
        client->FrameEnd = Ring.Window;
        client->Content = Ring.WindowContent;
        client->ReplayEnd = Ring.Head;
        client->Replaying = true;
    }

    private static void CloseIfDone(Client* client)
    {
        if (client->Fd < 0)
            return;
        bool useless = client->OutputEnded && client->InputEnded;
        if (useless || (client->Finished && ClientOutput.IsEmpty(client)))
            Close(client);
    }

    private static Client* Free()
    {
        for (int i = 0; i < Max; i++)
        {
            if (At(i)->Fd < 0)
                return At(i);
        }
        return null;
    }

    // Root, and whoever this pump runs as: the container's owner in the workflows of ordinary users, nobody else in root's.
    private static bool IsAllowed(int fd)
    {
        ucred peer = default;
        int length = sizeof(ucred);
        return Sys.getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &length) == 0 && (peer.uid == 0 || peer.uid == s_owner);
    }
}
