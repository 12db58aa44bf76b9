using System.Text.Json;
using Engine.Diagnostics;

namespace Engine.Spec;

/// <summary>
/// One pass over a JSON document: syntax, our stricter rules (no duplicate names, no NUL, no broken surrogates, bounded
/// depth) and a schema. Finds every error of the schema; stops at the first error of syntax, because nothing after it can
/// be trusted. Lines are known as it goes.
/// </summary>
/// <remarks>
/// Duplicate names are refused although JSON allows them: readers differ in which one counts, so a document that means one
/// thing to a caller's checks and another one to us could be smuggled past those checks.
/// </remarks>
internal ref struct DocumentCheck
{
    /// <summary>Deepest nesting. The specification itself needs 7; the rest is room for unknown properties.</summary>
    public const int MaxDepth = 64;

    /// <summary>Errors after which the rest is not listed: nobody reads more, and a document can hold a million.</summary>
    public const int MaxErrors = 20;

    /// <summary>Entries of one list or map of the schema; the largest that mean something have as many (execve's strings, groups).</summary>
    public const int MaxEntries = 65536;

    /// <summary>Values that the schema knows, all together, each of which becomes an object in memory.</summary>
    public const int MaxValues = 256 * 1024;

    /// <summary>Names that are remembered at one moment to find one that appears twice.</summary>
    public const int MaxNames = 65536;

    private readonly ReadOnlySpan<byte> _utf8;
    private readonly List<ConfigError> _errors = [];
    private readonly JsonPath _path = new();
    private readonly Dictionary<string, long>? _positions;
    private Utf8JsonReader _reader;
    private int _values;
    private int _names;

    private DocumentCheck(ReadOnlySpan<byte> utf8, Dictionary<string, long>? positions)
    {
        _utf8 = utf8;
        _positions = positions;
        _reader = new Utf8JsonReader(utf8, new JsonReaderOptions { MaxDepth = MaxDepth });
    }

    /// <summary>Every error, in the order of the document; empty when it has the shape.</summary>
    public static List<ConfigError> Run(ReadOnlySpan<byte> utf8, Shape shape)
    {
        var check = new DocumentCheck(utf8, null);
        check.Document(shape);
        return check._errors;
    }

    /// <summary>Byte offset of these values by their paths (for a property: of its name); -1 for what is not there. Of a document that <see cref="Run"/> accepted.</summary>
    public static Dictionary<string, long> Positions(ReadOnlySpan<byte> utf8, IEnumerable<string> paths)
    {
        var positions = new Dictionary<string, long>(StringComparer.Ordinal);
        foreach (var path in paths)
            positions[path] = -1;
        new DocumentCheck(utf8, positions).Document(Shape.Any);
        return positions;
    }

    /// <summary>Line of a byte offset, from 1.</summary>
    public static int LineOf(ReadOnlySpan<byte> utf8, long offset) => utf8[..(int)offset].Count((byte)'\n') + 1;

    private void Document(Shape shape)
    {
        try
        {
            _reader.Read();
            Value(shape);
            // Refuses what follows the document.
            _reader.Read();
        }
        catch (JsonException e)
        {
            _errors.Add(new ConfigError(_path.ToString(), Reason(e), (int)(e.LineNumber ?? 0) + 1));
        }
        catch (TooLargeException e)
        {
            _errors.Add(new ConfigError(_path.ToString(), e.Message, LineOf(_utf8, _reader.TokenStartIndex)));
        }
    }

    // Ends the walk: what makes memory grow is refused before it does.
    private sealed class TooLargeException(string message) : Exception(message);

    private void Value(Shape shape)
    {
        if (shape.Kind != ShapeKind.Any && ++_values > MaxValues)
            throw new TooLargeException($"the document has more than {MaxValues} values");
        if (!Fits(shape.Kind, _reader.TokenType))
        {
            Report($"must be {Describe(shape.Kind)}, is {Describe(_reader.TokenType)}");
            shape = Shape.Any;
        }
        switch (_reader.TokenType)
        {
            case JsonTokenType.StartObject:
                ObjectValue(shape);
                break;
            case JsonTokenType.StartArray:
                ArrayValue(shape);
                break;
            case JsonTokenType.String:
                TextValue(shape);
                break;
            case JsonTokenType.Number:
                if (shape.Kind == ShapeKind.Integer)
                    IntegerValue(shape);
                break;
        }
    }

    private void ObjectValue(Shape shape)
    {
        var start = _reader.TokenStartIndex;
        var names = _names;
        ulong seen = 0;
        HashSet<string>? others = null;
        while (_reader.Read() && _reader.TokenType == JsonTokenType.PropertyName)
        {
            // An escaped name may be half of a character, which cannot be compared with anything.
            var text = _reader.ValueIsEscaped ? CheckedText() : null;
            var index = text is null ? shape.Find(ref _reader) : shape.Find(text);
            var name = index >= 0 ? shape.Properties[index].Name : text ?? CheckedText();
            if (index < 0 && _positions is null && ++_names > MaxNames)
                throw new TooLargeException($"has more than {MaxNames} names");
            _path.Push(name);
            var isNew = index >= 0 ? (seen & (1UL << index)) == 0 : _positions is not null || (others ??= new(StringComparer.Ordinal)).Add(name);
            if (!isNew)
                Report("appears twice");
            if (index >= 0)
                seen |= 1UL << index;
            if (shape.Kind == ShapeKind.Map && name.Length == 0)
                Report("the name must not be empty");
            Remember();
            _reader.Read();
            Value(index >= 0 ? shape.Properties[index].Shape : shape.Element);
            _path.Pop();
        }
        _names = names;
        for (var i = 0; i < shape.Properties.Length; i++)
        {
            if (shape.Properties[i].Required && (seen & (1UL << i)) == 0)
                Report(JsonPath.Property(_path.ToString(), shape.Properties[i].Name), "is required and missing", start);
        }
    }

    private void ArrayValue(Shape shape)
    {
        var start = _reader.TokenStartIndex;
        var count = 0;
        // Entered before the element is read: what cannot be read is to be found, too.
        for (_path.Push(0); _reader.Read() && _reader.TokenType != JsonTokenType.EndArray; _path.Push(++count))
        {
            if (shape.Kind != ShapeKind.Any && count == MaxEntries)
                throw new TooLargeException($"has more than {MaxEntries} entries");
            Remember();
            Value(shape.Element);
            _path.Pop();
        }
        _path.Pop();
        if (count < shape.MinItems)
            Report(_path.ToString(), $"needs at least {shape.MinItems} entry", start);
    }

    private void TextValue(Shape shape)
    {
        if (shape.Allowed is null && shape.Pattern is null && !_reader.ValueIsEscaped)
            return;
        var text = CheckedText();
        if (shape.Allowed is not null && !shape.Allowed.Contains(text))
            Report($"must be one of {string.Join(", ", shape.Allowed)}, is {Quote.Text(text)}");
        else if (shape.Pattern is not null && !shape.Pattern(text))
            Report($"must be {shape.PatternText}, is {Quote.Text(text)}");
    }

    private void IntegerValue(Shape shape)
    {
        // "-0" is in the range of an unsigned number, and still not one.
        var isNegative = _reader.ValueSpan[0] == (byte)'-';
        if (isNegative ? shape.Min < 0 && _reader.TryGetInt64(out var signed) && signed >= shape.Min
                       : _reader.TryGetUInt64(out var unsigned) && unsigned <= shape.Max && (shape.Min <= 0 || unsigned >= (ulong)shape.Min))
        {
            return;
        }
        // 1.0 and 1e3 are whole numbers too, but no Go program, hence no caller, reads them as such.
        var text = System.Text.Encoding.ASCII.GetString(_reader.ValueSpan[..Math.Min(_reader.ValueSpan.Length, 40)]);
        Report(text.AsSpan().IndexOfAny(".eE") >= 0
            ? $"must be a whole number without fraction or exponent, is {text}"
            : $"must be from {shape.Min} to {shape.Max}, is {text}");
    }

    /// <summary>The text the reader stands on, if it is text: escapes can smuggle in NUL and halves of surrogate pairs.</summary>
    private string CheckedText()
    {
        try
        {
            var text = _reader.GetString()!;
            if (text.Contains('\0'))
                Report("contains NUL (\\u0000), which no kernel interface can carry");
            return text;
        }
        catch (InvalidOperationException)
        {
            Report("contains half of a surrogate pair, which is no character");
            return "";
        }
    }

    private readonly void Remember()
    {
        // The first of a name is what errors are about; a document that was accepted has no second.
        if (_positions is not null && _positions.TryGetValue(_path.ToString(), out var known) && known < 0)
            _positions[_path.ToString()] = _reader.TokenStartIndex;
    }

    private readonly void Report(string message) => Report(_path.ToString(), message, _reader.TokenStartIndex);

    private readonly void Report(string path, string message, long offset)
    {
        if (_errors.Count < MaxErrors)
            _errors.Add(new ConfigError(path, message, LineOf(_utf8, offset)));
    }

    // The reader ends its messages with the place, which ours begin with, and shows the offending byte as it is.
    private static string Reason(JsonException e)
    {
        var end = e.Message.IndexOf(" LineNumber:", StringComparison.Ordinal);
        return "not JSON: " + Quote.Line(end < 0 ? e.Message : e.Message[..end]);
    }

    private static bool Fits(ShapeKind kind, JsonTokenType token) => kind switch
    {
        ShapeKind.Any => true,
        ShapeKind.Text => token == JsonTokenType.String,
        ShapeKind.Switch => token is JsonTokenType.True or JsonTokenType.False,
        ShapeKind.Integer => token == JsonTokenType.Number,
        ShapeKind.Array => token == JsonTokenType.StartArray,
        _ => token == JsonTokenType.StartObject,
    };

    private static string Describe(ShapeKind kind) => kind switch
    {
        ShapeKind.Text => "a string",
        ShapeKind.Switch => "true or false",
        ShapeKind.Integer => "a number",
        ShapeKind.Array => "an array",
        _ => "an object",
    };

    private static string Describe(JsonTokenType token) => token switch
    {
        JsonTokenType.StartObject => "an object",
        JsonTokenType.StartArray => "an array",
        JsonTokenType.String => "a string",
        JsonTokenType.Number => "a number",
        JsonTokenType.Null => "null (leave the property out)",
        _ => "true or false",
    };
}
