using System.Buffers.Binary;
using System.Text;
using Engine.Shared.Protocol;
using Engine.Tests.Integration.Support;

namespace Engine.Tests.Integration.Pump;

/// <summary>Clients that read slowly or not at all: who loses what, and who waits.</summary>
public sealed class PumpFlowTests
{
    private const int Lines = 500_000;
    private const int LineBytes = 100;

    [RootTheory(Needs.RootOnly)]
    [InlineData(true)]
    [InlineData(false)]
    public void A_stalled_client_never_stalls_the_payload(bool framed)
    {
        using var pump = new PumpRun();
        using var stalled = pump.Attach(framed, reads: false);
        using var good = pump.AttachReady();
        // A stop of the payload would show as a write that never returns.
        Assert.True(Task.Run(() => WriteNumbered(pump)).Wait(TimeSpan.FromSeconds(100)), "the payload was held up");
        Assert.Equal(0, pump.End(5));
        AssertLogComplete(pump);
        good.WaitForEnd();
        Assert.Equal(5, good.ExitCode);
    }

    [RootFact(Needs.RootOnly)]
    public void A_slow_client_is_told_to_the_byte_what_it_missed()
    {
        using var pump = new PumpRun();
        using var slow = pump.Attach(framed: true, reads: false);
        pump.Write("begin\n");
        pump.WaitForLog("begin");
        WriteNumbered(pump);
        slow.BeginReading();
        pump.Write("end\n");
        slow.WaitFor("end\n");
        pump.End();
        slow.WaitForEnd();
        ulong missed = slow.Frames.Where(f => f.Tag == AttachFrame.Gap).Aggregate(0ul, (sum, f) => sum + BinaryPrimitives.ReadUInt64BigEndian(f.Content));
        ulong got = (ulong)slow.Frames.Where(f => f.Tag == AttachFrame.Stdout).Sum(f => f.Content.Length);
        Assert.NotEqual(0ul, missed);
        Assert.Equal(((ulong)Lines * LineBytes) + 10, missed + got);
        Assert.Equal(0, slow.ExitCode);
    }

    [RootFact(Needs.RootOnly)]
    public void A_raw_client_misses_bytes_but_not_the_end()
    {
        using var pump = new PumpRun();
        using var slow = pump.Attach(framed: false, reads: false);
        WriteNumbered(pump);
        slow.BeginReading();
        pump.Write("end\n");
        slow.WaitFor("end\n");
        Assert.True(slow.Received.Length < Lines * LineBytes);
    }

    [RootFact(Needs.RootOnly)]
    public void A_lossless_client_loses_nothing_and_the_payload_waits_for_it()
    {
        using var pump = new PumpRun();
        using var client = pump.Attach(framed: true, reads: false);
        client.SendFrame(AttachFrame.Flow, [(byte)AttachFlow.Lossless]);
        client.SendFrame(AttachFrame.Stdin, "ready"u8.ToArray());
        pump.Stdin.ReadExactly(new byte[5]);
        var writing = Task.Run(() => WriteNumbered(pump));
        // The payload is held once pipe, ring and socket are full: the log does not grow any more.
        long seen = -1;
        Eventually.True(
            () =>
            {
                long before = seen;
                seen = pump.LogBytes.Length;
                return seen > 0 && seen == before && Eventually.Stays(() => pump.LogBytes.Length == seen, 0.3);
            },
            "the log to stand still");
        Assert.False(writing.IsCompleted);
        client.BeginReading();
        Assert.True(writing.Wait(TimeSpan.FromSeconds(100)));
        Assert.Equal(0, pump.End(1));
        client.WaitForEnd();
        Assert.Equal(Numbered(), client.Output());
        Assert.Equal(1, client.ExitCode);
        Assert.DoesNotContain(client.Frames, f => f.Tag == AttachFrame.Gap);
        AssertLogComplete(pump);
    }

    [RootFact(Needs.RootOnly)]
    public void Hold_stops_the_output_until_it_is_taken_back()
    {
        using var pump = new PumpRun();
        using var client = pump.AttachReady();
        Flow(pump, client, AttachFlow.Hold);
        pump.Write("held\n");
        Assert.True(Eventually.Stays(() => pump.LogBytes.Length == 0, 0.3));
        Flow(pump, client, AttachFlow.Lossless);
        client.WaitFor("held\n");

        Flow(pump, client, AttachFlow.Hold);
        pump.Write("held again\n");
        client.Dispose();
        pump.WaitForLog("held again");
    }

    [RootFact(Needs.RootOnly)]
    public void Neither_hold_nor_a_client_that_does_not_read_outlives_the_payload()
    {
        using var pump = new PumpRun();
        using var holding = pump.AttachReady();
        Flow(pump, holding, AttachFlow.Hold);
        using var stalled = pump.Attach(framed: true, reads: false);
        pump.Write(new string('x', 50_000) + "\n");
        Assert.Equal(0, pump.End(9));
        holding.WaitForEnd();
        Assert.Equal(50_001, holding.Output().Length);
        Assert.Equal(9, holding.ExitCode);
        Assert.Equal(50_000, pump.Log.Count(c => c == 'x'));
    }

    // The flow frame has been taken once the input behind it has arrived.
    private static void Flow(PumpRun pump, AttachClient client, AttachFlow flow)
    {
        client.SendFrame(AttachFrame.Flow, [(byte)flow]);
        client.Type("!");
        pump.Stdin.ReadExactly(new byte[1]);
    }

    private static string Numbered()
    {
        var text = new StringBuilder(Lines * LineBytes);
        for (int i = 0; i < Lines; i++)
        {
            text.Append(Line(i));
        }

        return text.ToString();
    }

    private static void WriteNumbered(PumpRun pump)
    {
        var text = new StringBuilder();
        for (int i = 0; i < Lines; i++)
        {
            text.Append(Line(i));
            if (text.Length > 60_000)
            {
                pump.Write(text.ToString());
                text.Clear();
            }
        }

        pump.Write(text.ToString());
    }

    private static string Line(int i) => $"{i:d10} " + new string((char)('a' + (i % 26)), LineBytes - 12) + "\n";

    private static void AssertLogComplete(PumpRun pump)
    {
        int next = 0;
        foreach (string line in File.ReadLines(pump.LogPath))
        {
            int text = line.IndexOf(" stdout F ", StringComparison.Ordinal) + " stdout F ".Length;
            Assert.Equal(Line(next++).TrimEnd('\n'), line[text..]);
        }

        Assert.Equal(Lines, next);
    }
}
