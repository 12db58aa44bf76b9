using System.Text;
using Engine.Monitor;
using Engine.Monitor.JsonRpc;

namespace Engine.Tests.Unit.Monitor;

/// <summary>Whatever one client does, the others are served, the master stays, and it leaves when it should.</summary>
public class HostileClientTests
{
    private const string Null = """{"jsonrpc":"2.0","id":1,"result":null}""";

    [Theory]
    [InlineData("\n\n\n")]
    [InlineData("garbage\n")]
    [InlineData("\0\u0001\u0016\u0003\u0001\n")]
    [InlineData("{\"jsonrpc\":\"2.0\"\n")]
    [InlineData("Content-Length: banana\r\n\r\n{}")]
    [InlineData("Content-Length: 5\r\n\r\n{}")]
    [InlineData("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")]
    [InlineData("")]
    public void Garbage_hurts_nobody(string garbage)
    {
        using var master = new RunningMaster();
        using var good = master.Connect();
        Assert.Equal(Null, good.Call("pause"));
        for (int i = 0; i < 20; i++)
        {
            using var bad = master.Connect();
            bad.Send(garbage);
            bad.EndInput();
            string answer = bad.ReadToEnd();
            Assert.True(answer.Length == 0 || answer.Contains("\"error\"", StringComparison.Ordinal), answer);
        }

        Assert.Equal(Null, good.Call("resume"));
    }

    [Fact]
    public void Random_bytes_hurt_nobody()
    {
        using var master = new RunningMaster();
        var random = new Random(4711);
        for (int i = 0; i < 200; i++)
        {
            byte[] bytes = new byte[random.Next(1, 2000)];
            random.NextBytes(bytes);
            using var bad = master.Connect();
            bad.TrySend(bytes);
        }

        using var good = master.Connect();
        Assert.Equal(Null, good.Call("pause"));
    }

    [Fact]
    public void A_bad_line_is_answered_and_the_next_is_read()
    {
        using var master = new RunningMaster();
        using var client = master.Connect();
        client.Send("nonsense\n[]\n" + """{"jsonrpc":"2.0","id":1,"method":"pause"}""" + "\n");
        Assert.Contains("\"code\":-32700", client.ReadLine(), StringComparison.Ordinal);
        Assert.Contains("\"code\":-32600", client.ReadLine(), StringComparison.Ordinal);
        Assert.Equal(Null, client.ReadLine());
    }

    [Fact]
    public async Task A_great_many_bad_lines_at_once_are_answered_one_by_one()
    {
        using var master = new RunningMaster();
        using var client = master.Connect();
        const int count = 20_000;
        var reader = Task.Run(() => Enumerable.Range(0, count).Count(_ => client.ReadLine() is { } line && line.Contains("-32600", StringComparison.Ordinal)));
        client.Send(string.Concat(Enumerable.Repeat("1\n", count)));
        Assert.Equal(count, await reader);
    }

    [Fact]
    public void A_message_over_the_limit_ends_its_connection_with_a_reason()
    {
        using var master = new RunningMaster();
        using var client = master.Connect();
        byte[] chunk = Encoding.ASCII.GetBytes(new string('x', 64 * 1024));
        for (int i = 0; i < 20 && client.TrySend(chunk); i++)
        {
        }

        string rest = client.ReadToEnd();
        Assert.True(rest.Length == 0 || rest.Contains("over 1048576 bytes", StringComparison.Ordinal), rest);
        using var good = master.Connect();
        Assert.Equal(Null, good.Call("pause"));
    }

    [Theory]
    [InlineData("{\"jsonrpc\"")]
    [InlineData("Content-Length: 100\r\n\r\n{")]
    [InlineData("Content-Le")]
    public void Half_a_message_does_not_stay_for_ever(string half)
    {
        using var master = new RunningMaster(s => s with { Limits = new ControlLimits { HalfMessage = TimeSpan.FromMilliseconds(50) } });
        using var client = master.Connect();
        client.Send(half);
        Assert.Contains("half a message", client.ReadToEnd(), StringComparison.Ordinal);
    }

    [Fact]
    public void Too_many_clients_are_turned_away_and_a_place_is_free_again_afterwards()
    {
        using var master = new RunningMaster(s => s with { Limits = new ControlLimits { Clients = 2 } });
        using var first = master.Connect();
        using (var second = master.Connect())
        {
            Assert.Equal(Null, first.Call("pause"));
            Assert.Equal(Null, second.Call("pause"));
            using var third = master.Connect();
            Assert.Contains("\"code\":-32000", third.ReadToEnd(), StringComparison.Ordinal);
        }

        // The end of a client is seen in the loop's turn after it; nothing but another client tells.
        string answer;
        do
        {
            using var next = master.Connect();
            answer = next.Call("pause");
        }
        while (answer.Contains("-32000", StringComparison.Ordinal));
        Assert.Equal(Null, answer);
    }

    [Fact]
    public void Requests_without_answers_are_limited_and_wait()
    {
        using var master = new RunningMaster(s => s with { Limits = new ControlLimits { Outstanding = 1 } });
        var gate = master.Supervisor.Hold("Freeze");
        using var client = master.Connect();
        client.Send("""{"jsonrpc":"2.0","id":1,"method":"pause"}""" + "\n" + """{"jsonrpc":"2.0","id":2,"method":"resume"}""" + "\n");
        Assert.Equal("Freeze", master.Supervisor.Next());
        using var other = master.Connect();
        Assert.Equal(Null, other.Call("reopenLog"));
        Assert.Equal("ReopenLog", master.Supervisor.Next());
        Assert.True(master.Supervisor.SawNothingMore);
        gate.Set();
        Assert.Equal(Null, client.ReadLine());
        Assert.Equal("""{"jsonrpc":"2.0","id":2,"result":null}""", client.ReadLine());
    }

    [Fact]
    public void A_client_that_does_not_read_is_dropped_at_its_limit()
    {
        using var master = new RunningMaster(s => s with { Limits = new ControlLimits { Unread = 100_000 } });
        using var lazy = master.Connect();
        byte[] requests = Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat("""{"jsonrpc":"2.0","id":1,"method":"x"}""" + "\n", 500)));
        int sent = 0;
        while (lazy.TrySend(requests))
        {
            Assert.True(++sent < 1000, "nothing stops it");
        }

        using var good = master.Connect();
        Assert.Equal(Null, good.Call("pause"));
    }

    [Fact]
    public void Large_halves_of_messages_take_a_bounded_amount_of_memory()
    {
        using var master = new RunningMaster();
        byte[] half = Encoding.ASCII.GetBytes("{\"jsonrpc\":\"" + new string('x', 900_000));
        var greedy = Enumerable.Range(0, 40).Select(_ => master.Connect()).ToList();
        int refused = greedy.Count(client => !client.TrySend(half) || client.IsRefused());
        Assert.InRange(refused, 10, 39);

        using var good = master.Connect();
        Assert.Equal(Null, good.Call("pause"));
        greedy.ForEach(client => client.Dispose());
        using var large = master.Connect();
        large.Send("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"pause\",\"params\":{" + new string(' ', 1_000_000) + "}}\n");
        Assert.Equal(Null, large.ReadLine());
    }

    [Fact]
    public void Clients_that_leave_in_the_middle_leave_nothing()
    {
        using var master = new RunningMaster(s => s with { Limits = new ControlLimits { Clients = 8 } });
        var gate = master.Supervisor.Hold("Freeze");
        for (int i = 0; i < 100; i++)
        {
            using var client = master.Connect();
            client.TrySend(Encoding.UTF8.GetBytes("""{"jsonrpc":"2.0","id":1,"method":"pause"}""" + "\n"));
        }

        gate.Set();
        string answer;
        do
        {
            using var next = master.Connect();
            answer = next.Call("resume");
        }
        while (answer.Contains("-32000", StringComparison.Ordinal));
        Assert.Equal(Null, answer);
    }

    [Fact]
    public void Without_a_client_the_master_leaves()
    {
        using var master = new RunningMaster(s => s with { IdleTime = TimeSpan.FromMilliseconds(50) });
        master.WaitForEnd();
        // What connects now waits for the next master.
        using var late = master.Connect();
    }

    [Fact]
    public void A_client_keeps_the_master_and_its_end_lets_it_go()
    {
        using var master = new RunningMaster(s => s with { IdleTime = TimeSpan.FromMilliseconds(50) });
        using (var client = master.Connect())
        {
            Assert.Equal(Null, client.Call("pause"));
            var gate = master.Supervisor.Hold("Thaw");
            client.Send("""{"jsonrpc":"2.0","id":1,"method":"resume"}""" + "\n");
            Assert.Equal("Freeze", master.Supervisor.Next());
            Assert.Equal("Thaw", master.Supervisor.Next());
            gate.Set();
            Assert.Equal(Null, client.ReadLine());
        }

        master.WaitForEnd();
    }

    [Fact]
    public void A_lost_supervisor_ends_the_master_and_tells_who_waits()
    {
        using var master = new RunningMaster();
        master.Supervisor.Hold("Freeze");
        using var client = master.Connect();
        client.Send("""{"jsonrpc":"2.0","id":1,"method":"pause"}""" + "\n");
        Assert.Equal("Freeze", master.Supervisor.Next());
        master.Supervisor.Leave();
        Assert.Contains($"\"code\":{JsonRpcCode.ContainerGone}", client.ReadToEnd(), StringComparison.Ordinal);
        master.WaitForEnd();
    }
}
