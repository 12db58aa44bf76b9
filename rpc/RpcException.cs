using Engine.Rpc.Linux;
using Engine.Shared.Protocol;

namespace Engine.Rpc;

/// <summary>
/// A server carried a request out and failed, or refused it. The message is one line:
/// <c>config.json mounts[3]: move_mount /data: No such file or directory (ENOENT)</c>.
/// </summary>
public sealed class RpcException : Exception
{
    /// <summary>The failure as the server reported it.</summary>
    public RpcException(string method, string? context, StageId stage, string operation, string path, int errno, string detail)
        : base(MessageException.Prefix(context) + ErrnoText.Line(operation, path, errno, detail))
    {
        Method = method;
        Context = context;
        Stage = stage;
        Operation = operation;
        Path = path;
        Errno = errno;
        Detail = detail;
    }

    /// <summary>Request that failed.</summary>
    public string Method { get; }

    /// <summary>The config item that the request was made from, as its sender named it.</summary>
    public string? Context { get; }

    /// <summary>Where in the starter.</summary>
    public StageId Stage { get; }

    /// <summary>System call or step, under its C name.</summary>
    public string Operation { get; }

    /// <summary>Object, or empty.</summary>
    public string Path { get; }

    /// <summary>Positive errno; 0 for a refusal that no system call made.</summary>
    public int Errno { get; }

    /// <summary>More words, or empty.</summary>
    public string Detail { get; }
}

/// <summary>The connection to a server ended while something was still to be answered, or cannot be used any more.</summary>
public sealed class PeerLostException : Exception
{
    /// <summary><paramref name="peer"/> is gone; <paramref name="reason"/> says more, or is empty.</summary>
    public PeerLostException(string peer, string method, string? context, string reason = "")
        : base($"{MessageException.Prefix(context)}the {peer} ended before it answered {method}{(reason.Length == 0 ? "" : ": " + reason)}")
    {
        Peer = peer;
        Method = method;
        Context = context;
    }

    /// <summary>Which server.</summary>
    public string Peer { get; }

    /// <summary>Request that stays unanswered.</summary>
    public string Method { get; }

    /// <summary>The config item that the request was made from.</summary>
    public string? Context { get; }
}
