using System.Diagnostics;
using System.Text.Json;
using Engine.Monitor.JsonRpc;
using Engine.Shared.Linux;
using Engine.Tests.Unit.Monitor;

namespace Engine.Tests.Unit.Interop;

/// <summary>The control socket against a client that is not ours: vscode-jsonrpc, with its own framing and matching of answers.</summary>
public sealed class VscodeJsonRpcTests : IDisposable
{
    private readonly RunningMaster _master = new();
    private readonly Lazy<JsonRpcPeer> _started;

    public VscodeJsonRpcTests() => _started = new Lazy<JsonRpcPeer>(() => new JsonRpcPeer(_master.SocketPath));

    private JsonRpcPeer Peer => _started.Value;

    public void Dispose()
    {
        if (_started.IsValueCreated)
        {
            Peer.Dispose();
        }

        _master.Dispose();
    }

    [NodeFact]
    public void Every_method_by_name_by_position_and_without_parameters()
    {
        Assert.Equal("box", Peer.Call("""{"call":"state"}""").GetProperty("result").GetProperty("id").GetString());
        Peer.Call("""{"call":"start"}""");
        Assert.Equal(("Start 1", "RunHook /bin/hook 3000 running"), (_master.Supervisor.Next(), _master.Supervisor.Next()));
        Assert.Equal(JsonValueKind.Null, Peer.Call("""{"call":"kill","object":{"signal":"SIGKILL","all":true}}""").GetProperty("result").ValueKind);
        Assert.Equal("Kill 9 True", _master.Supervisor.Next());
        Peer.Call("""{"call":"kill","array":["HUP"]}""");
        Assert.Equal("Kill 1 False", _master.Supervisor.Next());
        Peer.Call("""{"call":"resize","array":[24,80]}""");
        Assert.Equal("Resize 24x80", _master.Supervisor.Next());
        Peer.Call("""{"call":"resize","object":{"width":1,"height":2}}""");
        Assert.Equal("Resize 2x1", _master.Supervisor.Next());
        Peer.Call("""{"call":"pause"}""");
        Peer.Call("""{"call":"resume"}""");
        Peer.Call("""{"call":"reopenLog"}""");
        Assert.Equal(("Freeze", "Thaw", "ReopenLog"), (_master.Supervisor.Next(), _master.Supervisor.Next(), _master.Supervisor.Next()));
        Assert.Equal("box", Peer.Call("""{"call":"stats"}""").GetProperty("result").GetProperty("id").GetString());
    }

    [NodeFact]
    public void Errors_arrive_with_code_message_and_data()
    {
        _master.Supervisor.Fail("Freeze", Errno.EBUSY);
        var error = Peer.Call("""{"call":"pause"}""").GetProperty("error");
        Assert.Equal(JsonRpcCode.OperationFailed, error.GetProperty("code").GetInt32());
        Assert.Equal("Freeze object: Device or resource busy (EBUSY)", error.GetProperty("message").GetString());
        Assert.Equal(Errno.EBUSY, error.GetProperty("data").GetProperty("errno").GetInt32());
        Assert.Equal(JsonRpcCode.MethodNotFound, Peer.Call("""{"call":"nonsense"}""").GetProperty("error").GetProperty("code").GetInt32());
        Assert.Equal(JsonRpcCode.InvalidParams, Peer.Call("""{"call":"resize","object":{"height":"x","width":1}}""").GetProperty("error").GetProperty("code").GetInt32());
    }

    [NodeFact]
    public void Answers_overtake_each_other_and_find_their_requests()
    {
        var gate = _master.Supervisor.Hold("Freeze");
        Peer.Order("""{"call":"pause"}""");
        Assert.Equal("Freeze", _master.Supervisor.Next());
        Peer.Order("""{"call":"resume"}""");
        Assert.Equal("resume", Peer.Next().GetProperty("call").GetString());
        gate.Set();
        Assert.Equal("pause", Peer.Next().GetProperty("call").GetString());
    }

    [NodeFact]
    public void A_notification_is_carried_out_and_not_answered()
    {
        Peer.Order("""{"notify":"pause"}""");
        Assert.Equal("Freeze", _master.Supervisor.Next());
        Assert.Equal("resume", Peer.Call("""{"call":"resume"}""").GetProperty("call").GetString());
    }

    [NodeFact]
    public void Notifications_and_the_end_arrive()
    {
        Assert.Equal("running", Peer.Call("""{"call":"subscribe"}""").GetProperty("result").GetProperty("status").GetString());
        _master.Supervisor.Notify("stopped", exitCode: 7, oom: true);
        Assert.Equal(["oom", "stateChanged", "exited"], Enumerable.Range(0, 3).Select(_ => Peer.Next().GetProperty("notification").GetString()));
        _master.Supervisor.Leave();
        Assert.True(Peer.Next().GetProperty("closed").GetBoolean());
    }
}

/// <summary>The peer as a process.</summary>
internal sealed class JsonRpcPeer : IDisposable
{
    private readonly Process _process;

    public JsonRpcPeer(string socket)
    {
        _process = Process.Start(new ProcessStartInfo("node", [Path.Combine(NodeFactAttribute.Directory, "peer.js"), socket])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        })!;
    }

    public void Order(string order) => _process.StandardInput.WriteLine(order);

    public JsonElement Next()
    {
        var line = _process.StandardOutput.ReadLineAsync();
        // Whatever hangs, the test ends.
        if (!line.Wait(TimeSpan.FromSeconds(20)) || line.Result is not { } text)
        {
            throw new TimeoutException("the peer says nothing");
        }

        using var document = JsonDocument.Parse(text);
        return document.RootElement.Clone();
    }

    public JsonElement Call(string order)
    {
        Order(order);
        return Next();
    }

    public void Dispose()
    {
        _process.Kill();
        _process.WaitForExit();
        _process.Dispose();
    }
}

/// <summary>Needs node, and vscode-jsonrpc from npm; skipped, with the reason, without.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class NodeFactAttribute : FactAttribute
{
    private static readonly Lazy<string> Missing = new(Prepare);

    public NodeFactAttribute() => Skip = Missing.Value.Length == 0 ? null : Missing.Value;

    /// <summary>The peer beside its packages, in the tests' output folder.</summary>
    public static string Directory { get; } = Path.Combine(AppContext.BaseDirectory, "Interop", "jsonrpc");

    // Installed once, into the output folder; the next run finds it there.
    private static string Prepare()
    {
        if (System.IO.Directory.Exists(Path.Combine(Directory, "node_modules", "vscode-jsonrpc")))
        {
            return Runs("node", "--version") ? "" : "no node on PATH";
        }

        if (!Runs("node", "--version") || !Runs("npm", "--version"))
        {
            return "no node and npm on PATH";
        }

        return Runs("npm", "install", "--no-audit", "--no-fund", "--no-package-lock", "--ignore-scripts", "--silent")
            ? ""
            : "npm cannot install vscode-jsonrpc (no registry?)";
    }

    private static bool Runs(string program, params string[] arguments)
    {
        try
        {
            using var process = Process.Start(new ProcessStartInfo(program, arguments)
            {
                WorkingDirectory = Directory,
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            })!;
            process.StandardOutput.ReadToEndAsync();
            process.StandardError.ReadToEndAsync();
            if (process.WaitForExit(TimeSpan.FromMinutes(2)))
            {
                return process.ExitCode == 0;
            }

            process.Kill(entireProcessTree: true);
            return false;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return false;
        }
    }
}
