using System.Globalization;
using Engine.Diagnostics;
using Engine.Linux;

namespace Engine.Cgroups.Systemd;

/// <summary>One property of a unit (org.freedesktop.systemd1(5)).</summary>
/// <param name="Name">Its name on the bus.</param>
/// <param name="Value">string, bool, int, ulong, uint[], string[] or byte[]; the type on the bus follows from it.</param>
public sealed record UnitProperty(string Name, object Value)
{
    /// <summary>systemd's number for no limit.</summary>
    public const ulong Infinity = ulong.MaxValue;

    /// <summary>Appends it as (sv).</summary>
    internal void AppendTo(DBusMessage message)
    {
        message.Open('r', "sv").Text(Name);
        switch (Value)
        {
            case string text:
                message.Open('v', "s").Text(text);
                break;
            case bool truth:
                message.Open('v', "b").Bool(truth);
                break;
            case int number:
                message.Open('v', "i").Int32(number);
                break;
            case ulong number:
                message.Open('v', "t").UInt64(number);
                break;
            case byte[] bytes:
                message.Open('v', "ay").Bytes(bytes);
                break;
            case uint[] numbers:
                message.Open('v', "au").Open('a', "u");
                Array.ForEach(numbers, number => message.UInt32(number));
                message.Close();
                break;
            case string[] texts:
                message.Open('v', "as").Open('a', "s");
                Array.ForEach(texts, text => message.Text(text));
                message.Close();
                break;
            default:
                throw new EngineException($"unit property {Name}: no type for {Value.GetType().Name}");
        }

        message.Close().Close();
    }

    /// <inheritdoc/>
    public override string ToString() => Name + "=" + Value switch
    {
        ulong.MaxValue => "infinity",
        bool truth => truth ? "true" : "false",
        byte[] bytes => Convert.ToHexStringLower(bytes),
        uint[] numbers => string.Join(' ', numbers),
        string[] texts => string.Join(' ', texts),
        IFormattable number => number.ToString(null, CultureInfo.InvariantCulture),
        _ => Value.ToString(),
    };
}
