using Engine.Shared.Protocol;
using Engine.Shared.Wire;

namespace Engine.Rpc.Client;

/// <summary>
/// A request on its way. Nothing needs to be done with it: <see cref="RpcConnection.Drain"/> reports its failure.
/// <see cref="Wait"/> makes the call an immediate one.
/// </summary>
public class Pending
{
    private readonly RpcConnection _connection;

    internal Pending(RpcConnection connection, string? context)
    {
        _connection = connection;
        Context = context;
    }

    /// <summary>Request.</summary>
    public string Method { get; internal set; } = "";

    /// <summary>The config item that it was made from; begins the text of an error.</summary>
    public string? Context { get; }

    /// <summary>Answered, or lost with its connection.</summary>
    public bool IsCompleted { get; private set; }

    /// <summary>Once completed: null, or an <see cref="RpcException"/>, <see cref="PeerLostException"/> or <see cref="MessageException"/>.</summary>
    public Exception? Error { get; private set; }

    /// <summary>
    /// Called once, on completion, by the thread that received the answer; it must not use the connection. A failure that
    /// was told this way is not reported by Drain.
    /// </summary>
    public Action<Pending>? Completed { get; private set; }

    internal uint Id { get; set; }

    internal long SentAt { get; set; }

    internal int Lane { get; set; }

    /// <summary>Waits for the answer; throws its failure, which <see cref="RpcConnection.Drain"/> then does not report again.</summary>
    public void Wait()
    {
        _connection.WaitFor(this);
        if (Error is not null)
        {
            _connection.Observed(this);
            throw Error;
        }
    }

    /// <summary>Sets <see cref="Completed"/>, or calls it at once when the answer is there already.</summary>
    public void OnCompleted(Action<Pending> action)
    {
        Completed = action;
        if (IsCompleted)
        {
            _connection.Observed(this);
            action(this);
        }
    }

    internal void Complete(Exception? error)
    {
        IsCompleted = true;
        Error = error;
        Completed?.Invoke(this);
    }

    internal virtual void ReadResult(ref Codec codec, Transport.ReceivedMessage message) => default(Nothing).Fields(ref codec);
}

/// <summary>A request whose answer has a value.</summary>
public sealed class Pending<T> : Pending
{
    private readonly ResultReader _read;
    private T _result = default!;

    internal Pending(RpcConnection connection, string? context, ResultReader read)
        : base(connection, context) => _read = read;

    // Descriptors that the message still holds when this returns are closed.
    internal delegate T ResultReader(ref Codec codec, Transport.ReceivedMessage message);

    /// <summary>The value; waits for it as <see cref="Wait"/> does.</summary>
    public T Result => Wait();

    /// <summary>Waits for the answer and returns its value; throws its failure.</summary>
    public new T Wait()
    {
        base.Wait();
        return _result;
    }

    internal override void ReadResult(ref Codec codec, Transport.ReceivedMessage message) => _result = _read(ref codec, message);
}
