using Engine.Diagnostics;
using Engine.Linux;
using Engine.Rpc.Linux;
using Engine.Shared.Linux;
using Engine.Shared.Protocol;

namespace Engine.Attach;

/// <summary>
/// One connection to a container's attach.sock, and the session over it: this process's stdin to the payload, the payload's
/// output to this process's stdout and stderr. Unprivileged; the caller owns the three streams. One session per connection,
/// on the calling thread; a second thread writes the output.
/// </summary>
public sealed class AttachClient : IDisposable
{
    private const int AnswerMilliseconds = 30_000;
    private static readonly TimeSpan FinishStep = TimeSpan.FromSeconds(1);

    private readonly SafeFd _socket;
    private readonly AttachStreams _streams;
    private readonly bool _isForeground;
    private readonly AttachInbound _inbound;
    private readonly WakeUp _wake = new();
    private readonly OutputQueue _output;

    private AttachClient(SafeFd socket, bool isForeground, AttachStreams streams)
    {
        _socket = socket;
        _streams = streams;
        _isForeground = isForeground;
        _output = new OutputQueue(AttachInbound.LowMark, _wake.Set);
        _inbound = new AttachInbound(streams, _output);
    }

    /// <summary>
    /// Connects and waits for the server's answer: from then on no output is missed. Output that comes meanwhile (the replay of
    /// what a running container has said) is kept for <see cref="Run"/>.
    /// </summary>
    /// <param name="directory">The container's state directory; the length of its path does not matter.</param>
    /// <param name="leaf">Name of the socket in it.</param>
    /// <param name="isForeground">
    /// This session stands for the payload's own terminal or pipes, as that of <c>run</c>: the payload waits for it rather than
    /// its output being lost, and signals to this process are the caller's to forward.
    /// </param>
    /// <param name="streams">Descriptors to use instead of 0, 1 and 2.</param>
    /// <exception cref="SyscallException">ENOENT, ECONNREFUSED: there is no such container, or it has stopped.</exception>
    /// <exception cref="EngineException">The server closed without an answer.</exception>
    public static AttachClient Connect(SafeFd directory, string leaf, bool isForeground = false, AttachStreams? streams = null)
    {
        var client = new AttachClient(UnixSockets.Connect(directory, leaf), isForeground, streams ?? AttachStreams.Standard);
        try
        {
            client.ShakeHands();
            return client;
        }
        catch
        {
            client.Dispose();
            throw;
        }
    }

    /// <summary>
    /// Runs the session until the payload's end, the detach keys, or the end of the connection or of this process's output.
    /// </summary>
    /// <param name="keys">Watched for when this process's stdin is a terminal and the container has one.</param>
    /// <param name="isTerminal">The container has a terminal: this process's own is switched to pass every key on, and restored.</param>
    /// <param name="hasInput">False leaves stdin alone; the payload's stays open.</param>
    /// <param name="cancel">Ends the session as a signal would.</param>
    public AttachOutcome Run(DetachKeys keys, bool isTerminal, bool hasInput = true, CancellationToken cancel = default)
    {
        using var registration = cancel.Register(_wake.Set);
        var outbound = new AttachOutbound(_socket, _wake, _isForeground);
        bool isRaw = isTerminal && hasInput && Terminals.IsTerminal(_streams.Input);
        _inbound.IsRaw = isRaw;
        AttachOutcome outcome;
        using (isRaw ? TerminalSession.Begin(_streams.Input, outbound.Resize) : null)
        using (var interrupts = new InterruptWatch(isRaw && !_isForeground, _wake))
        {
            var input = hasInput ? new AttachInput(_streams.Input, isRaw ? keys : DetachKeys.None) : null;
            outcome = Loop(outbound, input, interrupts, cancel);

            // With the terminal still raw: its driver must not change the line ends of the last output.
            bool isComplete = outcome.End is AttachEnd.Exited or AttachEnd.Disconnected;
            while (!_output.Finish(FinishStep) && isComplete && interrupts.Signal == 0 && !cancel.IsCancellationRequested)
            {
            }
        }

        if (_output.Error is { } error)
        {
            // What would have ended a program that does not ask for the error.
            outcome = error.Errno == Errno.EPIPE ? outcome with { End = AttachEnd.OutputClosed, Signal = signal_h.SIGPIPE } : throw error;
        }

        return outcome with { LostBytes = _inbound.LostBytes };
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _output.Dispose();
        _socket.Dispose();
        _wake.Dispose();
    }

    private void ShakeHands()
    {
        var hello = new List<byte>();
        hello.AddRange(AttachFrame.Magic);
        if (_isForeground)
        {
            AttachFrameWriter.Flow(hello, AttachFlow.Lossless);
        }

        // The first bytes on a fresh socket: they fit.
        if (UnixSockets.Send(_socket, hello.ToArray()) != hello.Count)
        {
            throw new EngineException("attach.sock: the greeting could not be sent");
        }

        long deadline = Environment.TickCount64 + AnswerMilliseconds;
        while (!_inbound.IsFramed)
        {
            long left = deadline - Environment.TickCount64;
            if (left <= 0)
            {
                throw new EngineException($"attach.sock: no answer within {AnswerMilliseconds / 1000} s");
            }

            Streams.Poll([new pollfd { fd = _socket.Value, events = poll_h.POLLIN }], (int)left);
            if (_inbound.Receive(_socket) == false && !_inbound.IsFramed)
            {
                throw new EngineException("attach.sock: closed without an answer: it takes its owner and root only, and 32 sessions at most");
            }
        }
    }

    private AttachOutcome Loop(AttachOutbound outbound, AttachInput? input, InterruptWatch interrupts, CancellationToken cancel)
    {
        var entries = new pollfd[3];
        while (true)
        {
            if (_inbound.ExitCode is { } code)
            {
                return new AttachOutcome(AttachEnd.Exited, code);
            }

            if (_output.Error is not null)
            {
                return new AttachOutcome(AttachEnd.OutputClosed);
            }

            if (interrupts.Signal > 0 || cancel.IsCancellationRequested)
            {
                return new AttachOutcome(AttachEnd.Interrupted, Signal: interrupts.Signal);
            }

            outbound.HoldIfNeeded(_output.Waiting);
            outbound.Send();
            bool takes = _isForeground || _output.Waiting < AttachInbound.HighMark;
            entries[0] = new pollfd { fd = _socket.Value, events = (short)((takes ? poll_h.POLLIN : 0) | (outbound.IsBlocked ? poll_h.POLLOUT : 0)) };
            entries[1] = new pollfd { fd = _wake.Descriptor, events = poll_h.POLLIN };
            entries[2] = new pollfd { fd = input is { IsOpen: true } && outbound.IsEmpty ? input.Descriptor : -1, events = poll_h.POLLIN };
            // A connection that is closed cannot be kept quiet; what it still has is fetched when there is room.
            if (!takes && !outbound.IsBlocked)
            {
                entries[0].fd = -1;
            }

            Streams.Poll(entries, -1);
            if (entries[1].revents != 0)
            {
                _wake.Clear();
            }

            if (entries[0].revents != 0 && takes && _inbound.Receive(_socket) == false && _inbound.ExitCode is null)
            {
                return new AttachOutcome(AttachEnd.Disconnected);
            }

            if (entries[2].revents != 0 && input!.Read(outbound))
            {
                return new AttachOutcome(AttachEnd.Detached);
            }
        }
    }
}
