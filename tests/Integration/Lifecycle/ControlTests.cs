using System.Text;
using Engine.Tests.Integration.Support;

namespace Engine.Tests.Integration.Lifecycle;

/// <summary>control.sock of a real container: both framings, Apptainer's objects, and clients that send nonsense.</summary>
public sealed class ControlTests : EngineTest
{
    [RootFact]
    public void Nonsense_hurts_nobody()
    {
        var id = Start(NewBundle().Args("/bin/sleep", "1000"));
        using var good = Cli.Control(id);
        Assert.Equal("running", (string?)good.CallOk("state")!["status"]);
        foreach (var text in new[] { "nonsense\n", "{\"pause\":\n", "[]\n", "{\"jsonrpc\":\"2.0\",\"id\":1}\n", "Content-Length: -5\r\n\r\n", "\0\0\0\0\n", "{\"unknown\":true}\n", new string('x', 100_000) })
        {
            using var bad = Cli.Control(id);
            try
            {
                bad.Send(Encoding.UTF8.GetBytes(text));
                bad.CloseSending();
            }
            catch (System.Net.Sockets.SocketException)
            {
                // It was shown the door before it had finished.
            }
            bad.WaitForEnd();
        }
        Assert.Equal("running", (string?)good.CallOk("state")!["status"]);
        Assert.NotNull(good.Call("noSuchMethod")["error"]);
        Assert.Equal("running", Cli.Status(id));
    }

    [RootFact]
    public void Headers_are_understood_as_well_as_lines()
    {
        var id = Start(NewBundle().Args("/bin/sleep", "1000"));
        using var client = Cli.Control(id);
        const string Body = "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"state\"}";
        client.Send(Encoding.UTF8.GetBytes($"Content-Length: {Body.Length}\r\n\r\n{Body}"));
        Eventually.True(() => Encoding.UTF8.GetString(client.Received).Contains("\"running\"", StringComparison.Ordinal), "the answer");
        Assert.StartsWith("Content-Length: ", Encoding.UTF8.GetString(client.Received), StringComparison.Ordinal);
    }

    [RootFact]
    public void Apptainers_objects_are_acknowledged_by_closing()
    {
        var id = Create(NewBundle().Args("/bin/sleep", "1000"));
        foreach (var (text, status) in new[] { ("{\"startContainer\":true}", "running"), ("{\"pause\":true}", "paused"), ("{\"resume\":true}", "running"), ("{\"reopenLog\":true}", "running") })
        {
            using var client = Cli.Control(id);
            client.SendLine(text);
            client.WaitForEnd();
            Assert.Empty(client.Received);
            Assert.Equal(status, Cli.Status(id));
        }
    }

    [RootFact(Needs.Probe)]
    public void An_attacher_that_does_not_read_does_not_stall_the_payload()
    {
        var id = Create(NewBundle().Probe("spam", "3000000", "exit", "4"));
        using var slow = Cli.Attach(id, reads: false);
        Cli.OciOk("start", id);
        Assert.Equal("4\n", Cli.OciOk("wait", id).Text);
        Assert.Equal(3_000_000, Cli.OciOk("logs", id).Output.Length);
    }

    [RootFact(Needs.Probe)]
    public void A_long_line_is_logged_in_parts_and_comes_back_as_one()
    {
        var id = Start(NewBundle().Probe("line", "100000", "say", "end"));
        Cli.OciOk("wait", id);
        var tags = File.ReadLines(Cli.DefaultLog(id)).Select(l => l.Split(' ')[2]).ToList();
        Assert.Contains("P", tags);
        Assert.Equal("F", tags[^1]);
        var text = Cli.OciOk("logs", id).Text;
        Assert.Contains("say end\n", text, StringComparison.Ordinal);
        Assert.InRange(text.Length, 100_008, 100_009);
    }
}
