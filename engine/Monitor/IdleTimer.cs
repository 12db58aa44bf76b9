using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Engine.Monitor;

/// <summary>
/// Lets the master leave when nobody needs it: no client for some seconds. A client that connects at that moment is not
/// lost: what this process has not accepted stays in the listening socket's queue, the supervisor sees it there and
/// starts the next master.
/// </summary>
public sealed class IdleTimer(EventLoop loop, TimeSpan time, IHostApplicationLifetime lifetime, ILogger<IdleTimer> logger) : IHostedService
{
    private EventLoop.LoopTimer? _timer;
    private int _uses;

    /// <inheritdoc/>
    public Task StartAsync(CancellationToken cancellationToken)
    {
        Arm();
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public Task StopAsync(CancellationToken cancellationToken)
    {
        _timer?.Dispose();
        return Task.CompletedTask;
    }

    /// <summary>Somebody needs the master until <see cref="Leave"/>.</summary>
    public void Enter()
    {
        _uses++;
        _timer?.Dispose();
    }

    /// <summary>Ends what <see cref="Enter"/> began.</summary>
    public void Leave()
    {
        if (--_uses == 0)
        {
            Arm();
        }
    }

    private void Arm()
    {
        _timer?.Dispose();
        _timer = loop.After(time, () =>
        {
            MonitorLog.Idle(logger, time.TotalSeconds);
            lifetime.StopApplication();
        });
    }
}
