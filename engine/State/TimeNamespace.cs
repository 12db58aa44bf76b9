using System.Globalization;

namespace Engine.State;

/// <summary>
/// The time namespace of this process. The kernel shows start times, as everything that counts from the boot, shifted by the reader's offset
/// (time_namespaces(7)), so that a record says by what it was shifted (<see cref="EngineState.BootOffset"/>).
/// </summary>
internal static class TimeNamespace
{
    private const long TicksPerSecond = 100, NanosecondsPerTick = 10_000_000;

    private static readonly Lazy<long> Offset = new(Read);

    /// <summary>By how many clock ticks the start times that this process reads are larger than those of the initial namespace.</summary>
    public static long BootTicks => Offset.Value;

    /// <summary>The same of a file's text: lines of clock, seconds and nanoseconds. 0 where there is no such clock.</summary>
    internal static long ParseBootTicks(string text)
    {
        foreach (string line in text.Split('\n'))
        {
            string[] fields = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            if (fields is ["boottime", var seconds, var nanoseconds]
                && long.TryParse(seconds, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long whole)
                && long.TryParse(nanoseconds, NumberStyles.None, CultureInfo.InvariantCulture, out long part))
            {
                return unchecked((whole * TicksPerSecond) + (part / NanosecondsPerTick));
            }
        }

        return 0;
    }

    private static long Read()
    {
        try
        {
            return ParseBootTicks(File.ReadAllText("/proc/self/timens_offsets"));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // A kernel without time namespaces.
            return 0;
        }
    }
}
