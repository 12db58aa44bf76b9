using System.Globalization;
using System.Text;
using Engine.Diagnostics;
using Engine.Linux;
using Engine.Rpc.Linux;
using Engine.Shared.Linux;
using Engine.Spec;
using Engine.State;

namespace Engine.Runtime;

/// <summary>
/// sd_notify(3) through the container's wall. When this command runs under NOTIFY_SOCKET, the container gets a socket of its own at
/// /run/notify, and whoever starts it passes READY on and says itself which process is the main one: nothing else that a payload writes
/// reaches the service manager (it could name another process by MAINPID).
/// </summary>
public sealed class NotifySocket : IDisposable
{
    private const string Variable = "NOTIFY_SOCKET";
    private const string DirectoryName = "notify";
    private const string Leaf = "notify.sock";
    private const string Inside = "/run/notify";
    private const int DirectoryMode = 0x1ed;
    private const int MaxMessage = 4096;

    private readonly DatagramSocket _socket;
    private readonly string _host;

    private NotifySocket(DatagramSocket socket, string host)
    {
        _socket = socket;
        _host = host;
    }

    private static string? Host => Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } host ? host : null;

    /// <summary>At create: a directory for the socket, its mount, and the variable. Nothing without a NOTIFY_SOCKET of our own.</summary>
    public static void AddTo(RuntimeSpec spec, ContainerDirectory directory)
    {
        if (Host is null || spec.Process is not { } process)
        {
            return;
        }

        string path = directory.PathOf(DirectoryName);
        Files.MakeDirectory(path, DirectoryMode);
        spec.Mounts =
        [
            .. spec.Mounts,
            new MountSpec { Destination = Inside, Type = "bind", Source = path, Options = ["bind", "nosuid", "noexec", "nodev", "ro"] },
        ];
        process.Env = [.. process.Env, $"{Variable}={Inside}/{Leaf}"];
    }

    /// <summary>Before the start: listens, if the container was created with such a socket and this command has one to pass on to; else null.</summary>
    public static NotifySocket? Listen(ContainerDirectory directory)
    {
        if (Host is not { } host || !Directory.Exists(directory.PathOf(DirectoryName)))
        {
            return null;
        }

        using SafeFd parent = Files.OpenDirectory(directory.PathOf(DirectoryName));
        return new NotifySocket(DatagramSocket.Bind(parent, Leaf), host);
    }

    /// <summary>Waits until the payload says READY=1, and passes it on with the main process's pid; or until the payload has ended.</summary>
    public void Relay(SafeFd payload, int pid)
    {
        byte[] buffer = new byte[MaxMessage];
        while (true)
        {
            (bool said, bool ended) = Polling.Readable(_socket.Descriptor.Value, payload.Value);
            while (said && _socket.Receive(buffer) is >= 0 and int length)
            {
                if (Encoding.UTF8.GetString(buffer, 0, length).Split('\n').Contains("READY=1"))
                {
                    DatagramSocket.SendTo(_host, string.Create(CultureInfo.InvariantCulture, $"MAINPID={pid}\nREADY=1"));
                    return;
                }
            }

            if (ended)
            {
                return;
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _socket.Dispose();
}
