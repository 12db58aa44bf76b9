using System.Globalization;
using System.Text.Json;
using Engine.Diagnostics;
using Engine.Linux;
using Engine.Monitor.JsonRpc;
using Engine.Rpc.Linux;
using Engine.Shared.Linux;

namespace Engine.Control;

/// <summary>Something that a subscribed client was told.</summary>
/// <param name="Method">stateChanged, exited or oom.</param>
/// <param name="Status">The container's status then.</param>
/// <param name="ExitCode">Once it stopped.</param>
/// <param name="OomKilled">The kernel killed in it for want of memory.</param>
public sealed record ControlNotification(string Method, string Status, int? ExitCode, bool OomKilled);

/// <summary>
/// The commands' side of control.sock: one call after the other, one JSON text a line. Connecting starts a master where
/// there is none (the supervisor sees the connection), so that the first answer may take some milliseconds. Every failure
/// is an <see cref="EngineException"/> that names the container.
/// </summary>
public sealed class ControlClient : IDisposable
{
    /// <summary>Name of the socket in the state directory.</summary>
    public const string SocketLeaf = "control.sock";

    private readonly SafeFd _socket;
    private readonly string _id;
    private readonly MessageFramer _framer = new();
    private readonly Queue<ControlNotification> _notifications = new();
    private int _lastId;

    private ControlClient(SafeFd socket, string id)
    {
        _socket = socket;
        _id = id;
    }

    /// <summary>Connects to the container whose state directory is open.</summary>
    public static ControlClient Connect(SafeFd stateDirectory, string id)
    {
        try
        {
            return new ControlClient(UnixSockets.Connect(stateDirectory, SocketLeaf), id);
        }
        catch (SyscallException error)
        {
            string reason = error.Errno is Errno.ECONNREFUSED or Errno.ENOENT
                ? "its supervisor is gone; 'delete --force' removes what is left"
                : error.Message;
            throw new EngineException($"container \"{id}\": {reason}", inner: error);
        }
    }

    /// <summary>The state document as it is now.</summary>
    public JsonElement State() => Call("state");

    /// <summary>Executes the payload; returns once it runs and the poststart hooks are done.</summary>
    public void Start() => Call("start");

    /// <summary>Signals the payload, or every process of the container.</summary>
    public void Kill(int signal, bool all) => Call("kill", json =>
    {
        json.WriteStartObject();
        json.WriteNumber("signal", signal);
        json.WriteBoolean("all", all);
        json.WriteEndObject();
    });

    /// <summary>Returns once everything is frozen.</summary>
    public void Pause() => Call("pause");

    /// <summary>Returns once everything runs again.</summary>
    public void Resume() => Call("resume");

    /// <summary>Sets the terminal's size.</summary>
    public void Resize(TerminalSize size) => Call("resize", json =>
    {
        json.WriteStartObject();
        json.WriteNumber("height", size.Rows);
        json.WriteNumber("width", size.Columns);
        json.WriteEndObject();
    });

    /// <summary>Lets the log's path be opened again, after a rotation.</summary>
    public void ReopenLog() => Call("reopenLog");

    /// <summary>Changes limits; <paramref name="resources"/> is the JSON text of a linux.resources object.</summary>
    public void Update(byte[] resources)
    {
        JsonElement document;
        try
        {
            var reader = new Utf8JsonReader(resources);
            document = JsonElement.ParseValue(ref reader);
        }
        catch (JsonException error)
        {
            throw new EngineException($"resources: {error.Message}", inner: error);
        }

        Call("update", json =>
        {
            json.WriteStartObject();
            json.WritePropertyName("resources");
            document.WriteTo(json);
            json.WriteEndObject();
        });
    }

    /// <summary>What the container uses.</summary>
    public JsonElement Stats() => Call("stats");

    /// <summary>From now on <see cref="Next"/> tells of changes; returns the status now.</summary>
    public string Subscribe() => Call("subscribe").GetProperty("status").GetString()!;

    /// <summary>The next change; null once the container is gone. Waits at most <paramref name="time"/>.</summary>
    /// <exception cref="TimeoutException">Nothing was told in that time.</exception>
    public ControlNotification? Next(TimeSpan time)
    {
        long deadline = Deadline(time);
        while (_notifications.Count == 0)
        {
            if (Read(deadline) is not { } message)
            {
                return null;
            }

            Keep(message);
        }

        return _notifications.Dequeue();
    }

    /// <summary>Calls <paramref name="method"/> and returns its result.</summary>
    /// <exception cref="EngineException">The method failed, in the server's words; or there is no answer any more.</exception>
    public JsonElement Call(string method, JsonValue? parameters = null)
    {
        string id = (++_lastId).ToString(CultureInfo.InvariantCulture);
        Send(_framer.Frame(JsonRpcFormatter.Call(id, method, parameters)), method);
        while (Read(long.MaxValue) is { } answer)
        {
            if (answer.TryGetProperty("method", out _))
            {
                Keep(answer);
            }
            else if (answer.TryGetProperty("error", out var error))
            {
                throw new EngineException($"container \"{_id}\": {error.GetProperty("message").GetString()}");
            }
            else if (answer.TryGetProperty("id", out var answered) && answered.GetRawText() == id)
            {
                return answer.GetProperty("result");
            }
        }

        throw Lost(method);
    }

    /// <inheritdoc/>
    public void Dispose() => _socket.Dispose();

    private static long Deadline(TimeSpan time) =>
        time == Timeout.InfiniteTimeSpan ? long.MaxValue : Environment.TickCount64 + (long)time.TotalMilliseconds;

    private EngineException Lost(string method, Exception? inner = null) =>
        new($"container \"{_id}\": its master ended before it answered {method}; try again", inner: inner);

    private void Send(byte[] frame, string method)
    {
        try
        {
            for (int sent = 0; sent < frame.Length;)
            {
                int count = UnixSockets.Send(_socket, frame.AsSpan(sent));
                sent += Math.Max(count, 0);
                if (count < 0)
                {
                    UnixSockets.WaitWritable(_socket, -1);
                }
            }
        }
        catch (SyscallException error)
        {
            throw Lost(method, error);
        }
    }

    private JsonElement? Read(long deadline)
    {
        while (true)
        {
            if (_framer.TryTake(out var message))
            {
                var reader = new Utf8JsonReader(message.Span);
                return JsonElement.ParseValue(ref reader);
            }

            int count = Receive();
            if (count == 0)
            {
                return null;
            }

            if (count < 0)
            {
                int left = deadline == long.MaxValue ? -1 : (int)Math.Clamp(deadline - Environment.TickCount64, 0, int.MaxValue);
                if (!UnixSockets.WaitReadable(_socket, left))
                {
                    throw new TimeoutException();
                }
            }
            else
            {
                _framer.Received(count);
            }
        }
    }

    private int Receive()
    {
        try
        {
            return UnixSockets.Receive(_socket, _framer.FreeSpace());
        }
        catch (SyscallException error) when (error.Errno == Errno.ECONNRESET)
        {
            return 0;
        }
    }

    private void Keep(JsonElement notification)
    {
        var parameters = notification.GetProperty("params");
        _notifications.Enqueue(new ControlNotification(
            notification.GetProperty("method").GetString()!,
            parameters.GetProperty("status").GetString()!,
            parameters.TryGetProperty("exitCode", out var code) ? code.GetInt32() : null,
            parameters.GetProperty("oomKilled").GetBoolean()));
    }
}
