namespace Engine.Starter.Pump;

/// <summary>The time of log records: RFC 3339 in UTC with nine digits, <c>2026-03-01T10:20:30.123456789Z</c>.</summary>
internal static unsafe class TimeStamp
{
    /// <summary>Bytes of the text.</summary>
    public const int Length = 30;

    private const int Fraction = 20;
    private const int SecondsOfDay = 86400;

    private struct Characters
    {
        public fixed byte Bytes[Length];
    }

    private static Characters s_text;

    // Second that s_text shows, plus one: a fresh program shows none.
    private static long s_shown;

    /// <summary>Reads the clock; until the next call the text says that moment. One call serves a whole read of output.</summary>
    public static byte* Now()
    {
        timespec now = default;
        Sys.clock_gettime(CLOCK_REALTIME, &now);
        fixed (byte* text = s_text.Bytes)
        {
            if (s_shown != now.tv_sec + 1)
            {
                Second(text, now.tv_sec);
                s_shown = now.tv_sec + 1;
            }
            Digits(text + Fraction, (uint)now.tv_nsec, 9);
            return text;
        }
    }

    /// <summary>The text of the last <see cref="Now"/>.</summary>
    public static byte* Last
    {
        get
        {
            fixed (byte* text = s_text.Bytes)
                return text;
        }
    }

    private static void Second(byte* text, long second)
    {
        if (second < 0)
            second = 0;
        Civil(second / SecondsOfDay, out uint year, out uint month, out uint day);
        uint rest = (uint)(second % SecondsOfDay);
        Digits(text, year, 4);
        text[4] = (byte)'-';
        Digits(text + 5, month, 2);
        text[7] = (byte)'-';
        Digits(text + 8, day, 2);
        text[10] = (byte)'T';
        Digits(text + 11, rest / 3600, 2);
        text[13] = (byte)':';
        Digits(text + 14, rest / 60 % 60, 2);
        text[16] = (byte)':';
        Digits(text + 17, rest % 60, 2);
        text[19] = (byte)'.';
        text[29] = (byte)'Z';
    }

    // Gregorian date of a day counted from 1970-01-01. Years begin in March here, so that the leap day is the last of its year.
    private static void Civil(long days, out uint year, out uint month, out uint day)
    {
        const long DaysTo1970 = 719468, DaysOf400Years = 146097;
        long shifted = days + DaysTo1970;
        uint inEra = (uint)(shifted % DaysOf400Years);
        uint yearOfEra = (inEra - inEra / 1460 + inEra / 36524 - inEra / 146096) / 365;
        uint inYear = inEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100);
        uint fromMarch = (5 * inYear + 2) / 153;
        day = inYear - (153 * fromMarch + 2) / 5 + 1;
        month = fromMarch < 10 ? fromMarch + 3 : fromMarch - 9;
        year = (uint)(shifted / DaysOf400Years * 400) + yearOfEra + (month <= 2 ? 1u : 0u);
    }

    private static void Digits(byte* to, uint value, int count)
    {
        for (int i = count - 1; i >= 0; i--)
        {
            to[i] = (byte)('0' + value % 10);
            value /= 10;
        }
    }
}
