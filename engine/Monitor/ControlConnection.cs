using Engine.Linux;
using Engine.Monitor.JsonRpc;
using Engine.Rpc.Linux;
using Engine.Shared.Linux;
using Microsoft.Extensions.Logging;

namespace Engine.Monitor;

/// <summary>
/// One client: reads messages as they come, answers each when it is done, in whatever order that is. Everything that goes
/// wrong here ends at most this connection. Owns the socket.
/// </summary>
internal sealed class ControlConnection : ISubscriber, IDisposable
{
    // In one turn of the loop; a fast writer leaves room for the others.
    private const int ReadsPerTurn = 16;

    private readonly EventLoop _loop;
    private readonly SafeFd _socket;
    private readonly ControlMethods _methods;
    private readonly ControlLimits _limits;
    private readonly ControlBudget _budget;
    private readonly ILogger _logger;
    private readonly Action<ControlConnection> _ended;
    private readonly MessageFramer _framer = new();
    private readonly Queue<byte[]> _unsent = new();
    private readonly EventLoop.Watch _watch;
    private EventLoop.LoopTimer? _halfMessage;
    private EventLoop.LoopTimer? _stall;
    private int _sentOfFirst;
    private int _unsentBytes;
    private int _charged;
    private int _outstanding;
    private bool _inputEnded;
    private bool _closing;
    private bool _subscribed;
    private bool _taking;
    private bool _disposed;

    public ControlConnection(
        EventLoop loop,
        SafeFd socket,
        PeerCredentials peer,
        ControlMethods methods,
        ControlLimits limits,
        ControlBudget budget,
        ILogger logger,
        Action<ControlConnection> ended)
    {
        _budget = budget;
        _loop = loop;
        _socket = socket;
        Peer = peer;
        _methods = methods;
        _limits = limits;
        _logger = logger;
        _ended = ended;
        _watch = loop.Add(socket, poll_h.POLLIN, OnReady);
    }

    /// <summary>Who it is.</summary>
    public PeerCredentials Peer { get; }

    /// <summary>Something waits to be sent.</summary>
    public bool HasUnsent => _unsent.Count > 0;

    /// <inheritdoc/>
    public bool IsGone => _disposed;

    /// <inheritdoc/>
    public void OnSubscribed() => _subscribed = true;

    /// <inheritdoc/>
    public void Notify(string method, JsonValue parameters) => Send(JsonRpcFormatter.Call(null, method, parameters));

    /// <summary>Sends what the socket takes now.</summary>
    public void Flush()
    {
        try
        {
            while (_unsent.TryPeek(out byte[]? first))
            {
                int count = UnixSockets.Send(_socket, first.AsSpan(_sentOfFirst));
                if (count < 0)
                {
                    break;
                }

                Progress(first, count);
            }
        }
        catch (SyscallException)
        {
            // The client left without waiting for its answer, which is its right.
            Dispose();
            return;
        }

        Update();
    }

    /// <summary>Waits until the socket takes something; false when the time is over.</summary>
    public bool WaitWritable(int milliseconds) => UnixSockets.WaitWritable(_socket, milliseconds);

    /// <summary>Says why, if the client still listens, and ends the connection.</summary>
    public void Refuse(JsonRpcException error)
    {
        Send(JsonRpcFormatter.Failure("null", error));
        Close();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_disposed)
        {
            return;
        }

        _disposed = true;
        _halfMessage?.Dispose();
        _stall?.Dispose();
        _watch.Dispose();
        _socket.Dispose();
        _budget.Give(_charged);
        _ended(this);
    }

    private void OnReady(int events)
    {
        if ((events & poll_h.POLLOUT) != 0)
        {
            Flush();
        }

        if (_disposed)
        {
            return;
        }

        if ((events & poll_h.POLLIN) != 0)
        {
            Read();
        }
        else if ((events & (poll_h.POLLHUP | poll_h.POLLERR | poll_h.POLLNVAL)) != 0)
        {
            Dispose();
        }
    }

    private void Read()
    {
        try
        {
            for (int i = 0; i < ReadsPerTurn && Reads; i++)
            {
                var space = _framer.FreeSpace();
                if (!Charge())
                {
                    Drop("there is no room for a message of this size now", JsonRpcCode.Busy);
                    break;
                }

                int count = UnixSockets.Receive(_socket, space);
                if (count < 0)
                {
                    break;
                }

                if (count == 0)
                {
                    _inputEnded = true;
                }

                _framer.Received(count);
                TakeMessages();
            }
        }
        catch (SyscallException)
        {
            Dispose();
            return;
        }
        catch (FramingException error)
        {
            Drop(error.Message, JsonRpcCode.InvalidRequest);
        }

        Update();
    }

    private bool Reads => !_disposed && !_closing && !_inputEnded && _outstanding < _limits.Outstanding;

    private void TakeMessages()
    {
        // A message that is answered at once comes back here; without this, a thousand of them would be as deep a stack.
        if (_taking)
        {
            return;
        }

        _taking = true;
        try
        {
            TakeEach();
        }
        finally
        {
            _taking = false;
        }
    }

    private void TakeEach()
    {
        while (!_disposed && !_closing && _outstanding < _limits.Outstanding
            && (_framer.TryTake(out var message) || (_inputEnded && _framer.TryTakeLast(out message))))
        {
            // A whole message: the time for the next half one begins anew.
            _halfMessage?.Dispose();
            _halfMessage = null;
            Take(message.Span);
        }
    }

    private void Take(ReadOnlySpan<byte> bytes)
    {
        long weight = ControlBudget.WeightOf(bytes.Length);
        if (_budget.TryTake(weight))
        {
            Answer(JsonRpcFormatter.Parse(bytes), weight);
        }
        else
        {
            Send(JsonRpcFormatter.Failure("null", new JsonRpcException(JsonRpcCode.Busy, "there is no room for a message of this size now")));
        }
    }

    // What this client's buffers hold is counted anew after every change.
    private bool Charge()
    {
        int held = Math.Max(0, _framer.Capacity + _unsentBytes - ControlBudget.Free);
        bool fits = held <= _charged || _budget.TryTake(held - _charged);
        if (held < _charged)
        {
            _budget.Give(_charged - held);
        }

        _charged = fits ? held : _charged;
        return fits;
    }

    private async void Answer(JsonRpcMessage message, long weight)
    {
        _outstanding++;
        try
        {
            var answers = await Task.WhenAll(message.Items.Select(AnswerItem));
            var wanted = answers.OfType<byte[]>().ToArray();
            if (wanted.Length > 0)
            {
                Send(message.IsBatch ? JsonRpcFormatter.Batch(wanted) : wanted[0]);
            }
        }
#pragma warning disable CA1031 // An async void method has nobody above it: whatever comes out of here would end the master.
        catch (Exception defect)
#pragma warning restore CA1031
        {
            MonitorLog.Defect(_logger, defect);
            Dispose();
        }

        _outstanding--;
        _budget.Give(weight);
        Resume();
    }

    private async Task<byte[]?> AnswerItem(JsonRpcItem item)
    {
        if (item.Error is { } malformed)
        {
            return JsonRpcFormatter.Failure(item.ErrorId, malformed);
        }

        if (item.Control is { } control)
        {
            return await AnswerControl(control);
        }

        if (item.Request is not { } request)
        {
            return null;
        }

        var (result, error) = await _methods.Dispatcher.Call(request, this, defect => MonitorLog.Defect(_logger, defect));
        if (request.Id is null)
        {
            return null;
        }

        return result is not null ? JsonRpcFormatter.Success(request.Id, result) : JsonRpcFormatter.Failure(request.Id, error!);
    }

    private async Task<byte[]?> AnswerControl(System.Text.Json.JsonElement control)
    {
        // Nothing of this client's is read from here on: the end of the connection is the answer.
        _closing = true;
        try
        {
            await BareControl.Carry(control, _methods);
            return null;
        }
        catch (Exception error) when (JsonRpcException.From(error) is not null)
        {
            return JsonRpcFormatter.Failure("null", JsonRpcException.From(error)!);
        }
    }

    // An answer made room: what was received meanwhile is looked at, then the socket.
    private void Resume()
    {
        if (_disposed)
        {
            return;
        }

        try
        {
            TakeMessages();
        }
        catch (FramingException error)
        {
            Drop(error.Message, JsonRpcCode.InvalidRequest);
        }

        Update();
    }

    private void Send(byte[] message)
    {
        if (_disposed)
        {
            return;
        }

        byte[] frame = _framer.Frame(message);
        _unsent.Enqueue(frame);
        _unsentBytes += frame.Length;
        Flush();
        if (!_disposed && (_unsentBytes > _limits.Unread || !Charge()))
        {
            MonitorLog.ClientDropped(_logger, Peer.Pid, Peer.Uid, "it does not read");
            Dispose();
        }
    }

    private void Progress(byte[] first, int count)
    {
        _unsentBytes -= count;
        _sentOfFirst += count;
        _stall?.Dispose();
        _stall = null;
        if (_sentOfFirst == first.Length)
        {
            _unsent.Dequeue();
            _sentOfFirst = 0;
        }
    }

    private void Drop(string reason, int code)
    {
        MonitorLog.ClientDropped(_logger, Peer.Pid, Peer.Uid, reason);
        Refuse(new JsonRpcException(code, reason));
    }

    private void Close()
    {
        _closing = true;
        Update();
    }

    // After anything that changed: what to wait for, for how long, or the end.
    private void Update()
    {
        if (_disposed)
        {
            return;
        }

        bool over = _closing || (_inputEnded && !_subscribed);
        if (over && _outstanding == 0 && _unsent.Count == 0)
        {
            Dispose();
            return;
        }

        _watch.Events = (Reads ? poll_h.POLLIN : 0) | (HasUnsent ? poll_h.POLLOUT : 0);
        if (Reads && _framer.HasPartial)
        {
            _halfMessage ??= _loop.After(_limits.HalfMessage, () => Drop("half a message, and then nothing", JsonRpcCode.InvalidRequest));
        }
        else
        {
            _halfMessage?.Dispose();
            _halfMessage = null;
        }

        if (HasUnsent)
        {
            _stall ??= _loop.After(_limits.Stall, () =>
            {
                MonitorLog.ClientDropped(_logger, Peer.Pid, Peer.Uid, "it does not read");
                Dispose();
            });
        }
    }
}
