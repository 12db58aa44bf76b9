using Engine.Shared.Wire;

namespace Engine.Rpc;

/// <summary>A message that cannot be sent, or one that must not have been received: over a limit, or not what the protocol says.</summary>
public sealed class MessageException : Exception
{
    /// <summary>With the whole text.</summary>
    public MessageException(string message)
        : base(message)
    {
    }

    /// <summary>Throws for any status but Ok, naming the message and the config item it was made from.</summary>
    internal static void ThrowUnlessOk(WireStatus status, string method, string? context)
    {
        if (status != WireStatus.Ok)
        {
            throw new MessageException($"{Prefix(context)}{method} cannot be sent: {Reason(status)}");
        }
    }

    internal static string Prefix(string? context) => string.IsNullOrEmpty(context) ? "" : context + ": ";

    internal static string Reason(WireStatus status) => status switch
    {
        WireStatus.Short => "the message is too long for one datagram, or was cut",
        WireStatus.Range => "a value is over its limit",
        WireStatus.Nul => "a string holds a NUL byte, or lacks its own",
        WireStatus.Type => "a value has another type than its field",
        WireStatus.Count => "the number of fields is another",
        WireStatus.Trailing => "bytes follow the message",
        _ => "no failure",
    };
}
