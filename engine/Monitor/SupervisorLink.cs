using Engine.Rpc;
using Engine.Rpc.Client;
using Engine.Shared.Linux;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Engine.Monitor;

/// <summary>
/// The one owner of the channel to the supervisor. Requests go out in the order in which they are made and are not
/// waited for one by one, so that a hook that hangs does not keep a kill back. When the supervisor is gone the master
/// has nothing left to serve and leaves.
/// </summary>
public sealed class SupervisorLink(
    EventLoop loop, SupervisorClient client, IHostApplicationLifetime lifetime, ILogger<SupervisorLink> logger) : IHostedService, IDisposable
{
    private EventLoop.Watch? _watch;

    /// <summary>The container's status became another; on the loop.</summary>
    public event Action<ContainerStatus>? StateChanged;

    /// <inheritdoc/>
    public Task StartAsync(CancellationToken cancellationToken)
    {
        client.StateChanged += OnStateChanged;
        _watch = loop.Add(client.Connection.Socket, poll_h.POLLIN, _ => Receive());
        // What arrived during the creation would not make the socket readable again.
        loop.Post(Receive);
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public Task StopAsync(CancellationToken cancellationToken)
    {
        Dispose();
        return Task.CompletedTask;
    }

    /// <summary>Makes a request whose answer has a value.</summary>
    public Task<T> Call<T>(Func<SupervisorClient, Pending<T>> request)
    {
        var completion = new TaskCompletionSource<T>();
        var pending = request(client);
        OnCompleted(pending, () => completion.SetResult(pending.Result), error => completion.SetException(error));
        return completion.Task;
    }

    /// <summary>Makes a request.</summary>
    public Task Call(Func<SupervisorClient, Pending> request)
    {
        var completion = new TaskCompletionSource();
        OnCompleted(request(client), completion.SetResult, error => completion.SetException(error));
        return completion.Task;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        client.StateChanged -= OnStateChanged;
        _watch?.Dispose();
        _watch = null;
    }

    // Answers come in while a request is being sent, too: whoever waits for one goes on only when the client is at rest.
    private void OnCompleted(Pending pending, Action succeed, Action<Exception> fail) => pending.OnCompleted(done => loop.Post(() =>
    {
        if (done.Error is { } error)
        {
            fail(error);
        }
        else
        {
            succeed();
        }
    }));

    private void OnStateChanged(ContainerStatus status) => loop.Post(() => StateChanged?.Invoke(status));

    private void Receive()
    {
        if (_watch is null || client.Connection.ReceiveAvailable())
        {
            return;
        }

        Dispose();
        MonitorLog.SupervisorGone(logger);
        // Behind the failures of what is not answered any more, which its clients are still told.
        loop.Post(lifetime.StopApplication);
    }
}
