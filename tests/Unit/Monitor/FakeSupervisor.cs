using System.Collections.Concurrent;
using System.Text;
using Engine.Rpc;
using Engine.Rpc.Linux;
using Engine.Rpc.Transport;
using Engine.Shared.Linux;
using Engine.Shared.Protocol;
using Engine.Tests.Rpc.Support;

namespace Engine.Tests.Unit.Monitor;

/// <summary>A supervisor that answers everything at once, keeps what it was asked, and fails or holds back what a test says.</summary>
public sealed class FakeSupervisor : IDisposable
{
    private readonly FakeServer _server;
    private readonly Thread _thread;
    private readonly BlockingCollection<string> _seen = [];
    private readonly ConcurrentDictionary<string, ManualResetEventSlim> _held = new();
    private readonly ConcurrentDictionary<string, int> _failing = new();

    public FakeSupervisor(SafeFd end, string state)
    {
        _server = new FakeServer(new FdChannel(end));
        State = state;
        _thread = new Thread(Run) { IsBackground = true };
        _thread.Start();
    }

    /// <summary>state.json.</summary>
    public string State { get; set; }

    public string Status { get; set; } = "running";

    /// <summary>The next request that changes anything, with its parameters.</summary>
    public string Next() => _seen.TryTake(out string? request, TimeSpan.FromSeconds(10)) ? request : throw new TimeoutException("no request");

    public bool SawNothingMore => _seen.Count == 0;

    /// <summary>Leaves requests of that name unanswered until the result is set.</summary>
    public ManualResetEventSlim Hold(string method) => _held.GetOrAdd(method, _ => new ManualResetEventSlim());

    public void Fail(string method, int errno) => _failing[method] = errno;

    public void Notify(string status, int exitCode = -1, bool oom = false) => _server.NotifyState(status, 4711, exitCode, oom);

    public void Leave() => _ = Engine.Linux.Libc.shutdown(_server.Channel.Socket.Value, socket_h.SHUT_RDWR);

    public void Dispose()
    {
        Leave();
        _thread.Join();
        _server.Dispose();
    }

    private void Run()
    {
        var waiting = new List<Task>();
        while (_server.TryNext() is { } request)
        {
            if (request.Method is not ("Status" or "ReadState"))
            {
                _seen.Add(Describe(request));
            }

            if (_held.TryRemove(request.Method, out var gate))
            {
                waiting.Add(Task.Run(() =>
                {
                    gate.Wait(TimeSpan.FromSeconds(20));
                    Answer(request);
                }));
            }
            else
            {
                Answer(request);
            }
        }
    }

    private void Answer(SeenRequest request)
    {
        if (_failing.TryRemove(request.Method, out int errno))
        {
            _server.Fail(request.Id, StageId.Supervisor, request.Method, "object", errno);
            return;
        }

        switch (request.Method)
        {
            case "Status":
                _server.SucceedWithStatus(request.Id, Status, 4711);
                break;
            case "ReadState":
                using (var file = SealedMemfd.Create("state.json", Encoding.UTF8.GetBytes(State)))
                {
                    _server.SucceedWithDescriptor(request.Id, file);
                }

                break;
            default:
                _server.Succeed(request.Id);
                break;
        }
    }

    private static string Describe(SeenRequest request) => request.Method switch
    {
        "Start" => FakeServer.Show<StartPayload>(request, m => $"Start {m.Hooks}"),
        "Kill" => FakeServer.Show<Kill>(request, m => $"Kill {m.Signal} {m.All}"),
        "Resize" => FakeServer.Show<Resize>(request, m => $"Resize {m.Rows}x{m.Columns}"),
        "WriteCgroup" => FakeServer.Show<WriteCgroup>(request, m => $"WriteCgroup {m.Slot} {m.File.Decode()}={m.Value.Decode()}"),
        "RunHook" => FakeServer.Show<RunHook>(request, m => $"RunHook {m.Path.Decode()} {m.TimeoutMilliseconds} {m.Status.Decode()}"),
        _ => request.Method,
    };
}
