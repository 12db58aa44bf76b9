using Engine.Starter.Server;

namespace Engine.Starter.Supervisor;

/// <summary>One rtnetlink request in a caller's buffer, aligned to four bytes, and its acknowledgement.</summary>
internal unsafe ref struct NetlinkMessage
{
    /// <summary>Room for the largest request that is made here, and for its acknowledgement, which quotes it.</summary>
    public const int Bytes = 256;

    private readonly byte* _at;
    private int _length;

    public NetlinkMessage(byte* buffer, int type, int flags)
    {
        _at = buffer;
        for (int i = 0; i < Bytes; i++)
            buffer[i] = 0;
        nlmsghdr* head = (nlmsghdr*)buffer;
        head->nlmsg_type = (ushort)type;
        head->nlmsg_flags = (ushort)(NLM_F_REQUEST | NLM_F_ACK | flags);
        _length = sizeof(nlmsghdr);
    }

    /// <summary>The body behind the head, zeroed; once, before any attribute.</summary>
    public void* Body(int size)
    {
        byte* body = _at + _length;
        _length += size;
        return body;
    }

    /// <summary>Adds an attribute. The callers' sizes are bounded: <see cref="Bytes"/> is enough.</summary>
    public void Add(int type, void* value, int size)
    {
        *(ushort*)(_at + _length) = (ushort)(size + 4);
        *(ushort*)(_at + _length + 2) = (ushort)type;
        for (int i = 0; i < size; i++)
            _at[_length + 4 + i] = ((byte*)value)[i];
        _length += (size + 4 + 3) & ~3;
    }

    /// <summary>Sends it and takes the kernel's answer, which is there when the send returns. 0 or -errno.</summary>
    public long Send(int socket)
    {
        ((nlmsghdr*)_at)->nlmsg_len = (uint)_length;
        long result = Sys.write(socket, _at, (ulong)_length);
        if (result < 0)
            return result;
        result = Sys.read(socket, _at, Bytes);
        if (result < 0)
            return result;
        bool answer = result >= sizeof(nlmsghdr) + sizeof(int) && ((nlmsghdr*)_at)->nlmsg_type == NLMSG_ERROR;
        return answer ? *(int*)(_at + sizeof(nlmsghdr)) : -EPROTO;
    }
}
