using System.Globalization;
using Engine.Diagnostics;

namespace Engine.Cgroups.Systemd;

/// <summary>
/// Annotations org.systemd.property.NAME = VALUE (GVariant text, as runc and crun take them): properties of the unit. Only
/// those of the table are passed on: a bundle's author must not choose what else systemd does on the host, such as binding the
/// unit to another or starting something when it ends.
/// </summary>
public static class UnitAnnotations
{
    private const string Prefix = "org.systemd.property.";
    private const string SecondsSuffix = "Sec";
    private const double Microseconds = 1_000_000;

    private enum Kind
    {
        Text,
        Truth,
        Number,
        Duration,
        Texts,
    }

    private static readonly Dictionary<string, Kind> Allowed = new()
    {
        ["Description"] = Kind.Text,
        ["CollectMode"] = Kind.Text,
        ["KillMode"] = Kind.Text,
        ["OOMPolicy"] = Kind.Text,
        ["ManagedOOMSwap"] = Kind.Text,
        ["ManagedOOMMemoryPressure"] = Kind.Text,
        ["DefaultDependencies"] = Kind.Truth,
        ["SendSIGHUP"] = Kind.Truth,
        ["SendSIGKILL"] = Kind.Truth,
        ["KillSignal"] = Kind.Number,
        ["FinalKillSignal"] = Kind.Number,
        ["TimeoutStopUSec"] = Kind.Duration,
        ["RuntimeMaxUSec"] = Kind.Duration,
        ["Before"] = Kind.Texts,
        ["After"] = Kind.Texts,
    };

    /// <summary>The properties that the annotations ask for.</summary>
    /// <exception cref="CgroupException">A property that is not allowed, or a value of another type.</exception>
    public static List<UnitProperty> Read(IReadOnlyDictionary<string, string>? annotations)
    {
        var properties = new List<UnitProperty>();
        foreach ((string key, string value) in annotations ?? new Dictionary<string, string>())
        {
            if (!key.StartsWith(Prefix, StringComparison.Ordinal))
            {
                continue;
            }

            string name = key[Prefix.Length..];
            // In unit files durations are NAMESec, on the bus NAMEUSec.
            bool inSeconds = name.EndsWith(SecondsSuffix, StringComparison.Ordinal) && !name.EndsWith("U" + SecondsSuffix, StringComparison.Ordinal);
            if (inSeconds)
            {
                name = name[..^SecondsSuffix.Length] + "U" + SecondsSuffix;
            }

            if (!Allowed.TryGetValue(name, out Kind kind))
            {
                throw new CgroupException($"annotations[{Quote.Text(key)}]: not a property that an annotation may set", "allowed are " + string.Join(", ", Allowed.Keys.Order(StringComparer.Ordinal)));
            }

            object parsed = Parse(kind, value.Trim(), inSeconds)
                ?? throw new CgroupException($"annotations[{Quote.Text(key)}]: {Quote.Text(value)} is no {kind.ToString().ToLowerInvariant()} in GVariant's text form", "for example 'text', true, uint64 5 or ['a', 'b']");
            properties.Add(new UnitProperty(name, parsed));
        }

        return properties;
    }

    private static object? Parse(Kind kind, string value, bool inSeconds) => kind switch
    {
        Kind.Text => Text(value),
        Kind.Truth => value switch { "true" => true, "false" => false, _ => null },
        Kind.Number => double.TryParse(Untyped(value), NumberStyles.None, CultureInfo.InvariantCulture, out double number) && number <= int.MaxValue ? (int)number : null,
        Kind.Duration => Duration(Untyped(value), inSeconds),
        _ => Texts(value),
    };

    // uint64 5, int32 5 and 5.
    private static string Untyped(string value)
    {
        string[] words = value.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return words is ["uint64" or "int64" or "uint32" or "int32" or "double", _] ? words[1] : value;
    }

    private static ulong? Duration(string value, bool inSeconds)
    {
        if (!inSeconds)
        {
            return ulong.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out ulong exact) ? exact : null;
        }

        bool isNumber = double.TryParse(value, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double seconds);
        return isNumber && seconds * Microseconds < long.MaxValue ? (ulong)(seconds * Microseconds) : null;
    }

    private static string? Text(string value) =>
        value.Length >= 2 && value[0] is '\'' or '"' && value[^1] == value[0] && !value[1..^1].Contains(value[0]) && !value.Contains('\\') && !value.Any(char.IsControl)
            ? value[1..^1]
            : null;

    private static string[]? Texts(string value)
    {
        if (value is not ['[', .., ']'])
        {
            return null;
        }

        string[] parts = value[1..^1].Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        string[] texts = [.. parts.Select(Text).OfType<string>()];
        return texts.Length == parts.Length ? texts : null;
    }
}
