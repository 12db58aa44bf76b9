using System.Text.Json;

namespace Engine.Monitor.JsonRpc;

/// <summary>
/// Parameters of a call, by name whether they came in an object or in an array. What a method does not know is an error:
/// nothing that is asked for is skipped silently.
/// </summary>
public sealed class JsonRpcParameters
{
    private readonly Dictionary<string, JsonElement> _values = new(StringComparer.Ordinal);

    /// <summary>Of a method that takes <paramref name="names"/>.</summary>
    public JsonRpcParameters(JsonElement parameters, string[] names)
    {
        if (parameters.ValueKind == JsonValueKind.Array)
        {
            int count = parameters.GetArrayLength();
            if (count > names.Length)
            {
                throw Invalid($"{count} parameters where there are at most {names.Length}");
            }

            for (int i = 0; i < count; i++)
            {
                Add(names[i], parameters[i]);
            }
        }
        else if (parameters.ValueKind == JsonValueKind.Object)
        {
            foreach (var member in parameters.EnumerateObject())
            {
                string name = Name(member);
                Add(Array.IndexOf(names, name) >= 0 ? name : throw Invalid($"{name}: no such parameter"), member.Value);
            }
        }
    }

    /// <summary>An error of the client's.</summary>
    public static JsonRpcException Invalid(string message) => new(JsonRpcCode.InvalidParams, message);

    /// <summary>The value; null when it is absent.</summary>
    public JsonElement? Optional(string name) => _values.TryGetValue(name, out var value) ? value : null;

    /// <summary>The value; absent is an error.</summary>
    public JsonElement Required(string name) => Optional(name) ?? throw Invalid($"{name}: is missing");

    /// <summary>A switch; false when it is absent.</summary>
    public bool Switch(string name) => Optional(name)?.ValueKind switch
    {
        null or JsonValueKind.False => false,
        JsonValueKind.True => true,
        _ => throw Invalid($"{name}: must be true or false"),
    };

    /// <summary>A number from 0 to <paramref name="max"/>.</summary>
    public uint Number(string name, uint max) => Number(name, Required(name), max);

    /// <summary>A string, or a number as one; null when it is absent.</summary>
    public string? Word(string name)
    {
        if (Optional(name) is not { } value)
        {
            return null;
        }

        return value.ValueKind switch
        {
            JsonValueKind.Number => value.GetRawText(),
            JsonValueKind.String when JsonRpcFormatter.TryGetString(value, out string text) => text,
            _ => throw Invalid($"{name}: must be a string or a number"),
        };
    }

    internal static uint Number(string name, JsonElement value, uint max) =>
        value.ValueKind == JsonValueKind.Number && value.TryGetUInt32(out uint number) && number <= max
            ? number
            : throw Invalid($"{name}: must be a whole number from 0 to {max}");

    private static string Name(JsonProperty member)
    {
        try
        {
            return member.Name;
        }
        catch (InvalidOperationException)
        {
            throw Invalid("a parameter's name holds half a surrogate pair");
        }
    }

    private void Add(string name, JsonElement value)
    {
        if (value.ValueKind != JsonValueKind.Null)
        {
            _values[name] = value;
        }
    }
}
