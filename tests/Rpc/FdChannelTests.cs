using Engine.Rpc;
using Engine.Rpc.Linux;
using Engine.Rpc.Transport;
using Engine.Shared.Linux;
using Engine.Shared.Protocol;
using Engine.Shared.Wire;

namespace Engine.Tests.Rpc;

/// <summary>Datagrams and who owns the descriptors in them.</summary>
public sealed class FdChannelTests : IDisposable
{
    private readonly FdChannel _ours;
    private readonly FdChannel _theirs;
    private readonly ReceivedMessage _message = new();

    public FdChannelTests()
    {
        var (ours, theirs) = FdChannel.Pair();
        _ours = ours;
        _theirs = new FdChannel(theirs);
    }

    public void Dispose()
    {
        _ours.Dispose();
        _theirs.Dispose();
        _message.Dispose();
    }

    [Fact]
    public void A_datagram_arrives_whole()
    {
        byte[] bytes = new byte[Limits.Frame];
        Random.Shared.NextBytes(bytes);
        _ours.Send(bytes);
        _ours.Send("second"u8);
        Assert.Equal(ReceiveStatus.Received, _theirs.Receive(_message));
        Assert.Equal(bytes, _message.Bytes);
        Assert.Equal(ReceiveStatus.Received, _theirs.Receive(_message));
        Assert.True(_message.Bytes.SequenceEqual("second"u8));
        Assert.Equal(ReceiveStatus.Nothing, _theirs.Receive(_message, 0));
    }

    [Fact]
    public void The_end_comes_after_everything_that_was_sent()
    {
        _ours.Send("last words"u8);
        _ours.Dispose();
        Assert.Equal(ReceiveStatus.Received, _theirs.Receive(_message));
        Assert.Equal(ReceiveStatus.End, _theirs.Receive(_message));
        Assert.Null(_theirs.Receive());
    }

    [Fact]
    public void The_end_of_a_peer_that_left_data_unread_is_an_end_too()
    {
        _theirs.Send("unread"u8);
        _ours.Send("read"u8);
        _ours.Dispose();
        Assert.Equal(ReceiveStatus.Received, _theirs.Receive(_message));
        Assert.True(_message.Bytes.SequenceEqual("read"u8));
        Assert.Equal(ReceiveStatus.End, _theirs.Receive(_message));
    }

    [Fact]
    public void Sending_to_nobody_fails_and_raises_no_signal()
    {
        _theirs.Dispose();
        Assert.Equal(Errno.EPIPE, Assert.Throws<SyscallException>(() => _ours.Send("x"u8)).Errno);
    }

    [Fact]
    public void A_full_buffer_is_told_and_a_blocking_send_goes_on_when_there_is_room()
    {
        byte[] bytes = new byte[8192];
        int sent = 0;
        while (_ours.TrySend(bytes, []))
        {
            Assert.True(++sent < 10_000);
        }

        var sender = new Thread(() => _ours.Send("after"u8));
        sender.Start();
        for (int i = 0; i < sent; i++)
        {
            Assert.Equal(ReceiveStatus.Received, _theirs.Receive(_message));
        }

        Assert.Equal(ReceiveStatus.Received, _theirs.Receive(_message));
        Assert.True(_message.Bytes.SequenceEqual("after"u8));
        sender.Join();
    }

    [Fact]
    public void Descriptors_arrive_in_order_close_on_exec_and_the_sender_keeps_its_own()
    {
        using var first = SealedMemfd.Create("first", "1"u8);
        using var second = SealedMemfd.Create("second", "2"u8);
        _ours.Send("two"u8, [first.Value, second.Value]);
        Assert.Equal(ReceiveStatus.Received, _theirs.Receive(_message));
        Assert.Equal(2, _message.DescriptorCount);
        using var taken = _message.Take(1);
        Assert.Equal("/memfd:second (deleted)", Target(taken));
        Assert.Equal(fcntl_h.FD_CLOEXEC, Libc.fcntl(taken.Value, fcntl_h.F_GETFD, 0));
        Assert.Equal("/memfd:first (deleted)", Target(first));
    }

    [Fact]
    public void A_descriptor_is_taken_once()
    {
        using var file = SealedMemfd.Create("file", "1"u8);
        _ours.Send("one"u8, [file.Value]);
        _theirs.Receive(_message);
        using var taken = _message.Take(0);
        Assert.Throws<InvalidOperationException>(() => _message.Take(0));
        Assert.Throws<ArgumentOutOfRangeException>(() => _message.Take(1));
    }

    [Fact]
    public void Descriptors_that_nobody_takes_are_closed()
    {
        string name = "untaken-" + Guid.NewGuid();
        using (var file = SealedMemfd.Create(name, "1"u8))
        {
            for (int i = 0; i < 10; i++)
            {
                _ours.Send("five"u8, [file.Value, file.Value, file.Value, file.Value, file.Value]);
                Assert.Equal(ReceiveStatus.Received, _theirs.Receive(_message));
            }

            Assert.Equal(6, OpenCount(name));
        }

        using var kept = _message.Take(4);
        _message.Clear();
        Assert.Equal(1, OpenCount(name));
    }

    [Fact]
    public unsafe void A_datagram_over_the_limits_is_thrown_away_with_all_it_carries()
    {
        string name = "surplus-" + Guid.NewGuid();
        using var file = SealedMemfd.Create(name, "1"u8);
        SendRaw(new byte[Limits.Frame + 1], []);
        Assert.Throws<MessageException>(() => _theirs.Receive(_message));
        SendRaw([1], [.. Enumerable.Repeat(file.Value, Limits.Descriptors + 1)]);
        Assert.Throws<MessageException>(() => _theirs.Receive(_message));
        SendRaw([1], [.. Enumerable.Repeat(file.Value, 253)]);
        Assert.Throws<MessageException>(() => _theirs.Receive(_message));
        Assert.Equal(1, OpenCount(name));

        _ours.Send("good"u8);
        Assert.Equal(ReceiveStatus.Received, _theirs.Receive(_message));
    }

    [Fact]
    public void What_is_over_the_limits_is_not_sent()
    {
        Assert.Throws<ArgumentException>(() => _ours.Send(new byte[Limits.Frame + 1]));
        Assert.Throws<ArgumentException>(() => _ours.Send("x"u8, new int[Limits.Descriptors + 1]));
    }

    [Fact]
    public void A_message_without_envelope_is_sent_and_read()
    {
        using var arena = new MessageArena();
        var launch = new Launch { Version = 1, Mode = (uint)LaunchMode.Exec, Id = arena.Text("box"), Namespaces = 1ul << 40 };
        _ours.SendMessage(ref launch);
        using var received = _theirs.Receive();
        Assert.Equal(WireStatus.Ok, received!.Read<Launch>(out var read));
        Assert.Equal(("box", 1ul << 40), (read.Id.Decode(), read.Namespaces));
        Assert.NotEqual(WireStatus.Ok, received.Read<LaunchResult>(out _));
    }

    private static string? Target(SafeFd fd) => new FileInfo($"/proc/self/fd/{fd.Value}").LinkTarget;

    private static int OpenCount(string name) => Directory.EnumerateFileSystemEntries("/proc/self/fd")
        .Count(entry => new FileInfo(entry).LinkTarget?.Contains(name, StringComparison.Ordinal) == true);

    // Past the sender's own check.
    private unsafe void SendRaw(byte[] bytes, int[] descriptors)
    {
        byte[] control = new byte[socket_h.CMSG_SPACE(descriptors.Length * sizeof(int))];
        fixed (byte* start = bytes)
        fixed (byte* header = control)
        {
            var vector = new iovec { iov_base = start, iov_len = (ulong)bytes.Length };
            var message = new msghdr { msg_iov = &vector, msg_iovlen = 1 };
            if (descriptors.Length > 0)
            {
                *(cmsghdr*)header = new cmsghdr
                {
                    cmsg_len = (ulong)socket_h.CMSG_LEN(descriptors.Length * sizeof(int)),
                    cmsg_level = socket_h.SOL_SOCKET,
                    cmsg_type = socket_h.SCM_RIGHTS,
                };
                descriptors.CopyTo(new Span<int>(header + sizeof(cmsghdr), descriptors.Length));
                message.msg_control = header;
                message.msg_controllen = (ulong)control.Length;
            }

            Assert.Equal(bytes.Length, Libc.sendmsg(_ours.Socket.Value, &message, 0));
        }
    }
}
