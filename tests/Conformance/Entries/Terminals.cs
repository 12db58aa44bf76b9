using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Engine.Tests.Conformance.Entries;

/// <summary>config.md#process terminal and consoleSize, and runc's console socket.</summary>
internal static class Terminals
{
    public static Entry[] All { get; } =
    [
        new("terminal.console-socket", "config.md#process", "terminal true: the console socket gets the master of the program's terminal", t =>
        {
            using var console = new DescriptorSocket(t.File("console.sock"));
            var container = t.Create(t.NewBundle().WithTerminal().Probe("tty", "say", "on a terminal"), "--console-socket", console.Path);
            using var master = Master(console);
            container.Start();
            Assert.Contains("say on a terminal", ReadAll(master), StringComparison.Ordinal);
            Assert.Equal(0, container.WaitForEnd());
        }),
        new("terminal.size", "config.md#process", "consoleSize is the terminal's size", t =>
        {
            using var console = new DescriptorSocket(t.File("console.sock"));
            var container = t.Create(t.NewBundle().WithTerminal(33, 111).Probe("tty"), "--console-socket", console.Path);
            using var master = Master(console);
            container.Start();
            Assert.Contains("tty 33 111", ReadAll(master), StringComparison.Ordinal);
        }),
        new("terminal.console-device", "config-linux.md#default-devices", "with a terminal /dev/console is that terminal", t =>
        {
            using var console = new DescriptorSocket(t.File("console.sock"));
            var container = t.Create(t.NewBundle().WithTerminal().Shell("tty; echo there >/dev/console; stat -c %t:%T /dev/console"), "--console-socket", console.Path);
            using var master = Master(console);
            container.Start();
            var text = ReadAll(master);
            Assert.Contains("there", text, StringComparison.Ordinal);
            Assert.Contains("88:", text, StringComparison.Ordinal);
        }),
        new("terminal.controlling", "config.md#process", "the terminal is the controlling terminal of the program's session", t =>
        {
            using var console = new DescriptorSocket(t.File("console.sock"));
            var container = t.Create(t.NewBundle().WithTerminal().Shell("echo through >/dev/tty; exit 3"), "--console-socket", console.Path);
            using var master = Master(console);
            container.Start();
            Assert.Contains("through", ReadAll(master), StringComparison.Ordinal);
            Assert.Equal(3, container.WaitForEnd());
        }),
        new("terminal.run.newlines", "runc CLI run", "a newline of the program is one CR LF on the caller's terminal, not two", t =>
        {
            using var pty = new Pty(t.Oci.Prepare("run", "--bundle", t.NewBundle().WithTerminal().Probe("say", "one", "say", "two").Path, t.NewId()));
            pty.WaitFor("say two");
            pty.Wait();
            Assert.Contains("say one\r\nsay two", pty.Screen, StringComparison.Ordinal);
        }),
        new("terminal.no-socket", "runc CLI create", "terminal true and create without a console socket is an error", t => t.Refused(t.NewBundle().WithTerminal())),
        new("terminal.socket-without-terminal", "runc CLI create", "a console socket without terminal true is an error", t =>
        {
            using var console = new DescriptorSocket(t.File("console.sock"));
            Assert.NotEqual(0, t.TryCreate(t.NewWaiting(), "--console-socket", console.Path).Result.ExitCode);
        }),
        new("terminal.size-ignored", "config.md#process", "consoleSize without a terminal is ignored", t =>
        {
            var bundle = t.NewBundle();
            bundle.Process["consoleSize"] = new JsonObject { ["height"] = 10, ["width"] = 10 };
            t.Look(bundle, "say", "ran");
        }),
        new("terminal.run", "runc CLI run", "run in the foreground joins the caller's terminal to the program's", t =>
        {
            var bundle = t.NewBundle().WithTerminal().Shell("read line; echo got $line; exit 5");
            using var pty = new Pty(t.Oci.Prepare("run", "--bundle", bundle.Path, t.NewId()));
            var before = pty.Settings();
            pty.Type("word\n");
            pty.WaitFor("got word");
            Assert.Equal(5, pty.Wait());
            _ = before;
        }),
        new("terminal.run.restores", "runc CLI run", "run leaves the caller's terminal as it was", t =>
        {
            // The shell keeps the terminal open after the runtime's end, so that its settings can be read.
            var bundle = t.NewBundle().WithTerminal().Shell("echo up; read line");
            var command = new Command("/bin/sh", "-c", "\"$@\"; echo over; read rest", "sh", t.Oci.Program, "--root", t.Oci.Root, "run", "--bundle", bundle.Path, t.NewId());
            using var pty = new Pty(command);
            var before = pty.Settings();
            pty.WaitFor("up");
            pty.Type("x\n");
            pty.WaitFor("over");
            Assert.Equal(before, pty.Settings());
            pty.Type("x\n");
            pty.Wait();
        }),
        new("terminal.run.size", "runc CLI run", "run in the foreground gives the program the size of the caller's terminal", t =>
        {
            using var pty = new Pty(t.Oci.Prepare("run", "--bundle", t.NewBundle().WithTerminal().Shell("until stty size | grep 42; do sleep 0.05; done; read x").Path, t.NewId()), 42, 99);
            pty.WaitFor("42 99");
            pty.Type("\n");
            pty.Wait();
        }),
        new("terminal.run.resize", "runc CLI run", "a new size of the caller's terminal reaches the program", t =>
        {
            using var pty = new Pty(t.Oci.Prepare("run", "--bundle", t.NewBundle().WithTerminal().Shell("echo up; until stty size | grep 51; do sleep 0.05; done; read x").Path, t.NewId()));
            pty.WaitFor("up");
            pty.Resize(51, 77);
            pty.WaitFor("51 77");
            pty.Type("\n");
            pty.Wait();
        }),
    ];

    /// <summary>The terminal's master, from the one descriptor that the runtime sends.</summary>
    public static SafeFileHandle Master(DescriptorSocket console) => Assert.Single(console.Receive().Descriptors);

    /// <summary>Reads until the last holder of the other side has ended (EIO), or fails after a while.</summary>
    public static string ReadAll(SafeFileHandle master)
    {
        var text = new StringBuilder();
        var thread = new Thread(() =>
        {
            var buffer = new byte[4096];
            using var stream = new FileStream(master, FileAccess.Read, 0);
            try
            {
                while (stream.Read(buffer) is > 0 and var n)
                {
                    text.Append(Encoding.UTF8.GetString(buffer, 0, n));
                }
            }
            catch (IOException)
            {
            }
        })
        { IsBackground = true };
        thread.Start();
        Assert.True(thread.Join(TimeSpan.FromSeconds(20)), "the terminal was not closed");
        return text.ToString();
    }
}
