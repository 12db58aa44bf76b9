using System.IO.Pipes;
using System.Text;
using Engine.Attach;
using Engine.Diagnostics;
using Engine.Linux;
using Engine.Rpc.Linux;
using Engine.Shared.Linux;
using Engine.Shared.Protocol;
using Engine.Tests.Integration.Support;
using Client = Engine.Attach.AttachClient;

namespace Engine.Tests.Integration.Pump;

/// <summary>The engine's own attach client with the real pump, on pipes and on a terminal.</summary>
public sealed class PumpSessionTests
{
    [RootFact(Needs.RootOnly)]
    public void Streams_input_half_close_and_exit_code_go_through()
    {
        using var pump = new PumpRun();
        using var session = new Session(pump);
        session.Input.Write("hello"u8);
        byte[] read = new byte[5];
        pump.Stdin.ReadExactly(read);
        Assert.Equal("hello", Encoding.ASCII.GetString(read));
        session.Input.Dispose();
        Assert.Equal(PumpNoteKind.StdinClosed, pump.Receive());
        pump.Release(PumpDescriptor.Stdin);
        Assert.Equal(0, pump.Stdin.Read(read));

        pump.Write("to stdout\n");
        pump.Stderr.Write("to stderr\n"u8);
        pump.WaitForLog("to stderr");
        Assert.Equal(0, pump.End(42));
        Assert.Equal(new AttachOutcome(AttachEnd.Exited, 42), session.Outcome());
        Assert.Equal("to stdout\n", session.Output());
        Assert.Equal("to stderr\n", session.Error());
    }

    [RootFact(Needs.RootOnly)]
    public void A_foreground_session_with_a_slow_reader_loses_nothing()
    {
        using var pump = new PumpRun();
        using var session = new Session(pump, isForeground: true, reads: false);
        const int megabytes = 30;
        byte[] block = new byte[1_000_000];
        new Random(5).NextBytes(block);
        var writing = Task.Run(() =>
        {
            for (int i = 0; i < megabytes; i++)
            {
                pump.Stdout.Write(block);
            }
        });
        // Nobody reads its stdout: the payload is held, not robbed.
        Assert.True(Eventually.Stays(() => !writing.IsCompleted, 1));
        session.BeginReading();
        Assert.True(writing.Wait(TimeSpan.FromSeconds(60)));
        Assert.Equal(0, pump.End(3));
        Assert.Equal(new AttachOutcome(AttachEnd.Exited, 3), session.Outcome());
        var received = session.OutputBytes();
        Assert.Equal(megabytes * block.Length, received.Length);
        for (int i = 0; i < megabytes; i++)
        {
            Assert.True(received.AsSpan(i * block.Length, block.Length).SequenceEqual(block));
        }
    }

    [RootFact(Needs.RootOnly)]
    public void A_foreground_session_gets_the_end_although_its_reader_has_not_begun()
    {
        using var pump = new PumpRun();
        using var session = new Session(pump, isForeground: true, reads: false);
        string text = new('x', 900_000);
        Assert.True(Task.Run(() => pump.Write(text + "\n")).Wait(TimeSpan.FromSeconds(20)));
        Assert.Equal(0, pump.End(7));
        session.BeginReading();
        Assert.Equal(7, session.Outcome().ExitCode);
        Assert.Equal(text + "\n", session.Output());
    }

    [RootFact(Needs.RootOnly)]
    public void A_slow_plain_session_misses_bytes_and_is_warned()
    {
        using var pump = new PumpRun();
        using var session = new Session(pump, reads: false);
        const int lines = 200_000;
        string line = new('x', 99);
        for (int i = 0; i < lines / 100; i++)
        {
            pump.Write(string.Concat(Enumerable.Repeat(line + "\n", 100)));
        }

        session.BeginReading();
        pump.Write("end\n");
        Eventually.True(() => session.Output().EndsWith("end\n", StringComparison.Ordinal), "the end");
        Assert.Equal(0, pump.End());
        var outcome = session.Outcome();
        Assert.Equal((ulong)((lines * 100) + 4), outcome.LostBytes + (ulong)session.OutputBytes().Length);
        Assert.Contains("bytes of output are missing here", session.Error(), StringComparison.Ordinal);
    }

    [RootFact(Needs.RootOnly)]
    public void A_reader_that_leaves_ends_the_session_and_not_the_container()
    {
        using var pump = new PumpRun();
        using var session = new Session(pump, reads: false);
        session.CloseReaders();
        pump.Write("into nothing\n");
        Assert.Equal(AttachEnd.OutputClosed, session.Outcome().End);
        pump.Write("alive\n");
        pump.WaitForLog("alive");
    }

    [RootFact(Needs.RootOnly)]
    public void A_lost_pump_ends_the_session_without_an_exit_code()
    {
        using var pump = new PumpRun();
        using var session = new Session(pump);
        pump.Replace();
        Assert.Equal(new AttachOutcome(AttachEnd.Disconnected), session.Outcome());
        using var next = new Session(pump);
        pump.Write("again\n");
        Eventually.True(() => next.Output() == "again\n", "output of the new pump");
    }

    [RootFact(Needs.RootOnly)]
    public void One_session_too_many_is_an_error_with_its_reason()
    {
        using var pump = new PumpRun();
        for (int i = 0; i < 32; i++)
        {
            pump.AttachReady();
        }

        using SafeFd directory = Files.OpenDirectory(Path.GetDirectoryName(pump.SocketPath)!);
        var error = Assert.ThrowsAny<Exception>(() => Client.Connect(directory, "attach.sock"));
        Assert.True(error is EngineException or SyscallException { Errno: Errno.EPIPE }, error.ToString());
    }

    [RootFact(Needs.RootOnly)]
    public void On_a_terminal_keys_pass_as_typed_and_the_detach_keys_leave_it_as_it_was()
    {
        using var pump = new PumpRun(terminal: true);
        using var user = new UserTerminal(40, 120);
        string before = user.Settings();
        using var session = new Session(pump, terminal: user);
        using var payload = Files.Open(pump.TerminalPath, fcntl_h.O_RDWR | fcntl_h.O_NOCTTY);
        Eventually.True(() => Terminals.Size(payload.Value) == new TerminalSize(40, 120), "the payload's terminal to have the user's size");
        Assert.NotEqual(before, user.Settings());

        user.Type("\u0003a\u0010b\r");
        user.WaitFor("^Ca^Pb\r\n");
        pump.Write("answer\n");
        user.WaitFor("answer\r\n");
        user.Type("\u0010\u0011");
        Assert.Equal(new AttachOutcome(AttachEnd.Detached), session.Outcome());
        Assert.Equal(before, user.Settings());
        pump.Write("alive\n");
        pump.WaitForLog("alive");
    }

    [RootFact(Needs.RootOnly)]
    public void The_terminal_is_restored_when_the_payload_ends()
    {
        using var pump = new PumpRun(terminal: true);
        using var user = new UserTerminal(24, 80);
        string before = user.Settings();
        using var session = new Session(pump, terminal: user);
        Eventually.True(() => user.Settings() != before, "raw mode");
        pump.Write("bye\n");
        Assert.Equal(0, pump.End(1));
        Assert.Equal(new AttachOutcome(AttachEnd.Exited, 1), session.Outcome());
        Assert.Equal(before, user.Settings());
        user.WaitFor("bye\r\n");
    }
}
