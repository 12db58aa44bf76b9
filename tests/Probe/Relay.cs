using Engine.Shared.Protocol;

namespace Engine.Starter;

/// <summary>
/// Stands in for the master, which is executed as <c>engine master create</c>: hands its sockets to the test, so that the test drives both
/// servers itself, with whatever requests it likes.
/// </summary>
internal static unsafe class Relay
{
    private const int HeaderBytes = 16, Sockets = 2;

    /// <summary>
    /// Sends the supervisor's and the container stage's socket over the request socket, then lives until the test closes that. Started as
    /// <c>engine master serve</c>, without a request socket, it only waits, and the test takes the supervisor's socket itself (pidfd_getfd).
    /// Does not return.
    /// </summary>
    public static void Run()
    {
        byte* text = CString.Of("sockets"u8);
        iovec vector;
        vector.iov_base = text;
        vector.iov_len = (ulong)CString.Length(text);

        byte* control = stackalloc byte[HeaderBytes + Sockets * sizeof(int)];
        cmsghdr* header = (cmsghdr*)control;
        header->cmsg_len = (ulong)CMSG_LEN(Sockets * sizeof(int));
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        int* descriptors = (int*)(control + HeaderBytes);
        descriptors[0] = MasterDescriptors.HostRpc;
        descriptors[1] = MasterDescriptors.ContainerRpc;

        msghdr message = default;
        message.msg_iov = &vector;
        message.msg_iovlen = 1;
        message.msg_control = control;
        message.msg_controllen = HeaderBytes + Sockets * sizeof(int);
        long sent = Sys.sendmsg(MasterDescriptors.RequestSocket, &message, MSG_NOSIGNAL);
        if (sent == -EBADF)
            Actions.Sleep(ulong.MaxValue);
        if (sent < 0)
            Sys.exit_group(1);

        // Whoever keeps the sockets open keeps the connection: its end must be the test's to see and to cause.
        Sys.close(MasterDescriptors.HostRpc);
        Sys.close(MasterDescriptors.ContainerRpc);
        pollfd watch;
        watch.fd = MasterDescriptors.RequestSocket;
        watch.events = 0;
        do
            Sys.poll(&watch, 1, -1);
        while ((watch.revents & (POLLHUP | POLLERR)) == 0);
        Sys.exit_group(0);
    }
}
