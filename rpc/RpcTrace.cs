using System.Diagnostics;
using System.Text.Json;
using Engine.Rpc.Client;

namespace Engine.Rpc;

/// <summary>
/// Records every request from its sending to the reading of its answer, and phases of the caller's own, as Chrome trace
/// events (chrome://tracing, ui.perfetto.dev). Times are microseconds of the monotonic clock. Requests that overlap
/// because they are pipelined lie in lanes beside each other. Thread-safe.
/// </summary>
public sealed class RpcTrace
{
    private readonly Lock _lock = new();
    private readonly List<Event> _events = [];
    private readonly List<(string Name, List<bool> Busy)> _peers = [];

    /// <summary>How many events there are.</summary>
    public int Count
    {
        get
        {
            lock (_lock)
            {
                return _events.Count;
            }
        }
    }

    /// <summary>Begins a phase of this process; disposing it ends it.</summary>
    public IDisposable Phase(string name) => new PhaseScope(this, name);

    /// <summary>Adds an event of <paramref name="track"/> from <paramref name="start"/> to <paramref name="end"/> (<see cref="Stopwatch.GetTimestamp"/>).</summary>
    public void Add(string track, string name, long start, long end, string? context = null, string? error = null)
    {
        lock (_lock)
        {
            int lane = Enter(track);
            Leave(track, lane);
            _events.Add(new Event(track, lane, name, start, end, context, error));
        }
    }

    /// <summary>The trace as a JSON document (<c>{"traceEvents":[…]}</c>).</summary>
    public byte[] ToJson()
    {
        var buffer = new System.Buffers.ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteStartArray("traceEvents");
            lock (_lock)
            {
                for (int i = 0; i < _peers.Count; i++)
                {
                    WriteProcessName(json, i + 1, _peers[i].Name);
                }

                foreach (var item in _events)
                {
                    WriteEvent(json, item);
                }
            }

            json.WriteEndArray();
            json.WriteString("displayTimeUnit", "ns");
            json.WriteEndObject();
        }

        return buffer.WrittenSpan.ToArray();
    }

    internal void Sent(string peer, Pending pending)
    {
        lock (_lock)
        {
            pending.Lane = Enter(peer);
            pending.SentAt = Stopwatch.GetTimestamp();
        }
    }

    internal void Answered(string peer, Pending pending, Exception? error)
    {
        long now = Stopwatch.GetTimestamp();
        lock (_lock)
        {
            Leave(peer, pending.Lane);
            _events.Add(new Event(peer, pending.Lane, pending.Method, pending.SentAt, now, pending.Context, error?.Message));
        }
    }

    private static double Microseconds(long timestamp) => timestamp * 1e6 / Stopwatch.Frequency;

    private static void WriteProcessName(Utf8JsonWriter json, int pid, string name)
    {
        json.WriteStartObject();
        json.WriteString("name", "process_name");
        json.WriteString("ph", "M");
        json.WriteNumber("pid", pid);
        json.WriteStartObject("args");
        json.WriteString("name", name);
        json.WriteEndObject();
        json.WriteEndObject();
    }

    private void WriteEvent(Utf8JsonWriter json, Event item)
    {
        json.WriteStartObject();
        json.WriteString("name", item.Name);
        json.WriteString("ph", "X");
        json.WriteNumber("pid", Index(item.Track) + 1);
        json.WriteNumber("tid", item.Lane + 1);
        json.WriteNumber("ts", Math.Round(Microseconds(item.Start), 3));
        json.WriteNumber("dur", Math.Round(Microseconds(item.End - item.Start), 3));
        if (item.Context is not null || item.Error is not null)
        {
            json.WriteStartObject("args");
            if (item.Context is not null)
            {
                json.WriteString("item", item.Context);
            }

            if (item.Error is not null)
            {
                json.WriteString("error", item.Error);
            }

            json.WriteEndObject();
        }

        json.WriteEndObject();
    }

    private int Index(string track)
    {
        int index = _peers.FindIndex(p => p.Name == track);
        if (index < 0)
        {
            index = _peers.Count;
            _peers.Add((track, []));
        }

        return index;
    }

    private int Enter(string track)
    {
        var busy = _peers[Index(track)].Busy;
        int lane = busy.IndexOf(false);
        if (lane < 0)
        {
            lane = busy.Count;
            busy.Add(true);
        }

        busy[lane] = true;
        return lane;
    }

    private void Leave(string track, int lane) => _peers[Index(track)].Busy[lane] = false;

    private sealed record Event(string Track, int Lane, string Name, long Start, long End, string? Context, string? Error);

    private sealed class PhaseScope(RpcTrace trace, string name) : IDisposable
    {
        private readonly long _start = Stopwatch.GetTimestamp();
        private bool _ended;

        public void Dispose()
        {
            if (!_ended)
            {
                _ended = true;
                trace.Add("phases", name, _start, Stopwatch.GetTimestamp());
            }
        }
    }
}
