using System.Text.Json;
using Engine.Spec;
using FsCheck;
using FsCheck.Fluent;

namespace Engine.Tests.Unit.Spec;

/// <summary>Documents that a <see cref="Shape"/> accepts.</summary>
internal static class RandomJson
{
    /// <summary>Any document of a shape, with unknown properties thrown in.</summary>
    public static Gen<string> Of(Shape shape) => shape.Kind switch
    {
        ShapeKind.Any => Gen.Elements("null", "1.5", "[]", "{\"a\":[{}]}"),
        ShapeKind.Text => shape.Allowed is not null ? Gen.Elements(shape.Allowed).Select(Quoted) : Gen.Elements("", "a", "RLIMIT_AS", "MB:1", "2MB", "é\n\"").Select(Quoted),
        ShapeKind.Switch => Gen.Elements("true", "false"),
        ShapeKind.Integer => Gen.Elements(shape.Min.ToString(), shape.Max.ToString(), "7"),
        ShapeKind.Array => Gen.OneOf(Gen.Constant(0), Gen.Choose(1, 2)).SelectMany(n => Of(shape.Element).ListOf(n)).Select(items => $"[{string.Join(',', items)}]"),
        ShapeKind.Map => Of(shape.Element).Select(value => $"{{\"key.one\":{value},\"two\":{value}}}"),
        _ => shape.Properties.Aggregate(Gen.Constant(""), Append).Select(properties => $"{{\"unknown\":[1]{properties}}}"),
    };

    private static Gen<string> Append(Gen<string> before, Engine.Spec.Property property) =>
        from head in before
        from isThere in property.Required ? Gen.Constant(true) : Gen.Elements(true, false)
        from value in isThere ? Of(property.Shape) : Gen.Constant("")
        select isThere ? $"{head},{Quoted(property.Name)}:{value}" : head;

    private static string Quoted(string text) => $"\"{JsonEncodedText.Encode(text)}\"";
}
