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
        Check.One(Config.QuickThrowOnFailure.WithMaxTest(100).WithEndSize(12), Prop.ForAll(RandomJson.Of(Schema.Config).ToArbitrary(), AreReadAlike));

    [Fact]
    public void So_are_our_examples()
    {
        foreach (var file in Directory.GetFiles(Path.Combine(Documents.Own, "config", "good")))
            Assert.True(AreReadAlike(File.ReadAllText(file)));
    }

    [Fact]
    public void So_are_the_smaller_documents()
    {
        Check.One(Config.QuickThrowOnFailure, Prop.ForAll(RandomJson.Of(Schema.State).ToArbitrary(), json => AreAlike(json, SpecReader.State, SpecJson.Default.StateSpec)));
        Check.One(Config.QuickThrowOnFailure, Prop.ForAll(RandomJson.Of(Schema.Process).ToArbitrary(), json => AreAlike(json, SpecReader.Process, SpecJson.Default.ProcessSpec)));
        Check.One(Config.QuickThrowOnFailure, Prop.ForAll(RandomJson.Of(SchemaLinux.Resources).ToArbitrary(), json => AreAlike(json, SpecReader.Resources, SpecJson.Default.ResourcesSpec)));
    }

    private static bool AreReadAlike(string json) => AreAlike(json, SpecReader.Runtime, SpecJson.Default.RuntimeSpec);

    internal static bool AreAlike<T>(string json, JsonTokens.Value<T> reader, JsonTypeInfo<T> type)
    {
        var ours = JsonSerializer.Serialize(JsonTokens.Document(Encoding.UTF8.GetBytes(json), reader), type);
        var theirs = JsonSerializer.Serialize(JsonSerializer.Deserialize(json, type)!, type);
        Assert.Equal(theirs, ours);
        return true;
    }
}
