using System.Text.Json.Nodes;
using Engine.Spec;

namespace Engine.Tests.Unit.Spec;

/// <summary>A document with every property of a schema once, and documents with a hole in one place.</summary>
internal static class Sample
{
    /// <summary>What stands in the text where the value is to be put.</summary>
    public const string Hole = "@HOLE@";

    // Texts for the patterns of the schema; the first that fits.
    private static readonly string[] Texts = ["text", "1.0.0", "/path", "CAP_KILL", "RLIMIT_NOFILE", "2MB", "MB:0=50", "0-3"];

    /// <summary>Every property, lists and maps with one entry, numbers at their smallest.</summary>
    public static JsonNode Of(Shape shape) => shape.Kind switch
    {
        ShapeKind.Text => JsonValue.Create(shape.Allowed is { } allowed ? allowed[0] : Texts.First(t => shape.Pattern is null || shape.Pattern(t))),
        ShapeKind.Switch => JsonValue.Create(true),
        ShapeKind.Integer => shape.Min < 0 ? JsonValue.Create(shape.Min) : JsonValue.Create((ulong)shape.Min),
        ShapeKind.Array => new JsonArray(Of(shape.Element)),
        ShapeKind.Map => new JsonObject { ["name"] = Of(shape.Element) },
        ShapeKind.Object => new JsonObject(shape.Properties.Select(p => KeyValuePair.Create(p.Name, (JsonNode?)Of(p.Shape)))),
        _ => new JsonObject(),
    };

    /// <summary>Every value below, with its path as messages spell it.</summary>
    public static IEnumerable<(string Path, JsonNode Node)> Walk(JsonNode node, string path)
    {
        yield return (path, node);
        var children = node switch
        {
            JsonObject o => o.Select(p => (JsonPath.Property(path, p.Key), p.Value!)),
            JsonArray a => a.Select((e, i) => ($"{path}[{i}]", e!)),
            _ => [],
        };
        foreach (var (at, child) in children.SelectMany(c => Walk(c.Item2, c.Item1)))
            yield return (at, child);
    }

    /// <summary>The text of the document without one of its values.</summary>
    public static string WithHole(JsonNode root, JsonNode node)
    {
        var parent = node.Parent!;
        var hole = JsonValue.Create(Hole);
        if (parent is JsonArray array)
        {
            var index = node.GetElementIndex();
            array[index] = hole;
            var text = root.ToJsonString();
            array[index] = node;
            return text.Replace($"\"{Hole}\"", Hole, StringComparison.Ordinal);
        }
        var name = node.GetPropertyName();
        parent[name] = hole;
        var result = root.ToJsonString();
        parent[name] = node;
        return result.Replace($"\"{Hole}\"", Hole, StringComparison.Ordinal);
    }

    /// <summary>Every number of a document made by <see cref="Of"/>, with its shape.</summary>
    public static IEnumerable<(string Path, string Text, Shape Shape)> Integers(Shape shape, JsonNode root) => Integers(shape, root, root, "").ToList();

    private static IEnumerable<(string Path, string Text, Shape Shape)> Integers(Shape shape, JsonNode root, JsonNode node, string path) => shape.Kind switch
    {
        ShapeKind.Integer => [(path, WithHole(root, node), shape)],
        ShapeKind.Array => Integers(shape.Element, root, node[0]!, path + "[0]"),
        ShapeKind.Map => Integers(shape.Element, root, node["name"]!, JsonPath.Property(path, "name")),
        ShapeKind.Object => shape.Properties.ToArray().SelectMany(p => Integers(p.Shape, root, node[p.Name]!, JsonPath.Property(path, p.Name))),
        _ => [],
    };
}
