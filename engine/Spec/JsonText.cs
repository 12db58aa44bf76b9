using System.Text.Json;

namespace Engine.Spec;

/// <summary>The counterpart of <see cref="JsonTokens"/>: objects written by hand.</summary>
internal static class JsonText
{
    /// <summary>The bytes of one object, on one line.</summary>
    public static byte[] Of(Action<Utf8JsonWriter> members)
    {
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream))
        {
            json.WriteStartObject();
            members(json);
            json.WriteEndObject();
        }

        return stream.ToArray();
    }

    /// <summary>Nothing for null.</summary>
    public static void Text(Utf8JsonWriter json, string name, string? value)
    {
        if (value is not null)
        {
            json.WriteString(name, value);
        }
    }

    /// <summary>Nothing for null.</summary>
    public static void Texts(Utf8JsonWriter json, string name, string[]? values)
    {
        if (values is null)
        {
            return;
        }

        json.WriteStartArray(name);
        foreach (string value in values)
        {
            json.WriteStringValue(value);
        }

        json.WriteEndArray();
    }

    public static void Numbers(Utf8JsonWriter json, string name, uint[] values)
    {
        json.WriteStartArray(name);
        foreach (uint value in values)
        {
            json.WriteNumberValue(value);
        }

        json.WriteEndArray();
    }
}
