using Engine.Linux;
using Engine.Monitor;
using Engine.Rpc.Transport;
using Engine.Shared.Linux;

namespace Engine.Tests.Unit.Monitor;

/// <summary>Order and ends of what the loop calls.</summary>
public sealed class EventLoopTests : IDisposable
{
    private readonly EventLoop _loop = new();
    private readonly List<string> _seen = [];

    public void Dispose() => _loop.Dispose();

    [Fact]
    public void Posted_actions_run_in_order_and_those_they_post_after_them()
    {
        _loop.Post(() =>
        {
            _loop.Post(() => See("third", stop: true));
            See("first");
        });
        _loop.Post(() => See("second"));
        _loop.Run();
        Assert.Equal(["first", "second", "third"], _seen);
    }

    [Fact]
    public void A_post_from_another_thread_wakes_the_loop()
    {
        var other = new Thread(() => _loop.Post(() => See("woken", stop: true)));
        _loop.After(TimeSpan.FromMinutes(5), () => See("late", stop: true));
        other.Start();
        _loop.Run();
        other.Join();
        Assert.Equal(["woken"], _seen);
    }

    [Fact]
    public void Timers_run_by_their_time_and_not_when_taken_back()
    {
        _loop.After(TimeSpan.FromMilliseconds(40), () => See("last", stop: true));
        _loop.After(TimeSpan.FromMilliseconds(20), () => See("never")).Dispose();
        _loop.After(TimeSpan.Zero, () => See("now"));
        _loop.After(TimeSpan.FromMilliseconds(10), () => See("soon"));
        _loop.Run();
        Assert.Equal(["now", "soon", "last"], _seen);
    }

    [Fact]
    public void A_watch_that_another_ended_is_not_called()
    {
        var (ours, theirs) = FdChannel.Pair();
        var (ours2, theirs2) = FdChannel.Pair();
        using (ours)
        using (theirs)
        using (ours2)
        using (theirs2)
        {
            EventLoop.Watch? second = null;
            _loop.Add(theirs, poll_h.POLLIN, _ =>
            {
                second!.Dispose();
                See("first", stop: true);
            });
            second = _loop.Add(theirs2, poll_h.POLLIN, _ => See("second"));
            ours.Send("x"u8);
            ours2.Send("x"u8);
            _loop.Run();
            Assert.Equal(["first"], _seen);
        }
    }

    [Fact]
    public void Quiet_comes_once_after_each_activity()
    {
        var (ours, theirs) = FdChannel.Pair();
        using (ours)
        using (theirs)
        {
            using var message = new ReceivedMessage();
            using var end = new FdChannel(theirs);
            _loop.Add(theirs, poll_h.POLLIN, _ =>
            {
                end.TryReceive(message);
                See("active");
            });
            _loop.WhenQuiet(TimeSpan.FromMilliseconds(5), () =>
            {
                See("quiet");
                if (_seen.Count == 1)
                {
                    // Timers are no activity; the second quiet comes only because of what is sent.
                    _loop.After(TimeSpan.FromMilliseconds(50), () => ours.Send("x"u8));
                }
                else
                {
                    _loop.Stop();
                }
            });
            _loop.Run();
            Assert.Equal(["quiet", "active", "quiet"], _seen);
        }
    }

    [Fact]
    public void Only_read_only_files_without_pages_of_their_own_are_let_go()
    {
        string[] smaps =
        [
            "55d0c8a00000-55d0c8b00000 r--p 00000000 08:01 1 /usr/bin/engine", "Size: 1024 kB", "Anonymous:             0 kB", "VmFlags: rd mr mw me",
            "55d0c8b00000-55d0c8f00000 r-xp 00100000 08:01 1 /usr/bin/engine", "Anonymous:             0 kB",
            "55d0c8f00000-55d0c8f02000 r--p 00500000 08:01 1 /usr/bin/engine", "Anonymous:             8 kB",
            "55d0c8f02000-55d0c8f10000 rw-p 00502000 08:01 1 /usr/bin/engine", "Anonymous:             0 kB",
            "7f0000000000-7f0000021000 r--p 00000000 00:00 0 ", "Anonymous:             0 kB",
            "7ffe00000000-7ffe00002000 r-xp 00000000 00:00 0                          [vdso]", "Anonymous:             0 kB",
        ];
        Assert.Equal(
            [(unchecked((nint)0x55d0c8a00000), (nint)0x100000), (unchecked((nint)0x55d0c8b00000), (nint)0x400000)],
            ResidentMemory.CleanFileMappings(smaps));
    }

    private void See(string what, bool stop = false)
    {
        _seen.Add(what);
        if (stop)
        {
            _loop.Stop();
        }
    }
}
