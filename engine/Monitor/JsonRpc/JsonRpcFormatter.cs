using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Unicode;

namespace Engine.Monitor.JsonRpc;

/// <summary>Between the bytes of a message and its parts, after JSON-RPC 2.0. Knows neither framing nor methods.</summary>
public static class JsonRpcFormatter
{
    // The answers to a batch are far longer than the shortest items.
    private const int MaxBatch = 256;

    // Paths and names as they are; the readers are JSON parsers, not web pages.
    private static readonly JsonWriterOptions Output = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = false };

    /// <summary>Takes a message apart. Never fails: what cannot be understood becomes an item with its error.</summary>
    public static JsonRpcMessage Parse(ReadOnlySpan<byte> bytes)
    {
        JsonElement root;
        try
        {
            var reader = new Utf8JsonReader(bytes);
            // The parser itself does not look into strings.
            root = Utf8.IsValid(bytes) ? JsonElement.ParseValue(ref reader) : throw new JsonException("not UTF-8");
            if (reader.Read())
            {
                throw new JsonException("more than one JSON text");
            }
        }
        catch (JsonException error)
        {
            return Single(Invalid(JsonRpcCode.ParseError, $"no JSON: {FirstLine(error.Message)}"));
        }

        if (root.ValueKind != JsonValueKind.Array)
        {
            return Single(Item(root));
        }

        if (root.GetArrayLength() is 0 or > MaxBatch)
        {
            return Single(Invalid(JsonRpcCode.InvalidRequest, $"a batch holds 1 to {MaxBatch} requests"));
        }

        return new JsonRpcMessage(true, [.. root.EnumerateArray().Select(Item)]);
    }

    // Escapes can spell half of a character, and with such a name no other can be looked for.
    private static JsonRpcItem Item(JsonElement item)
    {
        try
        {
            return ParseItem(item);
        }
        catch (InvalidOperationException)
        {
            return Invalid(JsonRpcCode.InvalidRequest, "a name holds half of a surrogate pair");
        }
    }

    /// <summary>A value as JSON text on one line; null for none.</summary>
    public static byte[] Value(JsonValue? value)
    {
        if (value is null)
        {
            return "null"u8.ToArray();
        }

        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer, Output))
        {
            value(json);
        }

        return buffer.WrittenSpan.ToArray();
    }

    /// <summary>A successful answer; <paramref name="result"/> from <see cref="Value"/>.</summary>
    public static byte[] Success(string id, byte[] result) => Object(json =>
    {
        WriteId(json, id);
        json.WritePropertyName("result");
        json.WriteRawValue(result, skipInputValidation: true);
    });

    /// <summary>A failed answer.</summary>
    public static byte[] Failure(string id, JsonRpcException error) => Object(json =>
    {
        WriteId(json, id);
        json.WriteStartObject("error");
        json.WriteNumber("code", error.Code);
        json.WriteString("message", error.Message);
        if (error.ErrorData is { } data)
        {
            json.WriteStartObject("data");
            json.WriteString("operation", data.Operation);
            json.WriteString("path", data.Path);
            json.WriteNumber("errno", data.Errno);
            json.WriteEndObject();
        }

        json.WriteEndObject();
    });

    /// <summary>A call, for a client; without <paramref name="id"/> a notification.</summary>
    public static byte[] Call(string? id, string method, JsonValue? parameters) => Object(json =>
    {
        if (id is not null)
        {
            WriteId(json, id);
        }

        json.WriteString("method", method);
        if (parameters is not null)
        {
            json.WritePropertyName("params");
            parameters(json);
        }
    });

    /// <summary>The answers of a batch.</summary>
    public static byte[] Batch(IReadOnlyList<byte[]> answers)
    {
        var buffer = new ArrayBufferWriter<byte>();
        buffer.Write("["u8);
        for (int i = 0; i < answers.Count; i++)
        {
            buffer.Write(i == 0 ? [] : ","u8);
            buffer.Write(answers[i]);
        }

        buffer.Write("]"u8);
        return buffer.WrittenSpan.ToArray();
    }

    private static JsonRpcMessage Single(JsonRpcItem item) => new(false, [item]);

    private static JsonRpcItem Invalid(int code, string message, string id = "null") =>
        new(Error: new JsonRpcException(code, message), ErrorId: id);

    private static JsonRpcItem ParseItem(JsonElement item)
    {
        if (item.ValueKind != JsonValueKind.Object)
        {
            return Invalid(JsonRpcCode.InvalidRequest, "a request is an object");
        }

        string? id = null;
        if (item.TryGetProperty("id", out var idValue))
        {
            if (idValue.ValueKind is not (JsonValueKind.String or JsonValueKind.Number or JsonValueKind.Null))
            {
                return Invalid(JsonRpcCode.InvalidRequest, "id: must be a string or a number");
            }

            id = idValue.GetRawText();
        }

        bool hasMethod = item.TryGetProperty("method", out var method);
        bool hasVersion = item.TryGetProperty("jsonrpc", out var version);
        if (!hasMethod && (item.TryGetProperty("result", out _) || item.TryGetProperty("error", out _)))
        {
            return new JsonRpcItem();
        }

        if (!hasMethod && !hasVersion)
        {
            return new JsonRpcItem(Control: item);
        }

        return ParseRequest(item, id, method, version);
    }

    private static JsonRpcItem ParseRequest(JsonElement item, string? id, JsonElement method, JsonElement version)
    {
        string errorId = id ?? "null";
        if (version.ValueKind != JsonValueKind.String || !version.ValueEquals("2.0"u8))
        {
            return Invalid(JsonRpcCode.InvalidRequest, "jsonrpc: must be \"2.0\"", errorId);
        }

        if (method.ValueKind != JsonValueKind.String || !TryGetString(method, out string name))
        {
            return Invalid(JsonRpcCode.InvalidRequest, "method: must be a string", errorId);
        }

        bool hasParameters = item.TryGetProperty("params", out var parameters);
        if (hasParameters && parameters.ValueKind is not (JsonValueKind.Object or JsonValueKind.Array or JsonValueKind.Null))
        {
            return Invalid(JsonRpcCode.InvalidRequest, "params: must be an object or an array", errorId);
        }

        return new JsonRpcItem(Request: new JsonRpcRequest(id, name, parameters));
    }

    /// <summary>The string; false when it holds half a surrogate pair.</summary>
    internal static bool TryGetString(JsonElement element, out string value)
    {
        try
        {
            value = element.GetString()!;
            return true;
        }
        catch (InvalidOperationException)
        {
            value = "";
            return false;
        }
    }

    private static byte[] Object(Action<Utf8JsonWriter> members)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer, Output))
        {
            json.WriteStartObject();
            json.WriteString("jsonrpc", "2.0");
            members(json);
            json.WriteEndObject();
        }

        return buffer.WrittenSpan.ToArray();
    }

    private static void WriteId(Utf8JsonWriter json, string id)
    {
        json.WritePropertyName("id");
        json.WriteRawValue(id);
    }

    private static string FirstLine(string text) => text.Split('\n')[0];
}
