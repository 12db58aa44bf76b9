using Engine.Shared.Linux;
using Engine.Shared.Protocol;
using System;
using static Engine.Shared.Linux.Errno;
using static Engine.Shared.Linux.socket_h;

namespace Engine.Starter.Server;

/// <summary>What <see cref="Channel.Receive"/> found.</summary>
internal enum Arrival
{
    /// <summary>A datagram is in the inbox.</summary>
    Message,

    /// <summary>The peer is gone (an empty datagram counts as that: no message is empty).</summary>
    End,

    /// <summary>Nothing there, on a descriptor or a call that does not wait.</summary>
    Nothing,

    /// <summary>The peer broke the protocol or the socket failed; what came was closed and <see cref="Failure"/> says why.</summary>
    Broken,
}

/// <summary>One SOCK_SEQPACKET datagram with descriptors, in either direction. Received descriptors are close-on-exec.</summary>
internal static unsafe class Channel
{
    // cmsghdr, then the descriptors, padded: CMSG_SPACE(4 * Limits.Descriptors).
    private const int ControlHeader = 16;
    private const int ControlSpace = ControlHeader + (Limits.Descriptors * 4);

    /// <summary>
    /// Receives one datagram into <paramref name="inbox"/>, whose earlier descriptors are closed first.
    /// <paramref name="flags"/>: 0 or MSG_DONTWAIT.
    /// </summary>
    public static Arrival Receive(int socket, ref Inbox inbox, int flags = 0)
    {
        inbox.CloseAll();
        inbox.Length = 0;

        ulong* control = stackalloc ulong[ControlSpace / 8];
        iovec vector;
        vector.iov_base = inbox.Buffer;
        vector.iov_len = (ulong)inbox.Capacity;
        msghdr message = default;
        long received;
        bool reset = false;
        do
        {
            message.msg_iov = &vector;
            message.msg_iovlen = 1;
            message.msg_control = control;
            message.msg_controllen = ControlSpace;
            message.msg_flags = 0;
            received = Sys.recvmsg(socket, &message, flags | MSG_CMSG_CLOEXEC);
            // A peer that left something of ours unread resets the connection, which is told once and before its own last words.
            if (received == -ECONNRESET && !reset)
            {
                reset = true;
                received = -EINTR;
            }
        }
        while (received == -EINTR);

        if (received < 0)
        {
            return Failed(received);
        }

        // Every descriptor is taken over first: whatever is wrong with the message, none may stay open unnoticed.
        bool wellFormed = TakeDescriptors((byte*)control, (long)message.msg_controllen, ref inbox);
        if (!wellFormed || (message.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0)
        {
            inbox.CloseAll();
            Failure.Refuse("recvmsg"u8, "a datagram or its descriptors are over the protocol's limits"u8);
            return Arrival.Broken;
        }

        if (received == 0)
        {
            inbox.CloseAll();
            return Arrival.End;
        }

        inbox.Length = (int)received;
        return Arrival.Message;
    }

    /// <summary>
    /// Sends one datagram with <paramref name="count"/> descriptors, which stay the caller's. A peer that is gone is EPIPE,
    /// never SIGPIPE. <paramref name="flags"/>: 0 or MSG_DONTWAIT.
    /// </summary>
    public static bool Send(int socket, byte* at, int length, int* descriptors, int count, int flags = 0)
    {
        iovec vector;
        vector.iov_base = at;
        vector.iov_len = (ulong)length;
        return Send(socket, &vector, 1, descriptors, count, flags);
    }

    /// <summary>The same of several pieces. On a stream socket it is one write, and an error when not all of it could be sent.</summary>
    public static bool Send(int socket, iovec* pieces, int pieceCount, int* descriptors, int count, int flags = 0)
    {
        ulong* control = stackalloc ulong[ControlSpace / 8];
        msghdr message = default;
        message.msg_iov = pieces;
        message.msg_iovlen = (ulong)pieceCount;
        if (count > 0)
        {
            if (count > Limits.Descriptors)
            {
                return Failure.Refuse("sendmsg"u8, "too many descriptors for one datagram"u8);
            }

            // The kernel reads the padding, too: no bytes of this stack may leave with it.
            for (int i = 0; i < ControlSpace / 8; i++)
            {
                control[i] = 0;
            }

            cmsghdr* header = (cmsghdr*)control;
            header->cmsg_len = (ulong)CMSG_LEN(4 * count);
            header->cmsg_level = SOL_SOCKET;
            header->cmsg_type = SCM_RIGHTS;
            int* slots = (int*)((byte*)control + ControlHeader);
            for (int i = 0; i < count; i++)
            {
                slots[i] = descriptors[i];
            }

            message.msg_control = control;
            message.msg_controllen = (ulong)CMSG_SPACE(4 * count);
        }

        long sent;
        do
        {
            sent = Sys.sendmsg(socket, &message, flags | MSG_NOSIGNAL);
        }
        while (sent == -EINTR);

        if (sent < 0)
        {
            return Failure.Call("sendmsg"u8, sent);
        }

        for (int i = 0; i < pieceCount; i++)
        {
            sent -= (long)pieces[i].iov_len;
        }

        return sent == 0 || Failure.Refuse("sendmsg"u8, "a message was cut"u8);
    }

    private static Arrival Failed(long result)
    {
        if (result == -EAGAIN)
        {
            return Arrival.Nothing;
        }

        if (result == -ECONNRESET)
        {
            return Arrival.End;
        }

        Failure.Call("recvmsg"u8, result);
        return Arrival.Broken;
    }

    private static bool TakeDescriptors(byte* control, long length, ref Inbox inbox)
    {
        bool wellFormed = true;
        long at = 0;
        while (length - at >= ControlHeader)
        {
            cmsghdr* header = (cmsghdr*)(control + at);
            long size = (long)header->cmsg_len;
            if (size < ControlHeader || size > length - at)
            {
                return false;
            }

            if (header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS)
            {
                int* slots = (int*)(control + at + ControlHeader);
                for (long i = 0; i < (size - ControlHeader) / 4; i++)
                {
                    wellFormed &= inbox.Add(slots[i]);
                }
            }
            else
            {
                wellFormed = false;
            }

            at += (size + 7) & ~7L;
        }

        return wellFormed;
    }
}
