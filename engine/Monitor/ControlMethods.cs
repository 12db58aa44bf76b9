using System.Text.Json;
using Engine.Linux;
using Engine.Monitor.JsonRpc;
using Engine.Rpc;
using Engine.Rpc.Client;
using Engine.Shared.Linux;
using Engine.Spec;
using Microsoft.Extensions.Logging;

namespace Engine.Monitor;

/// <summary>What a control client can ask for: every method of control.sock. docs/protocol.md lists the same.</summary>
public sealed class ControlMethods
{
    private const uint MaxTerminalSize = ushort.MaxValue;
    private readonly SupervisorLink _link;
    private readonly ConfigFile _config;
    private readonly ResourceMethods _resources;
    private readonly Subscriptions _subscriptions;
    private readonly ILogger<ControlMethods> _logger;

    /// <summary>Over one container.</summary>
    public ControlMethods(
        SupervisorLink link, ConfigFile config, ResourceMethods resources, Subscriptions subscriptions, ILogger<ControlMethods> logger)
    {
        _link = link;
        _config = config;
        _resources = resources;
        _subscriptions = subscriptions;
        _logger = logger;
        Dispatcher.Add("state", [], async (_, _) => await State());
        Dispatcher.Add("start", [], (_, _) => Void(Start()));
        Dispatcher.Add("kill", ["signal", "all"], (p, _) => Void(Kill(p)));
        Dispatcher.Add("pause", [], (_, _) => Void(Pause()));
        Dispatcher.Add("resume", [], (_, _) => Void(Resume()));
        Dispatcher.Add("resize", ["height", "width"], (p, _) => Void(Resize(p.Number("height", MaxTerminalSize), p.Number("width", MaxTerminalSize))));
        Dispatcher.Add("reopenLog", [], (_, _) => Void(ReopenLog()));
        Dispatcher.Add("update", ["resources"], (p, _) => Void(_resources.Update(p.Required("resources"))));
        Dispatcher.Add("stats", [], (_, _) => Task.FromResult<JsonValue?>(_resources.Stats()));
        Dispatcher.Add("subscribe", [], Subscribe);
    }

    /// <summary>The methods by name.</summary>
    public JsonRpcDispatcher<ISubscriber> Dispatcher { get; } = new();

    /// <summary>
    /// Executes the payload, then runs the poststart hooks. A hook that fails ends the container (runtime.md, "Lifecycle"
    /// step 9: generate an error, stop the container).
    /// </summary>
    public async Task Start()
    {
        // Together with Start, which says how many: a payload that ends at once would take the supervisor with it before they are asked for.
        var hooks = _config.Read().Hooks?.Poststart ?? [];
        var start = _link.Call(s => s.Start(hooks.Length));
        var runs = hooks.Select((hook, i) => _link.Call(s => s.RunHook(HookCalls.Of(hook, "running"), $"config.json hooks.poststart[{i}]"))).ToArray();
        try
        {
            await start;
        }
        catch
        {
            await Settle(runs);
            throw;
        }

        if (await Settle(runs) is { } failed)
        {
            MonitorLog.OperationFailed(_logger, failed.Message);
            await Settle([_link.Call(s => s.Kill(signal_h.SIGKILL, all: true))]);
            throw failed;
        }
    }

    // Waits for all; the first failure, if there is one.
    private static async Task<Exception?> Settle(Task[] calls)
    {
        Exception? first = null;
        foreach (var call in calls)
        {
            try
            {
                await call;
            }
            catch (Exception failed) when (failed is RpcException or PeerLostException)
            {
                first ??= failed;
            }
        }

        return first;
    }

    /// <summary>Freezes.</summary>
    public Task Pause() => _link.Call(s => s.Freeze());

    /// <summary>Thaws.</summary>
    public Task Resume() => _link.Call(s => s.Thaw());

    /// <summary>Sets the terminal's size.</summary>
    public Task Resize(uint rows, uint columns) => _link.Call(s => s.Resize(rows, columns));

    /// <summary>Opens the log again.</summary>
    public Task ReopenLog() => _link.Call(s => s.ReopenLog());

    // Written anew, since the file has lines and a message has none.
    private async Task<JsonValue?> State()
    {
        using var document = JsonDocument.Parse(ContainerRecord.ReadBytes(await _link.Call(s => s.ReadState())));
        var root = document.RootElement.Clone();
        return root.WriteTo;
    }

    private static async Task<JsonValue?> Void(Task task)
    {
        await task;
        return null;
    }

    private Task Kill(JsonRpcParameters parameters)
    {
        string name = parameters.Word("signal") ?? "SIGTERM";
        if (!Signals.TryParse(name, out int signal))
        {
            throw JsonRpcParameters.Invalid($"signal: \"{name}\" is no signal");
        }

        bool all = parameters.Switch("all");
        return _link.Call(s => s.Kill((uint)signal, all));
    }

    private async Task<JsonValue?> Subscribe(JsonRpcParameters parameters, ISubscriber caller)
    {
        var now = await _link.Call(s => s.Status());
        _subscriptions.Add(caller, now);
        return _subscriptions.Describe(now);
    }
}
