using System.Text.Json;
using Engine.Diagnostics;
using Engine.Spec;

namespace Engine.Tests.Unit.Spec;

/// <summary>Documents that must pass and documents that must be refused, by folder.</summary>
public class ConformanceTests
{
    public static TheoryData<string> OwnGood => OwnFiles("good");
    public static TheoryData<string> OwnBad => OwnFiles("bad");

    [Theory, MemberData(nameof(OwnGood))]
    public void Our_good_examples_pass(string file) => Check(Documents.Own, file);

    [Theory, MemberData(nameof(OwnBad))]
    public void Our_bad_examples_are_refused_where_they_say(string file)
    {
        var refused = Assert.Throws<ConfigException>(() => Check(Documents.Own, file));
        var expected = Expected(File.ReadAllBytes(Path.Combine(Documents.Own, file)));
        if (expected is not null)
            Assert.Equal(expected, Assert.Single(refused.Errors).JsonPath);
        Assert.All(refused.Errors, error => Assert.True(error.Line > 0));
        Assert.StartsWith(Path.GetFileName(file) + ":", refused.Message, StringComparison.Ordinal);
    }

    [OciSchemaFact]
    public void The_specifications_good_examples_pass()
    {
        var files = SpecificationFiles("good");
        Assert.NotEmpty(files);
        foreach (var file in files)
            Check(Path.Combine(Documents.OciSchema!, "test"), file);
    }

    [OciSchemaFact]
    public void The_specifications_bad_examples_are_refused()
    {
        var files = SpecificationFiles("bad");
        Assert.NotEmpty(files);
        foreach (var file in files)
            Assert.Throws<ConfigException>(() => Check(Path.Combine(Documents.OciSchema!, "test"), file));
    }

    private static string[] SpecificationFiles(string kind) => [.. Files(Path.Combine(Documents.OciSchema!, "test"), kind)];

    private static TheoryData<string> OwnFiles(string kind) => [.. Files(Documents.Own, kind)];

    private static IEnumerable<string> Files(string root, string kind) =>
        Directory.GetFiles(root, "*.json", SearchOption.AllDirectories)
            .Select(file => Path.GetRelativePath(root, file))
            .Where(file => file.Split('/')[1] == kind)
            .Order(StringComparer.Ordinal);

    private static void Check(string root, string file)
    {
        var bytes = File.ReadAllBytes(Path.Combine(root, file));
        var name = Path.GetFileName(file);
        switch (file.Split('/')[0])
        {
            case "config":
                ConfigLoader.Load(bytes, name);
                break;
            case "state":
                ConfigLoader.LoadState(bytes, name);
                break;
            case "features":
                var errors = DocumentCheck.Run(bytes, Schema.Features);
                if (errors.Count > 0)
                    throw new ConfigException(name, errors);
                break;
            default:
                throw new InvalidOperationException(file);
        }
    }

    private static string? Expected(byte[] document)
    {
        try
        {
            return JsonDocument.Parse(document).RootElement.TryGetProperty("expect", out var path) ? path.GetString() : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
