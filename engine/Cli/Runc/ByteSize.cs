using System.Globalization;

namespace Engine.Cli.Runc;

/// <summary>Amounts of memory as Docker and runc take them: a number, perhaps with a fraction, and k, m, g, t or p of 1024, with or without b or ib.</summary>
public static class ByteSize
{
    private const string Units = "kmgtp";

    /// <summary>Bytes; -1, which is no limit, only as such. False for anything else.</summary>
    public static bool TryParse(string text, out long bytes)
    {
        bytes = -1;
        if (text == "-1")
        {
            return true;
        }

        string number = text.ToLowerInvariant();
        double unit = 1;
        if (number.EndsWith('b'))
        {
            number = number[..^1];
        }

        // "ib" only means something behind a unit.
        if (number.EndsWith('i'))
        {
            number = number[..^1];
            if (number.Length == 0 || !Units.Contains(number[^1]))
            {
                return false;
            }
        }

        if (number.Length > 0 && Units.IndexOf(number[^1]) is >= 0 and int power)
        {
            unit = Math.Pow(1024, power + 1);
            number = number[..^1];
        }

        number = number.TrimEnd(' ');
        if (!double.TryParse(number, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double value) || value * unit >= long.MaxValue)
        {
            return false;
        }

        bytes = (long)(value * unit);
        return true;
    }
}
