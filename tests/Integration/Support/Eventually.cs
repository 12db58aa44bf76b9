using System.Diagnostics;

namespace Engine.Tests.Integration.Support;

/// <summary>Waits for a condition with a deadline. The only place of the tests that sleeps.</summary>
public static class Eventually
{
    private static readonly TimeSpan Step = TimeSpan.FromMilliseconds(5);

    /// <summary>Seconds that a condition gets by default; generous, because a passing test never uses them.</summary>
    public const double DefaultSeconds = 20;

    /// <summary>Returns once <paramref name="condition"/> holds; fails with <paramref name="what"/> at the deadline.</summary>
    public static void True(Func<bool> condition, string what, double seconds = DefaultSeconds) =>
        True(condition, () => what, seconds);

    /// <summary>As above, with a text that is made at the deadline (it can show what was seen last).</summary>
    public static void True(Func<bool> condition, Func<string> what, double seconds = DefaultSeconds)
    {
        if (!Holds(condition, seconds))
        {
            Assert.Fail($"not within {seconds} s: {what()}");
        }
    }

    /// <summary>The first value that is not null.</summary>
    public static T Value<T>(Func<T?> probe, string what, double seconds = DefaultSeconds)
        where T : class
    {
        T? value = null;
        True(() => (value = probe()) is not null, what, seconds);
        return value!;
    }

    /// <summary>Whether the condition came true before the deadline.</summary>
    public static bool Holds(Func<bool> condition, double seconds = DefaultSeconds)
    {
        var watch = Stopwatch.StartNew();
        while (!condition())
        {
            if (watch.Elapsed.TotalSeconds > seconds)
            {
                return false;
            }
            Thread.Sleep(Step);
        }
        return true;
    }

    /// <summary>Whether the condition stays true for that long: for "nothing more comes".</summary>
    public static bool Stays(Func<bool> condition, double seconds)
    {
        var watch = Stopwatch.StartNew();
        while (watch.Elapsed.TotalSeconds < seconds)
        {
            if (!condition())
            {
                return false;
            }
            Thread.Sleep(Step);
        }
        return true;
    }
}
