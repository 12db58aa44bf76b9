using System.IO.Pipes;
using System.Text;
using Engine.Attach;
using Engine.Linux;
using Engine.Rpc.Linux;
using Engine.Tests.Integration.Support;
using Microsoft.Win32.SafeHandles;
using Client = Engine.Attach.AttachClient;

namespace Engine.Tests.Integration.Pump;

/// <summary>A session of the engine's attach client on a thread, with this test before and behind it.</summary>
internal sealed class Session : IDisposable
{
    private readonly Client _client;
    private readonly CancellationTokenSource _cancel = new();
    private readonly Task<AttachOutcome> _running;
    private readonly AnonymousPipeServerStream _input = new(PipeDirection.Out);
    private readonly AnonymousPipeServerStream _output = new(PipeDirection.In);
    private readonly AnonymousPipeServerStream _error = new(PipeDirection.In);
    private readonly List<byte> _outputBytes = [];
    private readonly List<byte> _errorBytes = [];
    private readonly List<Thread> _readers = [];

    public Session(PumpRun pump, bool isForeground = false, bool reads = true, UserTerminal? terminal = null)
    {
        using SafeFd directory = Files.OpenDirectory(Path.GetDirectoryName(pump.SocketPath)!);
        var streams = terminal is null
            ? new AttachStreams(Number(_input.ClientSafePipeHandle), Number(_output.ClientSafePipeHandle), Number(_error.ClientSafePipeHandle))
            : new AttachStreams(terminal.Descriptor, terminal.Descriptor, terminal.Descriptor);
        _client = Client.Connect(directory, "attach.sock", isForeground, streams);
        _running = Task.Run(() => _client.Run(DetachKeys.Default, isTerminal: terminal is not null, cancel: _cancel.Token));
        if (reads && terminal is null)
        {
            BeginReading();
        }
    }

    /// <summary>What the session reads as its stdin.</summary>
    public Stream Input => _input;

    public void BeginReading()
    {
        _readers.Add(new Thread(() => Read(_output, _outputBytes)) { IsBackground = true });
        _readers.Add(new Thread(() => Read(_error, _errorBytes)) { IsBackground = true });
        _readers.ForEach(reader => reader.Start());
    }

    /// <summary>Nobody reads its stdout and stderr any more.</summary>
    public void CloseReaders()
    {
        _output.Dispose();
        _error.Dispose();
    }

    /// <summary>How it ended; afterwards its streams have everything.</summary>
    public AttachOutcome Outcome()
    {
        Assert.True(_running.Wait(TimeSpan.FromSeconds(60)), "the session did not end");
        CloseOwnEnds();
        return _running.Result;
    }

    public byte[] OutputBytes() => Snapshot(_outputBytes);

    public string Output() => Encoding.Latin1.GetString(OutputBytes());

    public string Error() => Encoding.Latin1.GetString(Snapshot(_errorBytes));

    public void Dispose()
    {
        // Its descriptors are closed below: the session must not poll their numbers any more.
        _cancel.Cancel();
        Assert.True(Task.WhenAny(_running).Wait(TimeSpan.FromSeconds(20)), "the session did not end when cancelled");
        _cancel.Dispose();
        _client.Dispose();
        CloseOwnEnds();
        _input.Dispose();
        _output.Dispose();
        _error.Dispose();
    }

    // The readers come to the end: a pipe cannot be disposed of while it is read.
    private void CloseOwnEnds()
    {
        _output.ClientSafePipeHandle.Dispose();
        _error.ClientSafePipeHandle.Dispose();
        _readers.ForEach(reader => Assert.True(reader.Join(TimeSpan.FromSeconds(20))));
    }

    private static byte[] Snapshot(List<byte> bytes)
    {
        lock (bytes)
        {
            return [.. bytes];
        }
    }

    private static int Number(SafePipeHandle handle) => (int)handle.DangerousGetHandle();

    private static void Read(Stream from, List<byte> to)
    {
        byte[] buffer = new byte[65536];
        try
        {
            while (from.Read(buffer) is > 0 and var n)
            {
                lock (to)
                {
                    to.AddRange(buffer.AsSpan(0, n));
                }
            }
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException)
        {
        }
    }
}
