using Engine.Starter.Server;

namespace Engine.Starter.Container;

/// <summary>The loopback interface of the container's own network namespace.</summary>
internal static unsafe class Loopback
{
    /// <summary>Sets IFF_UP on lo.</summary>
    public static bool Up()
    {
        if (!ContainerStage.Owns(CLONE_NEWNET))
            return Failure.Refuse("loopback"u8, "the network namespace is the host's"u8);

        int socket = Sys.socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        if (socket < 0)
            return Failure.Call("socket"u8, socket);

        ifreq request = default;
        request.ifr_name[0] = (byte)'l';
        request.ifr_name[1] = (byte)'o';
        int result = Sys.ioctl(socket, SIOCGIFFLAGS, &request);
        if (result >= 0)
        {
            request.ifr_flags |= IFF_UP;
            result = Sys.ioctl(socket, SIOCSIFFLAGS, &request);
        }

        Sys.close(socket);
        return result >= 0 || Failure.Call("ioctl(SIOCSIFFLAGS)"u8, "lo"u8, result);
    }
}
