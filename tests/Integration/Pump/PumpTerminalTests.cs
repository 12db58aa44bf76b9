using System.Text;
using Engine.Linux;
using Engine.Shared.Linux;
using Engine.Shared.Protocol;
using Engine.Tests.Integration.Support;

namespace Engine.Tests.Integration.Pump;

/// <summary>A payload with a terminal.</summary>
public sealed class PumpTerminalTests
{
    [RootFact(Needs.RootOnly)]
    public void Everything_is_stdout_and_carriage_returns_are_not_logged()
    {
        using var pump = new PumpRun(terminal: true);
        using var client = pump.AttachReady();
        pump.Write("hello\n");
        client.WaitFor("hello\r\n");
        Assert.Equal(0, pump.End(6));
        client.WaitForEnd();
        Assert.Equal(6, client.ExitCode);
        Assert.Equal("T stdout F hello\n", pump.Log);
    }

    [RootFact(Needs.RootOnly)]
    public void What_is_typed_arrives_and_is_echoed()
    {
        using var pump = new PumpRun(terminal: true);
        using var client = pump.AttachReady();
        client.Type("typed\r");
        byte[] read = new byte[100];
        Assert.Equal("typed\n", Encoding.ASCII.GetString(read, 0, pump.Stdin.Read(read)));
        client.WaitFor("typed\r\n");
    }

    [RootFact(Needs.RootOnly)]
    public void A_client_changes_the_size()
    {
        using var pump = new PumpRun(terminal: true);
        using var client = pump.AttachReady();
        client.Resize(50, 300);
        using var terminal = Files.Open(pump.TerminalPath, fcntl_h.O_RDWR | fcntl_h.O_NOCTTY);
        Eventually.True(() => Terminals.Size(terminal.Value) == new TerminalSize(50, 300), "the new size");
    }

    [RootTheory(Needs.RootOnly)]
    [InlineData("")]
    [InlineData("whole line\n")]
    [InlineData("half a line")]
    public void The_end_of_a_clients_input_is_an_end_of_file_in_canonical_mode(string before)
    {
        using var pump = new PumpRun(terminal: true);
        using var client = pump.AttachReady();
        if (before.Length > 0)
        {
            client.Type(before);
        }

        client.CloseStdin();
        using var reader = new StreamReader(pump.Stdin, leaveOpen: true);
        Assert.Equal(before, reader.ReadToEnd());
        client.Type("more\n");
        byte[] read = new byte[100];
        Assert.Equal("more\n", Encoding.ASCII.GetString(read, 0, pump.Stdin.Read(read)));
    }

    [RootFact(Needs.RootOnly)]
    public void In_raw_mode_the_end_of_input_is_nothing()
    {
        using var pump = new PumpRun(terminal: true);
        using var terminal = Files.Open(pump.TerminalPath, fcntl_h.O_RDWR | fcntl_h.O_NOCTTY);
        using var raw = Terminals.MakeRaw(terminal.Value);
        using var client = pump.AttachReady();
        client.CloseStdin();
        client.Type("x");
        byte[] read = new byte[100];
        Assert.Equal("x", Encoding.ASCII.GetString(read, 0, pump.Stdin.Read(read)));
    }

    [RootFact(Needs.RootOnly)]
    public void A_terminal_that_nobody_has_open_costs_nothing_and_may_be_opened_again()
    {
        using var pump = new PumpRun(terminal: true);
        using var client = pump.AttachReady();
        pump.Write("first\n");
        client.WaitFor("first\r\n");
        pump.Stdout.Dispose();
        Eventually.True(() => ProcFs.Descriptors(pump.Process.Pid).Values.Any(t => t.Contains("eventpoll", StringComparison.Ordinal)), "the pump to notice");
        string switches = ProcFs.Status(pump.Process.Pid, "voluntary_ctxt_switches")!;
        Assert.True(Eventually.Stays(() => ProcFs.Status(pump.Process.Pid, "voluntary_ctxt_switches") == switches, 0.5), "it does not sleep");
        client.Type("into nothing\n");

        for (int i = 0; i < 3; i++)
        {
            pump.OpenTerminal();
            pump.Write($"again {i}\n");
            client.WaitFor($"again {i}\r\n");
            pump.Stdout.Dispose();
        }

        pump.OpenTerminal();
        pump.Write("last");
        Assert.Equal(0, pump.End());
        client.WaitForEnd();
        Assert.EndsWith("T stdout P last\n", pump.Log, StringComparison.Ordinal);
    }

    [RootFact(Needs.RootOnly)]
    public void The_last_words_before_a_terminal_is_closed_are_not_lost()
    {
        for (int i = 0; i < 50; i++)
        {
            using var pump = new PumpRun(terminal: true);
            pump.Write("last words");
            Assert.Equal(0, pump.End());
            Assert.Equal("T stdout P last words\n", pump.Log);
        }
    }

    [RootFact(Needs.RootOnly)]
    public void Without_a_supervisor_a_closed_terminal_is_the_end()
    {
        using var pump = new PumpRun(terminal: true);
        using var client = pump.AttachReady();
        pump.LoseSupervisor();
        pump.Write("bye\n");
        client.WaitFor("bye\r\n");
        pump.Stdout.Dispose();
        Assert.Equal(0, pump.WaitForEnd());
        client.WaitForEnd();
    }
}
