using System.Text;
using System.Text.Json;
using Engine.State;
using Engine.Tests.Unit.Spec;
using FsCheck;
using FsCheck.Fluent;

namespace Engine.Tests.Unit.State;

/// <summary>state.json as it is read and written by hand, against the serializer's metadata of the same records.</summary>
public class StateReaderTests
{
    [Fact]
    public void Every_member_of_the_records_is_in_the_schema() =>
        SchemaTests.AssertSameNames(StateReader.Schema, StateJson.Default.StateDocument, "state.json");

    [Fact]
    public void Random_documents_are_read_as_the_serializer_reads_them() =>
        Check.One(
            Config.QuickThrowOnFailure,
            Prop.ForAll(RandomJson.Of(StateReader.Schema).ToArbitrary(), json => SpecReaderTests.AreAlike(json, StateReader.Document, StateJson.Default.StateDocument)));

    [Fact]
    public void The_engines_part_is_written_as_the_serializer_writes_it() =>
        Check.One(Config.QuickThrowOnFailure, Prop.ForAll(RandomJson.Of(StateReader.Schema).ToArbitrary(), IsWrittenAlike));

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("[]")]
    [InlineData("null")]
    [InlineData("{\"pid\":\"1\"}")]
    [InlineData("{\"pid\":4294967296}")]
    [InlineData("{\"engine\":{\"cgroups\":[1]}}")]
    [InlineData("{\"id\":\"a\",\"id\":\"b\"}")]
    public void What_is_no_state_document_is_none(string json) => Assert.Null(StateReader.Read(Encoding.UTF8.GetBytes(json)));

    private static bool IsWrittenAlike(string json)
    {
        var engine = JsonSerializer.Deserialize(json, StateJsonCompact.Default.StateDocument)!.Engine ?? new EngineState();
        using var stream = new MemoryStream();
        using (var writer = new Utf8JsonWriter(stream))
        {
            EngineStateWriter.Write(writer, engine);
        }

        Assert.Equal(JsonSerializer.Serialize(new StateDocument { Engine = engine }, StateJsonCompact.Default.StateDocument), Whole(Encoding.UTF8.GetString(stream.ToArray())));
        return true;
    }

    private static string Whole(string engine) =>
        JsonSerializer.Serialize(new StateDocument(), StateJsonCompact.Default.StateDocument)[..^1] + $",\"engine\":{engine}}}";
}
