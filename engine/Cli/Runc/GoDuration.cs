using System.Globalization;

namespace Engine.Cli.Runc;

/// <summary>Durations as Go writes them: 5s, 1m30s, 1.5h, 250ms.</summary>
public static class GoDuration
{
    // Longer names first: "ms" is not "m" followed by "s".
    private static readonly (string Name, double Seconds)[] Units =
        [("ns", 1e-9), ("us", 1e-6), ("µs", 1e-6), ("ms", 1e-3), ("s", 1), ("m", 60), ("h", 3600)];

    /// <summary>False for what is no duration, a number without a unit among it (0 is one).</summary>
    public static bool TryParse(string text, out TimeSpan duration)
    {
        duration = TimeSpan.Zero;
        string rest = text.TrimStart('+', '-');
        if (rest.Length == 0 || text.Length - rest.Length > 1)
        {
            return false;
        }

        double seconds = 0;
        while (rest.Length > 0 && rest != "0")
        {
            int digits = 0;
            while (digits < rest.Length && (char.IsAsciiDigit(rest[digits]) || rest[digits] == '.'))
            {
                digits++;
            }

            (string name, double unit) = Array.Find(Units, unit => rest[digits..].StartsWith(unit.Name, StringComparison.Ordinal));
            if (name is null || !double.TryParse(rest[..digits], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double number))
            {
                return false;
            }

            seconds += number * unit;
            rest = rest[(digits + name.Length)..];
        }

        if (seconds >= TimeSpan.MaxValue.TotalSeconds / 2)
        {
            return false;
        }

        duration = TimeSpan.FromSeconds(text[0] == '-' ? -seconds : seconds);
        return true;
    }
}
