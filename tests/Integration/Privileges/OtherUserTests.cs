using Engine.Tests.Integration.Support;

namespace Engine.Tests.Integration.Privileges;

/// <summary>
/// Another user of the machine and a container's two sockets. Two walls: the mode of the state directory, and, where a
/// socket gets into that user's hands all the same, the credentials of whoever connects.
/// </summary>
public sealed class OtherUserTests : EngineTest
{
    private const int Uid = 54321;

    // Connects, says its word, and tells what came back until the end: "connect ERRNO", or "end " and the bytes.
    private const string Client = """
        import os, socket, sys
        with socket.socket(socket.AF_UNIX) as s:
            s.settimeout(30)
            try:
                s.connect(sys.argv[1])
            except OSError as e:
                sys.exit(print("connect", e.errno))
            got = b""
            # Who is refused may be so before a word: what was said to it can still be read.
            try: s.sendall(sys.argv[2].encode())
            except (ConnectionResetError, BrokenPipeError): pass
            try:
                while True:
                    piece = s.recv(65536)
                    if not piece: break
                    got += piece
            except (ConnectionResetError, BrokenPipeError):
                pass
            print("end", got.decode())
        """;

    [RootTheory(Needs.Python)]
    [InlineData("control.sock")]
    [InlineData("attach.sock")]
    public void The_state_directory_keeps_another_user_out(string socket)
    {
        var id = Start(NewBundle().Shell("sleep 1000"));
        const int EACCES = 13;
        Assert.Equal($"connect {EACCES}\n", Connect(Uid, Path.Combine(Cli.StateDirectory(id), socket), "x"));
        // Neither the parents above nor the socket's own mode are what refuses: with the one directory open the way is free.
        Open(id, socket);
        Assert.StartsWith("end ", Connect(Uid, Path.Combine(Cli.StateDirectory(id), socket), "x\n"), StringComparison.Ordinal);
    }

    [RootFact(Needs.Python)]
    public void Another_user_who_reaches_the_control_socket_is_told_no_and_nothing_is_done()
    {
        var id = Start(NewBundle().Shell("sleep 1000"));
        var payload = (int)Cli.State(id)["pid"]!;
        Open(id, "control.sock");
        const string Kill = """{"jsonrpc":"2.0","id":1,"method":"kill","params":{"signal":"KILL"}}""" + "\n";
        foreach (var request in new[] { Kill, "{\"pause\":true}\n", $"Content-Length: {Kill.Length}\r\n\r\n{Kill}" })
        {
            var answer = Connect(Uid, Path.Combine(Cli.StateDirectory(id), "control.sock"), request);
            Assert.Contains($"uid {Uid} is neither root nor the container's owner", answer, StringComparison.Ordinal);
            Assert.DoesNotContain("\"result\"", answer, StringComparison.Ordinal);
        }
        // Handed over by a bind mount, out of any directory's reach, it is the same.
        var elsewhere = Path.Combine(Directory, "elsewhere");
        File.WriteAllText(elsewhere, "");
        var bound = new Command(
            "/usr/bin/unshare", "-m", "/bin/sh", "-c", "mount --bind \"$0\" \"$1\" && chmod 666 \"$1\" && shift && exec \"$@\"",
            Path.Combine(Cli.StateDirectory(id), "control.sock"), elsewhere,
            "/usr/bin/setpriv", $"--reuid={Uid}", $"--regid={Uid}", "--clear-groups", "/usr/bin/python3", "-c", Client, elsewhere, Kill).Run().ShouldExit(0);
        Assert.Contains("is neither root nor", bound.Text, StringComparison.Ordinal);

        Assert.True(ProcFs.Lives(payload));
        Assert.Equal("running", Cli.Status(id));
        // The master that refused serves root as before.
        Assert.Contains("\"running\"", Connect(0, Path.Combine(Cli.StateDirectory(id), "control.sock"), "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"state\"}\n", close: true), StringComparison.Ordinal);
    }

    [RootFact(Needs.Python)]
    public void Another_user_who_reaches_the_attach_socket_sees_nothing_and_types_nothing()
    {
        var id = Start(NewBundle().Shell("echo secret; while read line; do echo \"got $line\"; done"));
        Eventually.True(() => Cli.OciOk("logs", id).Text == "secret\n", "the payload's word");
        Open(id, "attach.sock");
        foreach (var request in new[] { "typed\n", "ENGATT1\n" })
        {
            Assert.Equal("end \n", Connect(Uid, Path.Combine(Cli.StateDirectory(id), "attach.sock"), request));
        }
        using var owner = Cli.Attach(id);
        owner.WaitFor("secret");
        owner.Type("mine\n");
        owner.WaitFor("got mine");
        Assert.DoesNotContain("typed", Cli.OciOk("logs", id).Text, StringComparison.Ordinal);
    }

    // As careless a hand as there can be.
    private void Open(string id, string socket)
    {
        foreach (var path in new[] { Cli.Root, Cli.StateDirectory(id), Path.Combine(Cli.StateDirectory(id), socket) })
        {
            File.SetUnixFileMode(path, (UnixFileMode)0b111_111_111);
        }
    }

    private static string Connect(int uid, string socket, string request, bool close = false)
    {
        var client = close ? Client.Replace("while True:", "s.shutdown(1)\n        while True:", StringComparison.Ordinal) : Client;
        return new Command(
            "/usr/bin/setpriv", $"--reuid={uid}", $"--regid={uid}", "--clear-groups", "/usr/bin/python3", "-c", client, socket, request).Run().ShouldExit(0).Text;
    }
}
