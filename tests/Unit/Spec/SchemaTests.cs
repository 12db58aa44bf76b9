using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Engine.Spec;

namespace Engine.Tests.Unit.Spec;

/// <summary>Our schema tables against the records that hold the result, and against the specification's own schemas.</summary>
public class SchemaTests
{
    [Fact]
    public void Every_property_of_the_schema_has_a_place_in_the_records_and_none_is_invented()
    {
        AssertSameNames(Schema.Config, SpecJson.Default.RuntimeSpec, "config");
        AssertSameNames(Schema.State, SpecJson.Default.StateSpec, "state");
    }

    internal static void AssertSameNames(Shape shape, JsonTypeInfo type, string at)
    {
        if (type.Type == typeof(ForeignSpec))
            return;
        if (shape.Kind is ShapeKind.Array or ShapeKind.Map)
        {
            var element = type.Type.IsArray ? type.Type.GetElementType()! : type.Type.GetGenericArguments()[1];
            AssertSameNames(shape.Element, type.Options.GetTypeInfo(element), at + "[]");
            return;
        }
        if (shape.Kind != ShapeKind.Object)
            return;
        var properties = type.Properties.Where(p => p.Get is not null).ToDictionary(p => p.Name);
        Assert.Equal(shape.Properties.Select(p => p.Name).Order(), properties.Keys.Order());
        foreach (var property in shape.Properties)
            AssertSameNames(property.Shape, type.Options.GetTypeInfo(properties[property.Name].PropertyType), $"{at}.{property.Name}");
    }

    // What our tables have beyond the schemas, each with its reason in the table's comment.
    private static readonly string[] Beyond = ["config.linux.rootfsPropagation", "config.linux.devices[].fileMode", "config.linux.timeOffsets", "state.status"];

    [OciSchemaFact]
    public void The_tables_say_what_the_specifications_schemas_say()
    {
        var differences = new List<string>();
        foreach (var (name, shape) in new[] { ("config", Schema.Config), ("state", Schema.State), ("features", Schema.Features) })
        {
            var file = $"{name}-schema.json";
            Compare(Open(file), file, shape, name, differences);
        }
        Assert.DoesNotContain(differences, difference => !Beyond.Contains(difference.Split(':')[0]));
    }

    private static JsonElement Open(string file) => JsonDocument.Parse(File.ReadAllText(Path.Combine(Documents.OciSchema!, file))).RootElement;

    private static void Compare(JsonElement schema, string file, Shape shape, string at, List<string> differences)
    {
        (schema, file) = Resolve(schema, file);
        if (schema.TryGetProperty("anyOf", out var any))
            (schema, file) = Resolve(any[0], file);
        var type = schema.TryGetProperty("type", out var t) ? t.GetString() : "object";
        var kind = Describe(shape.Kind);
        if (type != kind)
            differences.Add($"{at}: {kind} here, {type} there");
        else if (type == "object")
            CompareObject(schema, file, shape, at, differences);
        else if (type == "array" && schema.TryGetProperty("items", out var items))
            Compare(items, file, shape.Element, at + "[]", differences);
        else if (type == "integer")
            CompareRange(schema, shape, at, differences);
        else if (type == "string" && schema.TryGetProperty("enum", out var words))
            CompareWords(words, shape, at, differences);
        else if (type == "string" && schema.TryGetProperty("pattern", out _) && shape.Pattern is null && shape.Allowed is null)
            differences.Add($"{at}: a pattern there, none here");
    }

    private static void CompareObject(JsonElement schema, string file, Shape shape, string at, List<string> differences)
    {
        if (shape.Kind == ShapeKind.Map)
        {
            if (schema.TryGetProperty("additionalProperties", out var values) && values.ValueKind == JsonValueKind.Object)
                Compare(values, file, shape.Element, at + "{}", differences);
            else if (schema.TryGetProperty("patternProperties", out var patterns))
                Compare(patterns.EnumerateObject().First().Value, file, shape.Element, at + "{}", differences);
            else
                differences.Add($"{at}: a map here, an object there");
            return;
        }
        var theirs = new Dictionary<string, (JsonElement Schema, string File)>();
        var required = new HashSet<string>();
        Collect(schema, file, theirs, required);
        foreach (var name in theirs.Keys.Except(shape.Properties.Select(p => p.Name)))
            differences.Add($"{at}.{name}: only there");
        foreach (var property in shape.Properties)
        {
            if (!theirs.TryGetValue(property.Name, out var other))
            {
                differences.Add($"{at}.{property.Name}: only here");
                continue;
            }
            if (required.Contains(property.Name) != property.Required)
                differences.Add($"{at}.{property.Name}: required differs");
            Compare(other.Schema, other.File, property.Shape, $"{at}.{property.Name}", differences);
        }
    }

    private static void Collect(JsonElement schema, string file, Dictionary<string, (JsonElement, string)> properties, HashSet<string> required)
    {
        (schema, file) = Resolve(schema, file);
        if (schema.TryGetProperty("allOf", out var all))
        {
            foreach (var part in all.EnumerateArray())
                Collect(part, file, properties, required);
        }
        if (schema.TryGetProperty("properties", out var own))
        {
            foreach (var property in own.EnumerateObject())
                properties[property.Name] = (property.Value, file);
        }
        if (schema.TryGetProperty("required", out var names))
            required.UnionWith(names.EnumerateArray().Select(n => n.GetString()!));
    }

    private static void CompareRange(JsonElement schema, Shape shape, string at, List<string> differences)
    {
        // A bare "integer" has no bounds there; whatever the record holds is then ours to say.
        if (schema.TryGetProperty("minimum", out var min) && min.GetInt64() != shape.Min)
            differences.Add($"{at}: minimum {min} there, {shape.Min} here");
        if (schema.TryGetProperty("maximum", out var max) && max.GetUInt64() != shape.Max)
            differences.Add($"{at}: maximum {max} there, {shape.Max} here");
    }

    private static void CompareWords(JsonElement words, Shape shape, string at, List<string> differences)
    {
        var theirs = words.EnumerateArray().Select(w => w.GetString()!).Order();
        if (!theirs.SequenceEqual((shape.Allowed ?? []).Order()))
            differences.Add($"{at}: {string.Join(' ', theirs)} there, {string.Join(' ', shape.Allowed ?? [])} here");
    }

    private static (JsonElement Schema, string File) Resolve(JsonElement schema, string file)
    {
        while (schema.TryGetProperty("$ref", out var reference))
        {
            var parts = reference.GetString()!.Split('#');
            if (parts[0].Length > 0)
                file = parts[0];
            schema = Open(file);
            foreach (var step in parts[1].Split('/', StringSplitOptions.RemoveEmptyEntries))
                schema = schema.GetProperty(step);
        }
        return (schema, file);
    }

    private static string Describe(ShapeKind kind) => kind switch
    {
        ShapeKind.Text => "string",
        ShapeKind.Switch => "boolean",
        ShapeKind.Integer => "integer",
        ShapeKind.Array => "array",
        _ => "object",
    };
}
