using System.Net.Sockets;
using System.Text;
using Engine.Linux;
using Engine.Monitor;
using Engine.Rpc;
using Engine.Rpc.Client;
using Engine.Rpc.Linux;
using Engine.Rpc.Transport;

namespace Engine.Tests.Unit.Monitor;

/// <summary>A master on a thread of the test, a supervisor made up, a real socket in a temporary directory.</summary>
public sealed class RunningMaster : IDisposable
{
    public const string DefaultState = """
        {
        	"ociVersion": "1.3.0", "id": "box", "status": "running", "pid": 4711, "bundle": "/bundle",
        	"engine": { "uid": 0, "cgroups": [ { "mountpoint": "/nowhere/unified", "path": "/box", "unified": true, "controllers": ["pids", "memory"] } ] }
        }
        """;

    public const string DefaultConfig = """
        { "ociVersion": "1.3.0", "root": { "path": "rootfs" }, "hooks": { "poststart": [ { "path": "/bin/hook", "timeout": 3 } ] } }
        """;

    private readonly string _directory = Directory.CreateTempSubdirectory("engine-master-").FullName;
    private readonly SafeFd _listener;
    private readonly SafeFd _config;
    private readonly SupervisorClient _client;
    private readonly Thread _thread;
    private Exception? _failure;

    public RunningMaster(Func<HostServices, HostServices>? change = null, string config = DefaultConfig, string state = DefaultState)
    {
        var (ours, theirs) = FdChannel.Pair();
        Supervisor = new FakeSupervisor(theirs, state);
        _client = new SupervisorClient(ours);
        using (var directory = Files.OpenDirectory(_directory))
        {
            _listener = UnixSockets.Listen(directory, "control.sock", 64);
        }

        _config = SealedMemfd.Create("config.json", Encoding.UTF8.GetBytes(config));
        var services = new HostServices
        {
            Supervisor = _client,
            ControlListener = _listener,
            Config = _config,
            IdleTime = TimeSpan.FromMinutes(5),
        };
        services = change is null ? services : change(services);
        _thread = new Thread(() => Run(services));
        _thread.Start();
    }

    public FakeSupervisor Supervisor { get; }

    public string SocketPath => Path.Combine(_directory, "control.sock");

    public TestClient Connect() => new(SocketPath);

    /// <summary>The master has left by itself within twenty seconds.</summary>
    public void WaitForEnd()
    {
        Assert.True(_thread.Join(TimeSpan.FromSeconds(20)), "the master is still there");
        Assert.Null(_failure);
    }

    public void Dispose()
    {
        Supervisor.Leave();
        WaitForEnd();
        Supervisor.Dispose();
        _client.Dispose();
        _listener.Dispose();
        _config.Dispose();
        Directory.Delete(_directory, recursive: true);
    }

    private void Run(HostServices services)
    {
        try
        {
            MasterHost.Serve(services);
        }
#pragma warning disable CA1031 // The test thread reports it.
        catch (Exception error)
#pragma warning restore CA1031
        {
            _failure = error;
        }
    }
}

/// <summary>A control client without any cleverness. Nothing it waits for takes longer than twenty seconds.</summary>
public sealed class TestClient : IDisposable
{
    private readonly Socket _socket = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified) { ReceiveTimeout = 20_000 };
    private readonly List<byte> _received = [];

    public TestClient(string path) => _socket.Connect(new UnixDomainSocketEndPoint(path));

    public void Send(string text) => _socket.Send(Encoding.UTF8.GetBytes(text));

    public void Send(byte[] bytes) => _socket.Send(bytes);

    /// <summary>Sends as long as the other end takes it; false when it does not any more.</summary>
    public bool TrySend(byte[] bytes)
    {
        try
        {
            return _socket.Send(bytes) == bytes.Length;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    /// <summary>Waits until the other end has read everything or has answered; true for an answer, which can only be a refusal.</summary>
    public bool IsRefused()
    {
        while (!_socket.Poll(1000, SelectMode.SelectRead))
        {
            if (Unread() == 0)
            {
                return _socket.Poll(0, SelectMode.SelectRead);
            }
        }

        return true;
    }

    public void EndInput() => _socket.Shutdown(SocketShutdown.Send);

    /// <summary>The next line, or null at the end.</summary>
    public string? ReadLine()
    {
        while (true)
        {
            int newline = _received.IndexOf((byte)'\n');
            if (newline >= 0)
            {
                string line = Encoding.UTF8.GetString([.. _received[..newline]]);
                _received.RemoveRange(0, newline + 1);
                return line;
            }

            if (!Receive())
            {
                return null;
            }
        }
    }

    /// <summary>Everything until the end.</summary>
    public string ReadToEnd()
    {
        while (Receive())
        {
        }

        string text = Encoding.UTF8.GetString([.. _received]);
        _received.Clear();
        return text;
    }

    /// <summary>Sends one request as a line and returns the line that comes back.</summary>
    public string Call(string method, string parameters = "{}", int id = 1)
    {
        Send($$"""{"jsonrpc":"2.0","id":{{id}},"method":"{{method}}","params":{{parameters}}}""" + "\n");
        return ReadLine()!;
    }

    public void Dispose() => _socket.Dispose();

    // SIOCOUTQ: bytes that the peer has not read yet.
    private unsafe int Unread()
    {
        int count;
        Assert.Equal(0, Engine.Linux.Libc.ioctl((int)_socket.Handle, 0x5411, &count));
        return count;
    }

    private bool Receive()
    {
        var buffer = new byte[8192];
        try
        {
            int count = _socket.Receive(buffer);
            _received.AddRange(buffer.AsSpan(0, count));
            return count > 0;
        }
        catch (SocketException reset) when (reset.SocketErrorCode == SocketError.ConnectionReset)
        {
            return false;
        }
    }
}
