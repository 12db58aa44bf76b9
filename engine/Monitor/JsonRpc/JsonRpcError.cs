using Engine.Rpc;

namespace Engine.Monitor.JsonRpc;

/// <summary>Codes of JSON-RPC 2.0 (section 5.1) and, positive, of this application.</summary>
public static class JsonRpcCode
{
    /// <summary>No JSON.</summary>
    public const int ParseError = -32700;

    /// <summary>JSON, but no request.</summary>
    public const int InvalidRequest = -32600;

    /// <summary>Unknown method.</summary>
    public const int MethodNotFound = -32601;

    /// <summary>Parameters that the method does not take.</summary>
    public const int InvalidParams = -32602;

    /// <summary>A defect of ours.</summary>
    public const int InternalError = -32603;

    /// <summary>The server takes no more clients or requests now.</summary>
    public const int Busy = -32000;

    /// <summary>The operation was tried and failed, or was refused; data holds operation, path, errno.</summary>
    public const int OperationFailed = 1;

    /// <summary>The container's supervisor is gone, and with it the container.</summary>
    public const int ContainerGone = 2;
}

/// <summary>Data of an operation's failure.</summary>
/// <param name="Operation">System call or step.</param>
/// <param name="Path">Object.</param>
/// <param name="Errno">Positive errno or 0.</param>
public sealed record JsonRpcErrorData(string Operation, string Path, int Errno);

/// <summary>A request that fails, as its client is told.</summary>
public sealed class JsonRpcException(int code, string message, JsonRpcErrorData? data = null) : Exception(message)
{
    /// <summary>See <see cref="JsonRpcCode"/>.</summary>
    public int Code { get; } = code;

    /// <summary>For <see cref="JsonRpcCode.OperationFailed"/>.</summary>
    public JsonRpcErrorData? ErrorData { get; } = data;

    /// <summary>What a failure of the servers below is here; null for anything else.</summary>
    public static JsonRpcException? From(Exception error) => error switch
    {
        JsonRpcException own => own,
        RpcException failed => new(JsonRpcCode.OperationFailed, failed.Message, new(failed.Operation, failed.Path, failed.Errno)),
        Rpc.Linux.SyscallException failed => new(JsonRpcCode.OperationFailed, failed.Message, new(failed.Operation, failed.Path, failed.Errno)),
        Diagnostics.EngineException refused => new(JsonRpcCode.OperationFailed, refused.Message),
        MessageException refused => new(JsonRpcCode.InvalidParams, refused.Message),
        PeerLostException lost => new(JsonRpcCode.ContainerGone, lost.Message),
        _ => null,
    };
}
