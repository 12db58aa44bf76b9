using Engine.Rpc;
using Engine.Rpc.Client;
using Engine.Rpc.Transport;
using Engine.Shared.Linux;
using Engine.Shared.Protocol;
using Engine.Tests.Rpc.Support;

namespace Engine.Tests.Rpc;

/// <summary>Pipelining, matching of answers, errors, loss of the peer: the client against a server's end in the test's hand.</summary>
public sealed class ClientTests : IDisposable
{
    private readonly ContainerClient _client;
    private readonly FakeServer _server;

    public ClientTests()
    {
        var (ours, theirs) = FdChannel.Pair();
        _client = new ContainerClient(ours);
        _server = new FakeServer(new FdChannel(theirs));
    }

    public void Dispose()
    {
        _client.Dispose();
        _server.Dispose();
    }

    [Fact]
    public void Requests_are_sent_before_any_answer_comes()
    {
        var first = _client.CreateDirectory("/proc", 0x1ed);
        var second = _client.SetHostname("box");

        var seenFirst = _server.Next();
        var seenSecond = _server.Next();
        Assert.Equal("CreateDirectory", seenFirst.Method);
        Assert.Equal("SetHostname", seenSecond.Method);
        Assert.False(first.IsCompleted || second.IsCompleted);

        _server.Succeed(seenFirst.Id);
        _server.Succeed(seenSecond.Id);
        _client.Drain();
        Assert.True(first.IsCompleted && second.IsCompleted);
        Assert.Equal(0, _client.Connection.Outstanding);
    }

    [Fact]
    public void Answers_may_arrive_in_any_order()
    {
        var first = _client.SetHostname("a");
        var second = _client.SetHostname("b");
        var ids = new[] { _server.Next().Id, _server.Next().Id };

        _server.Succeed(ids[1]);
        second.Wait();
        Assert.False(first.IsCompleted);
        _server.Succeed(ids[0]);
        first.Wait();
    }

    [Fact]
    public void An_error_names_the_config_item_the_call_the_path_and_the_errno()
    {
        var pending = _client.MountBind(0, "/data", MountFlags.None, default, "config.json mounts[3]");
        _server.Fail(_server.Next().Id, StageId.Container, "move_mount", "/data", Errno.ENOENT);

        var error = Assert.Throws<RpcException>(pending.Wait);
        Assert.Equal("config.json mounts[3]: move_mount /data: No such file or directory (ENOENT)", error.Message);
        Assert.Equal(("MountBind", StageId.Container, "move_mount", "/data", Errno.ENOENT), (error.Method, error.Stage, error.Operation, error.Path, error.Errno));
    }

    [Fact]
    public void A_refusal_without_errno_says_its_detail()
    {
        var pending = _client.SetSysctl("kernel/panic", "1", "config.json linux.sysctl");
        _server.Fail(_server.Next().Id, StageId.Container, "sysctl", "kernel/panic", 0, "is not of a namespace of the container");
        Assert.Equal(
            "config.json linux.sysctl: sysctl kernel/panic: is not of a namespace of the container",
            Assert.Throws<RpcException>(pending.Wait).Message);
    }

    [Fact]
    public void Drain_reports_the_earliest_failure_once()
    {
        _client.MaskPath("/a", "first");
        _client.MaskPath("/b", "second");
        uint first = _server.Next().Id, second = _server.Next().Id;
        _server.Fail(second, StageId.Container, "openat2", "/b", Errno.EACCES);
        _server.Fail(first, StageId.Container, "openat2", "/a", Errno.EPERM);

        Assert.StartsWith("first: openat2 /a", Assert.Throws<RpcException>(_client.Drain).Message, StringComparison.Ordinal);
        _client.Drain();
    }

    [Fact]
    public void A_failure_that_was_waited_for_is_not_drained_again()
    {
        var pending = _client.MaskPath("/a");
        _server.Fail(_server.Next().Id, StageId.Container, "openat2", "/a", Errno.EPERM);
        Assert.Throws<RpcException>(pending.Wait);
        _client.Drain();
    }

    [Fact]
    public void A_peer_that_leaves_fails_what_it_did_not_answer_and_keeps_what_it_did()
    {
        var answered = _client.SetHostname("a");
        var lost = _client.SetDomainname("b", "config.json domainname");
        _server.Succeed(_server.Next().Id);
        _server.Dispose();

        answered.Wait();
        var error = Assert.Throws<PeerLostException>(lost.Wait);
        Assert.Equal("config.json domainname: the container stage ended before it answered SetDomainname", error.Message);
        Assert.True(_client.Connection.IsLost);
        Assert.Throws<PeerLostException>(() => _client.SetHostname("c").Wait());
    }

    [Fact]
    public void Last_words_are_read_although_the_peer_left_requests_unread()
    {
        var pending = _client.SetHostname("a");
        uint id = _server.Next().Id;
        _client.SetHostname("never read");
        _server.Fail(id, StageId.Container, "sethostname", "a", Errno.EPERM);
        // Closing a socket with unread data resets the connection.
        _server.Dispose();

        Assert.Equal(Errno.EPERM, Assert.Throws<RpcException>(pending.Wait).Errno);
        Assert.Throws<PeerLostException>(_client.Drain);
    }

    [Fact]
    public void A_peer_that_does_not_read_its_requests_until_its_answers_are_read_is_no_deadlock()
    {
        const int count = 3000;
        var peer = new Thread(() =>
        {
            // Blocks in its own send as soon as its buffer is full of answers, and reads nothing meanwhile.
            for (int i = 0; i < count; i++)
            {
                _server.Fail(_server.Next().Id, StageId.Container, "open", new string('p', 1000), Errno.ENOENT, new string('d', 1000));
            }
        });
        peer.Start();
        string longPath = "/" + new string('x', 4000);
        for (int i = 0; i < count; i++)
        {
            _client.MaskPath(longPath);
        }

        Assert.Throws<RpcException>(_client.Drain);
        peer.Join();
        Assert.Equal(0, _client.Connection.Outstanding);
    }

    [Fact]
    public void Garbage_from_a_peer_ends_the_connection_and_names_it()
    {
        var pending = _client.SetHostname("a");
        _server.SendRaw(0xc1, 0x00);
        Assert.Contains("no frame", Assert.Throws<PeerLostException>(pending.Wait).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_answer_to_nothing_ends_the_connection()
    {
        var pending = _client.SetHostname("a");
        _server.Succeed(4711);
        Assert.Contains("was not asked", Assert.Throws<PeerLostException>(pending.Wait).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_result_of_another_shape_is_that_requests_error_alone()
    {
        var wrong = _client.SetHostname("a");
        var right = _client.SetHostname("b");
        _server.Succeed(_server.Next().Id, new Spawned { Pid = 1 });
        _server.Succeed(_server.Next().Id);
        Assert.Throws<MessageException>(wrong.Wait);
        right.Wait();
    }

    [Theory]
    [InlineData(1u, "another-build")]
    [InlineData(2u, "engine")]
    public void Hello_refuses_another_version_or_build(uint version, string build)
    {
        var pending = _client.Hello();
        var request = _server.Next();
        using var arena = new MessageArena();
        _server.Succeed(request.Id, new Hello { Version = version, Build = arena.Text(build) });
        Assert.Contains("install both from one build", Assert.Throws<MessageException>(pending.Wait).Message, StringComparison.Ordinal);
    }

    [Fact]
    public unsafe void Hello_accepts_its_own()
    {
        var pending = _client.Hello();
        var request = _server.Next();
        var hello = FakeServer.Params<Hello>(request);
        Assert.Equal(Limits.Version, hello.Version);
        using var arena = new MessageArena();
        _server.Succeed(request.Id, new Hello { Version = Limits.Version, Build = arena.Bytes(BuildId.Value) });
        pending.Wait();
    }

    [Fact]
    public void What_cannot_be_encoded_is_refused_here_by_item_and_the_connection_goes_on()
    {
        var tooLong = Assert.Throws<MessageException>(() => _client.MaskPath("/" + new string('x', Limits.Path), "config.json linux.maskedPaths[0]"));
        Assert.Equal("config.json linux.maskedPaths[0]: MaskPath cannot be sent: a value is over its limit", tooLong.Message);
        Assert.Throws<MessageException>(() => _client.SetHostname("a\0b"));

        var pending = _client.SetHostname("a");
        _server.Succeed(_server.Next().Id);
        pending.Wait();
        _client.Drain();
    }

    [Fact]
    public void Completed_is_called_and_takes_the_failure_out_of_drain()
    {
        Pending? told = null;
        var pending = _client.SetHostname("a");
        pending.OnCompleted(p => told = p);
        _server.Fail(_server.Next().Id, StageId.Container, "sethostname", "a", Errno.EPERM);
        _client.Drain();
        Assert.Same(pending, told);
        Assert.IsType<RpcException>(told!.Error);
    }
}
