using System.Globalization;
using System.Text;
using Engine.Shared.Linux;

namespace Engine.Linux;

/// <summary>Signals as people and callers write them: TERM, SIGTERM, sigterm, 15, RTMIN+3, SIGRTMAX-1.</summary>
public static class Signals
{
    // The kernel's first real-time signal is 32, but C libraries keep two for themselves and call 34 SIGRTMIN; so do
    // kill(1), podman and Docker.
    private const int RtMin = 34;
    private const int RtMax = signal_h.SIGRTMAX;

    private static readonly (string Name, int Number)[] Aliases =
    [
        ("IOT", signal_h.SIGABRT), ("CLD", signal_h.SIGCHLD), ("POLL", signal_h.SIGIO), ("RTMIN", RtMin), ("RTMAX", RtMax),
    ];

    /// <summary>The number of a signal, 1 to 64. False for 0 and anything else: a test for existence is no signal.</summary>
    public static bool TryParse(string text, out int number)
    {
        if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number))
            return number is >= 1 and <= RtMax;
        var name = text.ToUpperInvariant();
        if (name.StartsWith("SIG", StringComparison.Ordinal))
            name = name[3..];
        number = Named(name);
        return number > 0;
    }

    /// <summary>SIGTERM for 15, SIGRTMIN+3 for 37, and the number itself for one without a name.</summary>
    public static string Name(int number)
    {
        var name = Encoding.ASCII.GetString(SignalNames.Name(number));
        if (name != "?")
            return "SIG" + name;
        return number switch
        {
            RtMin => "SIGRTMIN",
            RtMax => "SIGRTMAX",
            > RtMin and < RtMax => string.Create(CultureInfo.InvariantCulture, $"SIGRTMIN+{number - RtMin}"),
            _ => number.ToString(CultureInfo.InvariantCulture),
        };
    }

    private static int Named(string name)
    {
        var number = SignalNames.Number(Encoding.ASCII.GetBytes(name));
        if (number > 0)
            return number;
        foreach (var (alias, aliased) in Aliases)
        {
            if (name == alias)
                return aliased;
        }
        return RealTime(name);
    }

    private static int RealTime(string name)
    {
        if (name.Length < 7 || !int.TryParse(name.AsSpan(6), NumberStyles.None, CultureInfo.InvariantCulture, out var distance))
            return -1;
        var number = name[..6] switch
        {
            "RTMIN+" => RtMin + (long)distance,
            "RTMAX-" => RtMax - (long)distance,
            _ => -1,
        };
        return number is >= RtMin and <= RtMax ? (int)number : -1;
    }
}
