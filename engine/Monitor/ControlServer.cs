using Engine.Linux;
using Engine.Monitor.JsonRpc;
using Engine.Rpc.Linux;
using Engine.Shared.Linux;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Engine.Monitor;

/// <summary>
/// Accepts control clients on the inherited listening socket: root and the container's owner, told by their credentials
/// at the time of connect. The socket stays the supervisor's, too, which is why nothing is accepted once the master leaves.
/// </summary>
public sealed class ControlServer(
    EventLoop loop,
    SafeFd listener,
    ContainerRecord container,
    ControlMethods methods,
    Subscriptions subscriptions,
    IdleTimer idle,
    ControlLimits limits,
    ILogger<ControlServer> logger) : IHostedService
{
    private const int AcceptsPerTurn = 16;
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LastWords = TimeSpan.FromSeconds(1);
    private readonly HashSet<ControlConnection> _connections = [];
    private readonly ControlBudget _budget = new(limits.Memory);
    private EventLoop.Watch? _watch;

    /// <summary>Clients now.</summary>
    public int Clients => _connections.Count;

    /// <inheritdoc/>
    public Task StartAsync(CancellationToken cancellationToken)
    {
        Listen();
        MonitorLog.Serving(logger, container.Id);
        return Task.CompletedTask;
    }

    /// <summary>Stops accepting, lets clients have what is already theirs, and closes.</summary>
    public Task StopAsync(CancellationToken cancellationToken)
    {
        _watch?.Dispose();
        long deadline = Environment.TickCount64 + (long)LastWords.TotalMilliseconds;
        while (_connections.FirstOrDefault(c => c.HasUnsent) is { } behind)
        {
            int left = (int)Math.Max(0, deadline - Environment.TickCount64);
            if (left == 0 || !behind.WaitWritable(left))
            {
                break;
            }

            behind.Flush();
        }

        foreach (var connection in _connections.ToArray())
        {
            connection.Dispose();
        }

        return Task.CompletedTask;
    }

    private void Listen() => _watch = loop.Add(listener, poll_h.POLLIN, _ => Accept());

    private void Accept()
    {
        try
        {
            for (int i = 0; i < AcceptsPerTurn && UnixSockets.TryAccept(listener) is { } socket; i++)
            {
                Serve(socket);
            }
        }
        catch (SyscallException error)
        {
            // Out of descriptors or memory: the client stays in the queue, and asking again at once would only spin.
            MonitorLog.OperationFailed(logger, error.Message);
            _watch?.Dispose();
            loop.After(Pause, Listen);
        }
    }

    private void Serve(SafeFd socket)
    {
        PeerCredentials peer;
        try
        {
            peer = UnixSockets.Peer(socket);
        }
        catch (SyscallException)
        {
            socket.Dispose();
            return;
        }

        var connection = new ControlConnection(loop, socket, peer, methods, limits, _budget, logger, OnEnded);
        _connections.Add(connection);
        idle.Enter();
        if (peer.Uid != 0 && peer.Uid != container.OwnerUid)
        {
            Refuse(connection, new JsonRpcException(
                JsonRpcCode.OperationFailed, $"uid {peer.Uid} is neither root nor the container's owner", new("connect", "control.sock", Errno.EPERM)));
        }
        else if (_connections.Count > limits.Clients)
        {
            Refuse(connection, new JsonRpcException(JsonRpcCode.Busy, $"there are {limits.Clients} clients already"));
        }
    }

    private void Refuse(ControlConnection connection, JsonRpcException reason)
    {
        MonitorLog.ClientRefused(logger, connection.Peer.Pid, connection.Peer.Uid, reason.Message);
        connection.Refuse(reason);
    }

    private void OnEnded(ControlConnection connection)
    {
        if (_connections.Remove(connection))
        {
            subscriptions.Remove(connection);
            idle.Leave();
        }
    }
}
