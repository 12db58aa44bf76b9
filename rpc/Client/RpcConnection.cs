using System.Runtime.InteropServices;
using System.Text;
using Engine.Rpc.Linux;
using Engine.Rpc.Transport;
using Engine.Shared.Linux;
using Engine.Shared.Protocol;
using Engine.Shared.Wire;

namespace Engine.Rpc.Client;

/// <summary>
/// Client end of one MessagePack-RPC connection: requests are sent as they come, answers are matched by their id in
/// whatever order they arrive. Sending never waits for a peer that itself waits for its answers to be read: where a send
/// would block, both directions are polled. Owns the channel. Not thread-safe.
/// </summary>
public sealed unsafe class RpcConnection : IDisposable
{
    /// <summary>Requests without an answer; the next one first waits for the oldest. Their answers fit any socket buffer.</summary>
    public const int MaxOutstanding = 128;

    private readonly FdChannel _channel;
    private readonly ReceivedMessage _message = new();
    private readonly Pending?[] _slots = new Pending?[MaxOutstanding];
    private readonly List<Pending> _failed = [];
    private byte* _frame = (byte*)NativeMemory.Alloc(Limits.Frame);
    private uint _lastId;
    private int _outstanding;
    private bool _lost;
    private string _lostReason = "";

    /// <summary>Takes ownership of <paramref name="channel"/>; <paramref name="peer"/> names the server in errors and in the trace.</summary>
    public RpcConnection(FdChannel channel, string peer)
    {
        _channel = channel;
        Peer = peer;
    }

    /// <summary>Called for every notification with its name and its params; texts are valid during the call only.</summary>
    public delegate void NotificationHandler(Text method, ref Codec parameters);

    /// <summary>Which server.</summary>
    public string Peer { get; }

    /// <summary>Memory for the texts of the request that is being made; emptied once it is encoded.</summary>
    public MessageArena Arena { get; } = new();

    /// <summary>Receives every request and answer, when set.</summary>
    public RpcTrace? Trace { get; set; }

    /// <summary>Receives notifications; without one they are dropped.</summary>
    public NotificationHandler? Notification { get; set; }

    /// <summary>Requests without an answer.</summary>
    public int Outstanding => _outstanding;

    /// <summary>The peer is gone.</summary>
    public bool IsLost => _lost;

    /// <summary>The socket, to be polled for reading beside others; then call <see cref="ReceiveAvailable"/>.</summary>
    public SafeFd Socket => _channel.Socket;

    /// <summary>
    /// Sends a request. <paramref name="descriptors"/> stay the caller's and may be closed on return. When the peer is lost
    /// the request completes at once with a <see cref="PeerLostException"/>; a message that cannot be encoded is thrown.
    /// </summary>
    public TPending Post<TParameters, TPending>(
        ReadOnlySpan<byte> method, ref TParameters parameters, TPending pending, ReadOnlySpan<int> descriptors = default)
        where TParameters : struct, IMessage
        where TPending : Pending
    {
        pending.Method = Encoding.ASCII.GetString(method);
        int length = Encode(method, ref parameters, pending);

        // A slot is free again when its request is answered.
        while (!_lost && _slots[pending.Id % MaxOutstanding] is not null)
        {
            ReceiveOne();
        }

        if (_lost)
        {
            Fail(pending, Lost(pending));
            return pending;
        }

        _slots[pending.Id % MaxOutstanding] = pending;
        _outstanding++;
        Trace?.Sent(Peer, pending);
        SendFrame(length, descriptors);
        if (Trace is not null)
        {
            // Only for the sake of the times: without a trace answers are read in bulk.
            ReceiveAvailable();
        }

        return pending;
    }

    /// <summary>Waits until everything is answered; throws the failure of the earliest request that failed since the last call.</summary>
    public void Drain()
    {
        while (_outstanding > 0)
        {
            ReceiveOne();
        }

        if (_failed.Count == 0)
        {
            return;
        }

        var first = _failed[0];
        foreach (var candidate in _failed)
        {
            first = candidate.Id < first.Id ? candidate : first;
        }

        _failed.Clear();
        throw first.Error!;
    }

    /// <summary>Takes in what has arrived, without waiting.</summary>
    /// <returns>False once the peer is lost.</returns>
    public bool ReceiveAvailable()
    {
        while (!_lost && TryReceiveOne())
        {
        }

        return !_lost;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _channel.Dispose();
        _message.Dispose();
        Arena.Dispose();
        NativeMemory.Free(_frame);
        _frame = null;
    }

    internal void WaitFor(Pending pending)
    {
        while (!pending.IsCompleted)
        {
            ReceiveOne();
        }
    }

    internal void Observed(Pending pending) => _failed.Remove(pending);

    private int Encode<TParameters>(ReadOnlySpan<byte> method, ref TParameters parameters, Pending pending)
        where TParameters : struct, IMessage
    {
        // Ids begin with 1; a connection does not live for 2^32 requests, and if it does the id only has to be free.
        pending.Id = ++_lastId;
        var codec = Codec.Writer(_frame, Limits.Frame);
        fixed (byte* name = method)
        {
            Frame.Request(ref codec, pending.Id, new Text(name, method.Length));
        }

        parameters.Fields(ref codec);
        Arena.Reset();
        MessageException.ThrowUnlessOk(codec.Status, pending.Method, pending.Context);
        return codec.Position;
    }

    private void SendFrame(int length, ReadOnlySpan<int> descriptors)
    {
        try
        {
            while (!_lost && !_channel.TrySend(new ReadOnlySpan<byte>(_frame, length), descriptors))
            {
                int ready = _channel.Wait(poll_h.POLLIN | poll_h.POLLOUT, -1);
                if ((ready & ~poll_h.POLLOUT) != 0)
                {
                    ReceiveAvailable();
                }
            }
        }
        catch (SyscallException gone) when (gone.Errno is Errno.EPIPE or Errno.ECONNRESET)
        {
            // The peer may have said why before it left.
            while (!_lost)
            {
                ReceiveOne();
            }
        }
    }

    private void ReceiveOne()
    {
        while (!_lost && !TryReceiveOne())
        {
            _channel.Wait(poll_h.POLLIN, -1);
        }
    }

    private bool TryReceiveOne()
    {
        ReceiveStatus status;
        try
        {
            status = _channel.TryReceive(_message);
        }
        catch (MessageException oversized)
        {
            Lose(oversized.Message);
            return true;
        }

        switch (status)
        {
            case ReceiveStatus.Nothing:
                return false;
            case ReceiveStatus.End:
                Lose("");
                return true;
            default:
                Dispatch();
                return true;
        }
    }

    private void Dispatch()
    {
        var codec = _message.Reader();
        if (!Frame.Open(ref codec, out var frame))
        {
            Lose($"it sent something that is no frame ({MessageException.Reason(codec.Status)})");
            return;
        }

        switch ((FrameType)frame.Type)
        {
            case FrameType.Notification:
                Notification?.Invoke(frame.Method, ref codec);
                break;
            case FrameType.Response when _slots[frame.Id % MaxOutstanding] is { } pending && pending.Id == frame.Id:
                _slots[frame.Id % MaxOutstanding] = null;
                _outstanding--;
                Answer(pending, ref codec);
                break;
            default:
                Lose("it answered something that was not asked");
                break;
        }
    }

    private void Answer(Pending pending, ref Codec codec)
    {
        Exception? error = null;
        if (codec.TakeNil())
        {
            try
            {
                pending.ReadResult(ref codec, _message);
            }
            catch (MessageException refused)
            {
                error = refused;
            }
        }
        else
        {
            var record = default(ErrorRecord);
            record.Fields(ref codec);
            if (codec.Ok && !codec.TakeNil())
            {
                codec.Fail(WireStatus.Type);
            }

            error = new RpcException(
                pending.Method, pending.Context, (StageId)record.Stage, record.Operation.Decode(), record.Path.Decode(), record.Errno, record.Detail.Decode());
        }

        codec.End();
        if (!codec.Ok)
        {
            error = new MessageException($"{MessageException.Prefix(pending.Context)}the answer to {pending.Method} cannot be read: {MessageException.Reason(codec.Status)}");
        }

        Trace?.Answered(Peer, pending, error);
        Fail(pending, error);
    }

    private void Fail(Pending pending, Exception? error)
    {
        // Who asked to be called has been told.
        if (error is not null && pending.Completed is null)
        {
            _failed.Add(pending);
        }

        pending.Complete(error);
    }

    private PeerLostException Lost(Pending pending) => new(Peer, pending.Method, pending.Context, _lostReason);

    private void Lose(string reason)
    {
        _lost = true;
        _lostReason = reason;
        _outstanding = 0;
        for (int i = 0; i < MaxOutstanding; i++)
        {
            // In the order in which they were sent.
            if (_slots[(_lastId + 1 + (uint)i) % MaxOutstanding] is { } pending)
            {
                _slots[pending.Id % MaxOutstanding] = null;
                var error = Lost(pending);
                Trace?.Answered(Peer, pending, error);
                Fail(pending, error);
            }
        }
    }
}
