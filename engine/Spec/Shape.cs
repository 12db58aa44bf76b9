using System.Text.Json;

namespace Engine.Spec;

/// <summary>What kind of JSON value a <see cref="Shape"/> asks for.</summary>
internal enum ShapeKind
{
    /// <summary>Anything: a value the schema does not know.</summary>
    Any,
    Text,
    Switch,
    Integer,
    Array,

    /// <summary>Known properties; others are ignored.</summary>
    Object,

    /// <summary>Any property names, one shape of values.</summary>
    Map,
}

/// <summary>A property of an object.</summary>
internal readonly record struct Property(string Name, Shape Shape, bool Required = false);

/// <summary>One node of a schema, as a row of a table: the part of JSON Schema that the OCI schemas use.</summary>
internal sealed class Shape
{
    private Shape? _element;

    private Shape(ShapeKind kind) => Kind = kind;

    public static readonly Shape Any = new(ShapeKind.Any);
    public static readonly Shape Text = new(ShapeKind.Text);
    public static readonly Shape Switch = new(ShapeKind.Switch);

    public ShapeKind Kind { get; }

    /// <summary>Smallest integer.</summary>
    public long Min { get; private init; }

    /// <summary>Largest integer.</summary>
    public ulong Max { get; private init; }

    /// <summary>The only texts allowed; null for any.</summary>
    public string[]? Allowed { get; private init; }

    /// <summary>What the text must look like, and how a message says it.</summary>
    public Func<string, bool>? Pattern { get; private init; }
    public string PatternText { get; private init; } = "";

    /// <summary>Shape of the elements or of a map's values; of an object, that of the properties it does not know.</summary>
    public Shape Element => _element ?? Any;
    public int MinItems { get; private init; }
    public Property[] Properties { get; private init; } = [];

    public static Shape Integer(long min, ulong max) => new(ShapeKind.Integer) { Min = min, Max = max };

    public static Shape OneOf(params string[] allowed) => new(ShapeKind.Text) { Allowed = allowed };

    public static Shape Matching(string text, Func<string, bool> pattern) => new(ShapeKind.Text) { Pattern = pattern, PatternText = text };

    public static Shape ListOf(Shape element, int minItems = 0) => new(ShapeKind.Array) { _element = element, MinItems = minItems };

    public static Shape MapOf(Shape value) => new(ShapeKind.Map) { _element = value };

    /// <summary>At most 64 properties: which were seen is kept in one word.</summary>
    public static Shape Object(params Property[] properties) => new(ShapeKind.Object) { Properties = properties };

    /// <summary>Index of the property with this name, or -1.</summary>
    public int Find(string name) => Array.FindIndex(Properties, property => property.Name == name);

    /// <summary>Index of the property whose name the reader stands on, or -1. The name must have no escapes.</summary>
    public int Find(ref Utf8JsonReader reader)
    {
        for (var i = 0; i < Properties.Length; i++)
        {
            if (reader.ValueTextEquals(Properties[i].Name))
                return i;
        }
        return -1;
    }
}
