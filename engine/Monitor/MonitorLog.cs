using Microsoft.Extensions.Logging;

namespace Engine.Monitor;

/// <summary>Everything that the master says of itself.</summary>
internal static partial class MonitorLog
{
    [LoggerMessage(1, LogLevel.Debug, "serving {Id}")]
    public static partial void Serving(ILogger logger, string id);

    [LoggerMessage(2, LogLevel.Debug, "no client for {Seconds} s, leaving")]
    public static partial void Idle(ILogger logger, double seconds);

    [LoggerMessage(3, LogLevel.Debug, "the supervisor is gone, leaving")]
    public static partial void SupervisorGone(ILogger logger);

    [LoggerMessage(4, LogLevel.Warning, "client refused: process {Pid} of uid {Uid}: {Reason}")]
    public static partial void ClientRefused(ILogger logger, int pid, uint uid, string reason);

    [LoggerMessage(5, LogLevel.Warning, "client dropped: process {Pid} of uid {Uid}: {Reason}")]
    public static partial void ClientDropped(ILogger logger, int pid, uint uid, string reason);

    [LoggerMessage(6, LogLevel.Error, "defect while answering a client")]
    public static partial void Defect(ILogger logger, Exception exception);

    [LoggerMessage(7, LogLevel.Warning, "{Line}")]
    public static partial void OperationFailed(ILogger logger, string line);
}
