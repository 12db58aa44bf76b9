using System.Text.Json;

namespace Engine.Spec;

/// <summary>
/// The steps of a reader that is written by hand (docs/decisions/0008): for documents that <see cref="DocumentCheck"/> has accepted, so
/// that whatever is there has the type its <see cref="Shape"/> says, and names are unique.
/// </summary>
internal static class JsonTokens
{
    /// <summary>Reads one value; the reader stands on its first token before and on its last one after.</summary>
    public delegate T Value<T>(ref Utf8JsonReader reader);

    /// <summary>The record of a whole document.</summary>
    public static T Document<T>(ReadOnlySpan<byte> utf8, Value<T> value)
    {
        var reader = new Utf8JsonReader(utf8, new JsonReaderOptions { MaxDepth = DocumentCheck.MaxDepth });
        reader.Read();
        return value(ref reader);
    }

    /// <summary>Steps to the next property and onto its value; false at the end of the object.</summary>
    public static bool Next(ref Utf8JsonReader reader, out string name)
    {
        reader.Read();
        var isProperty = reader.TokenType == JsonTokenType.PropertyName;
        name = isProperty ? reader.GetString()! : "";
        return isProperty && reader.Read();
    }

    public static T[] List<T>(ref Utf8JsonReader reader, Value<T> element)
    {
        var list = new List<T>();
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
            list.Add(element(ref reader));
        return [.. list];
    }

    public static Dictionary<string, T> Map<T>(ref Utf8JsonReader reader, Value<T> value)
    {
        var map = new Dictionary<string, T>(StringComparer.Ordinal);
        while (Next(ref reader, out var name))
            map[name] = value(ref reader);
        return map;
    }

    public static string Text(ref Utf8JsonReader reader) => reader.GetString()!;

    public static uint UInt32(ref Utf8JsonReader reader) => reader.GetUInt32();
}
