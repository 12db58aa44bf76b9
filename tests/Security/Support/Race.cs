using System.Globalization;

namespace Engine.Tests.Security.Support;

/// <summary>A sibling of the payload that exchanges two names for ever, as fast as it can.</summary>
internal sealed class Flipper : IDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly Thread _thread;
    private long _flips;

    public Flipper(string one, string other)
    {
        _thread = new Thread(() =>
        {
            while (!_stop.IsCancellationRequested)
            {
                Swap(one, other);
                Interlocked.Increment(ref _flips);
            }
        })
        { IsBackground = true };
        _thread.Start();
    }

    public long Flips => Interlocked.Read(ref _flips);

    /// <summary>Exchanges the two names once. Names that are gone are nothing to exchange.</summary>
    public static void Swap(string one, string other) => _ = Native.renameat2(Native.AT_FDCWD, one, Native.AT_FDCWD, other, Native.RENAME_EXCHANGE);

    public void Dispose()
    {
        _stop.Cancel();
        _thread.Join();
        _stop.Dispose();
    }
}

/// <summary>
/// Stops one process of the starter before its n-th call of one kind, and does something meanwhile, once: every window between two of its
/// calls is hit, without luck. strace holds the call back; that it does is seen in /proc.
/// </summary>
internal static class Stops
{
    private const int Shortest = 60_000, Longest = 2_000_000;

    // Microseconds, longer when this program was too slow and shorter again afterwards. A stop that strace needs for itself is shorter than the pause
    // between two looks.
    private static int s_hold = Shortest;

    // The call was let go before the other thing was done: nothing was tried.
    private static bool s_late;

    /// <summary>Calls that look up, make and mount in the container stage, and how many of each are left out on the way.</summary>
    private static readonly (string Call, int Step)[] Kinds = [("openat2", 2), ("move_mount", 4), ("mkdirat", 4), ("mknodat", 4)];

    /// <summary>
    /// Every stop there is of the container stage (with --long; else every second or fourth, and fewer in the columns that repeat the first).
    /// <paramref name="run"/> gets what to pass to <see cref="At"/>, and says whether the stage came as far. How many there were.
    /// </summary>
    public static int Each(Scenario t, Func<string, int, bool> run)
    {
        var count = 0;
        foreach (var (call, step) in Kinds)
        {
            for (var n = 1; Timely(() => run(call, n)); n += t.Long ? 1 : t.Column.Name == "root" ? step : step * 8)
            {
                count++;
            }
        }
        return count;
    }

    private static bool Timely(Func<bool> run)
    {
        while (true)
        {
            s_late = false;
            var reached = run();
            if (!s_late || s_hold >= Longest)
            {
                s_hold = Math.Max(Shortest, s_hold - (s_hold / 4));
                return reached;
            }
            s_hold *= 2;
        }
    }

    /// <summary>
    /// Runs the command to its end; again, if nobody saw it held. False when the stage, by its short name (<c>4:con</c>), made fewer such calls.
    /// </summary>
    public static bool At(string call, int n, Scenario t, Command command, Action meanwhile, out CommandResult result, string stage = "4:con")
    {
        var file = Path.Combine(t.Directory, "stop");
        while (true)
        {
            if (Once(call, n, t, file, command, meanwhile, out result, stage))
            {
                return true;
            }
            if (!File.ReadLines(file).Any(l => l.Contains($"<starter:[{stage}]>", StringComparison.Ordinal) && l.Contains("(DELAYED)", StringComparison.Ordinal)))
            {
                return false;
            }
            Assert.True(s_hold < Longest, $"{call} {n} was held back, and nobody saw it");
            s_hold *= 2;
        }
    }

    private static bool Once(string call, int n, Scenario t, string file, Command command, Action meanwhile, out CommandResult result, string stage)
    {
        var traced = new Command(Installation.Find("strace")!,
            ["-f", "-Y", .. Trace.Fast(t), "-qq", "-o", file, "-e", "signal=none", "-e", "trace=" + call, "-e",
                string.Create(CultureInfo.InvariantCulture, $"inject={call}:delay_enter={s_hold}:when={n}"), command.Program, .. command.Arguments]).With(command.Environment);
        using var running = traced.Start();
        var (reached, seen) = (false, 0);
        var tracer = running.Pid.ToString(CultureInfo.InvariantCulture);
        // By this strace: others may hold theirs at the same time.
        int? Held() => ProcFs.Pids().Where(p => p > running.Pid && ProcFs.Read(p, "stat")?.Contains($"(starter:[{stage}]) t ", StringComparison.Ordinal) == true
            && ProcFs.Status(p, "TracerPid") == tracer).Cast<int?>().FirstOrDefault();
        var ended = Eventually.Holds(() =>
        {
            // Each is a few microseconds after the last, if strace does not hold it.
            seen = !reached && Held() is not null ? seen + 1 : 0;
            if (seen >= 2)
            {
                reached = true;
                meanwhile();
                s_late |= Held() is null;
            }
            return running.HasExited;
        }, 30);
        Assert.True(ended, "the stopped command does not end");
        result = running.Wait(1);
        return reached;
    }
}
