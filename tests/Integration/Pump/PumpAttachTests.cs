using System.Buffers.Binary;
using System.Net.Sockets;
using System.Text;
using Engine.Shared.Protocol;
using Engine.Tests.Integration.Support;

namespace Engine.Tests.Integration.Pump;

/// <summary>The attach socket as clients see it.</summary>
public sealed class PumpAttachTests
{
    [RootFact(Needs.RootOnly)]
    public void A_raw_client_gets_and_gives_bytes()
    {
        using var pump = new PumpRun();
        using var client = pump.Attach(framed: false);
        pump.Write("out\n");
        client.WaitFor("out\n");
        pump.Stderr.Write("err\n"u8);
        client.WaitFor("err\n");
        client.Type("typed");
        Assert.Equal("typed", ReadStdin(pump, 5));
        Assert.Equal(0, pump.End());
        client.WaitForEnd();
        Assert.Equal("out\nerr\n", client.Output());
    }

    [RootFact(Needs.RootOnly)]
    public void A_framed_client_tells_the_streams_apart_and_learns_the_exit_code()
    {
        using var pump = new PumpRun();
        using var client = pump.AttachReady();
        pump.Write("out\n");
        client.WaitFor("out\n");
        pump.Stderr.Write("err\n"u8);
        client.WaitFor("err\n", AttachFrame.Stderr);
        Assert.Equal(0, pump.End(137));
        client.WaitForEnd();
        Assert.Equal(137, client.ExitCode);
        Assert.Equal([AttachFrame.ReplayEnd, AttachFrame.Stdout, AttachFrame.Stderr, AttachFrame.Exit], client.Frames.Select(f => f.Tag));
        Assert.True(client.Received.AsSpan().StartsWith(AttachFrame.Magic));
    }

    [RootFact(Needs.RootOnly)]
    public void A_new_client_is_shown_the_end_of_what_was_written_before()
    {
        using var pump = new PumpRun(ring: 4096);
        for (int i = 0; i < 1000; i++)
        {
            pump.Write($"line {i}\n");
        }

        pump.Stderr.Write("oops\n"u8);
        pump.WaitForLog("line 999");
        pump.WaitForLog("oops");
        using var client = pump.AttachReady();
        pump.Write("live\n");
        client.WaitFor("live\n");
        var replay = client.Frames.TakeWhile(f => f.Tag != AttachFrame.ReplayEnd).ToList();
        string text = string.Concat(replay.Where(f => f.Tag == AttachFrame.Stdout).Select(f => Encoding.ASCII.GetString(f.Content)));
        Assert.EndsWith("line 998\nline 999\n", text, StringComparison.Ordinal);
        Assert.InRange(replay.Sum(f => f.Content.Length + AttachFrame.HeaderBytes), 1, 4096);
        Assert.Contains(replay, f => f.Tag == AttachFrame.Stderr);
        Assert.DoesNotContain(client.Frames, f => f.Tag == AttachFrame.Gap);

        using var raw = pump.Attach(framed: false);
        raw.WaitFor("line 999\n");
    }

    [RootFact(Needs.RootOnly)]
    public void Without_a_ring_nothing_is_shown_again()
    {
        using var pump = new PumpRun(ring: 0);
        pump.Write("before\n");
        pump.WaitForLog("before");
        using var client = pump.AttachReady();
        pump.Write("after\n");
        client.WaitFor("after\n");
        Assert.Equal("after\n", client.Output());
    }

    [RootFact(Needs.RootOnly)]
    public void Who_connects_just_before_the_end_still_gets_everything()
    {
        using var pump = new PumpRun();
        pump.Write("last words\n");
        pump.WaitForLog("last words");
        pump.ClosePayload();
        using var client = pump.Attach();
        pump.SendExited(3);
        Assert.Equal(0, pump.WaitForEnd());
        client.WaitForEnd();
        Assert.Equal("last words\n", client.Output());
        Assert.Equal(3, client.ExitCode);
    }

    [RootFact(Needs.RootOnly)]
    public void The_magic_counts_also_late_and_in_pieces()
    {
        using var pump = new PumpRun();
        using var client = pump.Attach(framed: false);
        pump.Write("raw\n");
        client.WaitFor("raw\n");
        foreach (byte b in AttachFrame.Magic.ToArray())
        {
            client.Send([b]);
        }

        Eventually.True(() => Encoding.ASCII.GetString(client.Received).Contains("ENGATT1\n", StringComparison.Ordinal), "the answer");
        pump.Write("framed\n");
        Eventually.True(() => client.Frames.Any(f => f.Tag == AttachFrame.Stdout), "a frame");
        Assert.Equal([AttachFrame.ReplayEnd, AttachFrame.Stdout], client.Frames.Select(f => f.Tag));
        Assert.Equal("framed\n", Encoding.ASCII.GetString(client.Frames[1].Content));
    }

    [RootTheory(Needs.RootOnly)]
    [InlineData("E")]
    [InlineData("ENGATT1")]
    [InlineData("ENGATT1\r\n")]
    [InlineData("ENGINE\n")]
    public void The_beginning_of_the_magic_alone_is_input(string typed)
    {
        using var pump = new PumpRun();
        using var client = pump.Attach(framed: false);
        client.Type(typed);
        Assert.Equal(typed, ReadStdin(pump, typed.Length));
    }

    [RootFact(Needs.RootOnly)]
    public void Input_of_several_clients_is_merged_and_one_may_end_it()
    {
        using var pump = new PumpRun();
        using var first = pump.AttachReady();
        using var second = pump.AttachReady();
        first.Type("one ");
        Assert.Equal("one ", ReadStdin(pump, 4));
        second.Type("two ");
        Assert.Equal("two ", ReadStdin(pump, 4));
        second.CloseStdin();
        Assert.Equal(PumpNoteKind.StdinClosed, pump.Receive());
        pump.Release(PumpDescriptor.Stdin);
        Assert.Equal(0, pump.Stdin.Read(new byte[1]));
        first.Type("nobody reads this");
        pump.Write("still alive\n");
        first.WaitFor("still alive\n");
        second.WaitFor("still alive\n");
    }

    [RootFact(Needs.RootOnly)]
    public void A_raw_client_that_has_said_everything_still_listens_and_stdin_stays_open()
    {
        using var pump = new PumpRun();
        using var client = pump.Attach(framed: false);
        client.Type("all");
        client.CloseSending();
        Assert.Equal("all", ReadStdin(pump, 3));
        pump.Write("answer\n");
        client.WaitFor("answer\n");
        using var other = pump.AttachReady();
        other.Type("more");
        Assert.Equal("more", ReadStdin(pump, 4));
    }

    [RootFact(Needs.RootOnly)]
    public void Input_that_the_payload_does_not_read_holds_up_its_client_only()
    {
        using var pump = new PumpRun();
        using var pusher = pump.AttachReady();
        byte[] input = new byte[3_000_000];
        new Random(1).NextBytes(input);
        var sending = Task.Run(() =>
        {
            foreach (var part in input.Chunk(AttachFrame.MaxContent))
            {
                pusher.SendFrame(AttachFrame.Stdin, part);
            }

            pusher.CloseStdin();
        });
        using var other = pump.AttachReady();
        pump.Write("output flows\n");
        other.WaitFor("output flows\n");
        pusher.WaitFor("output flows\n");
        Assert.False(sending.IsCompleted);

        byte[] read = new byte[input.Length];
        pump.Stdin.ReadExactly(read);
        Assert.True(input.AsSpan().SequenceEqual(read));
        Assert.Equal(PumpNoteKind.StdinClosed, pump.Receive());
        Assert.True(sending.Wait(TimeSpan.FromSeconds(20)));
    }

    [RootFact(Needs.RootOnly)]
    public void A_payload_that_closes_its_stdin_ends_nobody()
    {
        using var pump = new PumpRun();
        using var client = pump.AttachReady();
        pump.Stdin.Dispose();
        Assert.Equal(PumpNoteKind.StdinClosed, pump.Receive());
        for (int i = 0; i < 50; i++)
        {
            client.Type(new string('x', 10_000));
        }

        pump.Write("alive\n");
        client.WaitFor("alive\n");
    }

    [RootFact(Needs.RootOnly)]
    public void A_broken_frame_ends_its_connection_only()
    {
        using var pump = new PumpRun();
        using var good = pump.AttachReady();
        byte[][] broken = [[9, 0, 0, 0, 0], [0, 0, 1, 0, 0], [3, 0, 0, 0, 3, 1, 2, 3], [7, 0, 0, 0, 1, 9], [1, 0, 0, 0, 1, 1], [0xff, 0xff, 0xff, 0xff, 0xff]];
        foreach (var frame in broken)
        {
            using var client = pump.AttachReady();
            client.Send(frame);
            client.WaitForEnd();
        }

        good.Type("in");
        Assert.Equal("in", ReadStdin(pump, 2));
        pump.Write("out\n");
        good.WaitFor("out\n");
    }

    [RootFact(Needs.RootOnly)]
    public void Another_user_is_turned_away_and_the_owner_is_not()
    {
        using var pump = new PumpRun();
        File.SetUnixFileMode(pump.SocketPath, (UnixFileMode)0b110_110_110);
        string connect = $"exec python3 -c 'import socket,sys; c=socket.socket(socket.AF_UNIX); c.connect(\"{pump.SocketPath}\"); c.sendall(b\"ENGATT1\\n\"); print(c.recv(8))'";
        var owner = As(PumpRun.Uid, connect);
        Assert.Equal("b'ENGATT1\\n'", owner.Trimmed);
        var stranger = As(PumpRun.Uid + 1, connect);
        Assert.DoesNotContain("ENGATT1", stranger.Trimmed, StringComparison.Ordinal);
        using var root = pump.AttachReady();
    }

    [RootFact(Needs.RootOnly)]
    public void Thirty_two_sessions_and_no_more()
    {
        using var pump = new PumpRun();
        var clients = Enumerable.Range(0, 32).Select(_ => pump.AttachReady()).ToList();
        using var refused = pump.Attach(framed: false);
        refused.WaitForEnd();
        Assert.Empty(refused.Received);
        clients[0].Dispose();
        Eventually.True(
            () =>
            {
                using var next = new AttachClient(pump.SocketPath);
                return !Eventually.Holds(() => next.Ended, 0.2);
            },
            "a free place");
        pump.Write("to all\n");
        clients.Skip(1).ToList().ForEach(c => c.WaitFor("to all\n"));
    }

    [RootFact(Needs.RootOnly)]
    public void A_thousand_sessions_leave_no_descriptor_behind()
    {
        using var pump = new PumpRun();
        pump.AttachReady().Dispose();
        Eventually.True(() => Descriptors(pump) == 9, () => $"9 descriptors, not {Descriptors(pump)}");
        for (int i = 0; i < 1000; i++)
        {
            using var client = new AttachClient(pump.SocketPath, framed: i % 2 == 0, reads: i % 3 == 0);
            if (i % 5 == 0)
            {
                client.Type($"{i}\n");
                Assert.Equal($"{i}\n", ReadStdin(pump, $"{i}\n".Length));
            }
        }

        Eventually.True(() => Descriptors(pump) == 9, () => $"9 descriptors, not {Descriptors(pump)}");
        pump.Write("alive\n");
        pump.WaitForLog("alive");
    }

    private static int Descriptors(PumpRun pump) => ProcFs.Descriptors(pump.Process.Pid).Count;

    private static CommandResult As(uint uid, string command) =>
        new Command("/usr/bin/setpriv", "--reuid", $"{uid}", "--regid", $"{uid}", "--clear-groups", "/bin/sh", "-c", command).Run();

    private static string ReadStdin(PumpRun pump, int count)
    {
        byte[] bytes = new byte[count];
        pump.Stdin.ReadExactly(bytes);
        return Encoding.Latin1.GetString(bytes);
    }
}
