using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Engine.Spec;
using FsCheck;
using FsCheck.Fluent;

namespace Engine.Tests.Unit.Spec;

/// <summary>The reader written by hand against the serializer, which reads the same records by their generated metadata.</summary>
public class SpecReaderTests
{
    [Fact]
    public void Random_documents_of_the_schema_are_read_as_the_serializer_reads_them() =>
        Check.One(Config.QuickThrowOnFailure.WithMaxTest(100).WithEndSize(12), Prop.ForAll(Json(Schema.Config).ToArbitrary(), AreReadAlike));

    [Fact]
    public void So_are_our_examples()
    {
        foreach (var file in Directory.GetFiles(Path.Combine(Documents.Own, "config", "good")))
            Assert.True(AreReadAlike(File.ReadAllText(file)));
    }

    [Fact]
    public void So_are_the_smaller_documents()
    {
        Check.One(Config.QuickThrowOnFailure, Prop.ForAll(Json(Schema.State).ToArbitrary(), json => AreAlike(json, SpecReader.State, SpecJson.Default.StateSpec)));
        Check.One(Config.QuickThrowOnFailure, Prop.ForAll(Json(Schema.Process).ToArbitrary(), json => AreAlike(json, SpecReader.Process, SpecJson.Default.ProcessSpec)));
        Check.One(Config.QuickThrowOnFailure, Prop.ForAll(Json(SchemaLinux.Resources).ToArbitrary(), json => AreAlike(json, SpecReader.Resources, SpecJson.Default.ResourcesSpec)));
    }

    private static bool AreReadAlike(string json) => AreAlike(json, SpecReader.Runtime, SpecJson.Default.RuntimeSpec);

    private static bool AreAlike<T>(string json, SpecReader.Value<T> reader, JsonTypeInfo<T> type)
    {
        var ours = JsonSerializer.Serialize(SpecReader.Document(Encoding.UTF8.GetBytes(json), reader), type);
        var theirs = JsonSerializer.Serialize(JsonSerializer.Deserialize(json, type)!, type);
        Assert.Equal(theirs, ours);
        return true;
    }

    /// <summary>Any document of a shape, with unknown properties thrown in.</summary>
    private static Gen<string> Json(Shape shape) => shape.Kind switch
    {
        ShapeKind.Any => Gen.Elements("null", "1.5", "[]", "{\"a\":[{}]}"),
        ShapeKind.Text => shape.Allowed is not null ? Gen.Elements(shape.Allowed).Select(Quoted) : Gen.Elements("", "a", "RLIMIT_AS", "MB:1", "2MB", "é\n\"").Select(Quoted),
        ShapeKind.Switch => Gen.Elements("true", "false"),
        ShapeKind.Integer => Gen.Elements(shape.Min.ToString(), shape.Max.ToString(), "7"),
        ShapeKind.Array => Gen.OneOf(Gen.Constant(0), Gen.Choose(1, 2)).SelectMany(n => Json(shape.Element).ListOf(n)).Select(items => $"[{string.Join(',', items)}]"),
        ShapeKind.Map => Json(shape.Element).Select(value => $"{{\"key.one\":{value},\"two\":{value}}}"),
        _ => shape.Properties.Aggregate(Gen.Constant(""), Append).Select(properties => $"{{\"unknown\":[1]{properties}}}"),
    };

    private static Gen<string> Append(Gen<string> before, Engine.Spec.Property property) =>
        from head in before
        from isThere in property.Required ? Gen.Constant(true) : Gen.Elements(true, false)
        from value in isThere ? Json(property.Shape) : Gen.Constant("")
        select isThere ? $"{head},{Quoted(property.Name)}:{value}" : head;

    private static string Quoted(string text) => $"\"{JsonEncodedText.Encode(text)}\"";
}
