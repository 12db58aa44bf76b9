using Engine.Tests.Integration.Support;

namespace Engine.Tests.Integration.Lifecycle;

/// <summary>A payload with a terminal, with a person before it.</summary>
public sealed class TerminalTests : EngineTest
{
    [RootFact]
    public void What_is_typed_is_echoed_and_read_and_the_size_follows()
    {
        var bundle = NewBundle().WithTerminal().Shell("tty; stty size; read line; echo \"got $line\"; while [ \"$(stty size)\" != '44 111' ]; do sleep 0.05; done; stty size; exit 7");
        using var pty = new Pty(Cli.Prepare("oci", "run", NewId(), "-b", bundle.Path), rows: 33, columns: 99);
        pty.WaitFor("/dev/pts/0");
        Eventually.True(() => pty.Screen.Contains('\n'), "a line");
        pty.Resize(44, 111);
        pty.Type("hello\r");
        pty.WaitFor("got hello");
        pty.WaitFor("44 111");
        Assert.Equal(7, pty.Wait());
        Assert.Equal(2, pty.Screen.Split("hello").Length - 1);
    }

    [RootFact]
    public void Ctrl_c_reaches_the_payload_and_not_the_command()
    {
        var bundle = NewBundle().WithTerminal().Shell("trap 'echo interrupted; exit 9' INT; echo ready; while :; do sleep 0.05; done");
        using var pty = new Pty(Cli.Prepare("oci", "run", NewId(), "-b", bundle.Path));
        pty.WaitFor("ready");
        pty.Type("\u0003");
        pty.WaitFor("interrupted");
        Assert.Equal(9, pty.Wait());
    }

    [RootFact]
    public void The_detach_keys_leave_it_running()
    {
        var id = Start(NewBundle().WithTerminal().Shell("echo ready; while read line; do echo \"got $line\"; done"));
        foreach (var (options, keys) in new (string[] Options, string Keys)[] { ([], "\u0010\u0011"), (["--detach-keys", "ctrl-a,d"], "\u0001d") })
        {
            using var pty = new Pty(Cli.Prepare(["oci", "attach", id, .. options]));
            pty.WaitFor("ready");
            pty.Type("typed\r");
            pty.WaitFor("got typed");
            pty.Type(keys);
            Assert.Equal(0, pty.Wait());
            Assert.Equal("running", Cli.Status(id));
        }
    }
}
