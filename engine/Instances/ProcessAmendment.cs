using System.Text.Encodings.Web;
using System.Text.Json;
using Engine.Spec;

namespace Engine.Instances;

/// <summary>
/// Other arguments and more variables for the process of a config.json, put into its text. All other bytes stay, and every line keeps
/// its number, so that what the loader says of the document is true of the bundle's file.
/// </summary>
/// <param name="args">In place of process.args; empty leaves them.</param>
/// <param name="env">KEY=VALUE, in place of entries with the same key.</param>
public sealed class ProcessAmendment(IReadOnlyList<string> args, IReadOnlyList<string> env)
{
    /// <summary>The changed text. A text that is no config.json with a process comes back as it is, for the loader to refuse.</summary>
    public byte[] Apply(byte[] config)
    {
        try
        {
            if (Find(config) is not { } process)
            {
                return config;
            }

            var edits = new List<(Range Place, byte[] Text)>();
            if (args.Count > 0)
            {
                Add(edits, config, process, process.Args, "args"u8, args);
            }

            if (env.Count > 0 && Merged(config, process.Env) is { } merged)
            {
                Add(edits, config, process, process.Env, "env"u8, merged);
            }

            return Spliced(config, edits);
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            return config;
        }
    }

    // Where the object's members begin, and the values of two of them; null for an absent one.
    private sealed record Place(int Begin, bool IsEmpty, Range? Args, Range? Env);

    private static Place? Find(byte[] config)
    {
        var reader = new Utf8JsonReader(config, new JsonReaderOptions { MaxDepth = DocumentCheck.MaxDepth });
        reader.Read();
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            return null;
        }

        Place? place = null;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            bool isProcess = reader.ValueTextEquals("process"u8);
            reader.Read();
            if (isProcess && reader.TokenType == JsonTokenType.StartObject)
            {
                place = FindIn(ref reader);
            }
            else
            {
                reader.Skip();
            }
        }

        return place;
    }

    private static Place FindIn(ref Utf8JsonReader reader)
    {
        int begin = (int)reader.BytesConsumed;
        bool isEmpty = true;
        Range? args = null, env = null;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            isEmpty = false;
            bool isArgs = reader.ValueTextEquals("args"u8), isEnv = reader.ValueTextEquals("env"u8);
            reader.Read();
            int from = (int)reader.TokenStartIndex;
            reader.Skip();
            Range value = from..(int)reader.BytesConsumed;
            (args, env) = (isArgs ? value : args, isEnv ? value : env);
        }

        return new Place(begin, isEmpty, args, env);
    }

    // Null when the entries are no texts.
    private List<string>? Merged(byte[] config, Range? value)
    {
        var all = new List<string>();
        if (value is { } range)
        {
            using JsonDocument old = JsonDocument.Parse(config.AsMemory(range));
            if (old.RootElement.ValueKind != JsonValueKind.Array || old.RootElement.EnumerateArray().Any(entry => entry.ValueKind != JsonValueKind.String))
            {
                return null;
            }

            all.AddRange(old.RootElement.EnumerateArray().Select(entry => entry.GetString()!).Where(entry => !env.Any(ours => Key(ours) == Key(entry))));
        }

        all.AddRange(env.Where((entry, i) => !env.Skip(i + 1).Any(later => Key(later) == Key(entry))));
        return all;
    }

    private static string Key(string entry) => entry.IndexOf('=', StringComparison.Ordinal) is >= 0 and int at ? entry[..at] : entry;

    private static void Add(List<(Range, byte[])> edits, byte[] config, Place process, Range? value, ReadOnlySpan<byte> name, IEnumerable<string> entries)
    {
        byte[] array = Array(entries);
        if (value is { } range)
        {
            int lines = config.AsSpan(range).Count((byte)'\n');
            edits.Add((range, [.. array, .. Enumerable.Repeat((byte)'\n', lines)]));
            return;
        }

        bool isAlone = process.IsEmpty && edits.Count == 0;
        edits.Add((process.Begin..process.Begin, [.. "\""u8, .. name, .. "\":"u8, .. array, .. isAlone ? ""u8 : ","u8]));
    }

    private static byte[] Array(IEnumerable<string> entries)
    {
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            json.WriteStartArray();
            foreach (string entry in entries)
            {
                json.WriteStringValue(entry);
            }

            json.WriteEndArray();
        }

        return stream.ToArray();
    }

    // From the last place to the first, so that none moves before its turn.
    private static byte[] Spliced(byte[] config, List<(Range Place, byte[] Text)> edits)
    {
        foreach ((Range place, byte[] text) in edits.OrderByDescending(edit => edit.Place.Start.Value))
        {
            config = [.. config[..place.Start.Value], .. text, .. config[place.End.Value..]];
        }

        return config;
    }
}
