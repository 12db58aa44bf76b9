using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Engine.Diagnostics;
using Engine.Spec;

namespace Engine.Tests.Unit.Spec;

/// <summary>
/// Every place of a document with every wrong value in it: what is expected comes from the example (a number stands where a
/// number belongs), so that it is not our table that tells what our table should say.
/// </summary>
public class WrongTypeTests
{
    private delegate object Loader(byte[] utf8);

    private static readonly (string Name, Func<JsonNode> Example, Loader Load)[] Parsers =
    [
        ("runnable", () => Read("runnable.json"), utf8 => ConfigLoader.Load(utf8, "x.json")),
        ("process", () => Read("runnable.json")["process"]!.DeepClone(), utf8 => ConfigLoader.LoadProcess(utf8, "x.json")),
        ("resources", () => Read("runnable.json")["linux"]!["resources"]!.DeepClone(), utf8 => ConfigLoader.LoadResources(utf8, "x.json")),
        ("config of the table", () => Sample.Of(Schema.Config), utf8 => ConfigLoader.Load(utf8, "x.json")),
        ("state of the table", () => Sample.Of(Schema.State), utf8 => ConfigLoader.LoadState(utf8, "x.json")),
    ];

    private static readonly string[] Values =
    [
        "null", "true", "false", "0", "-1", "1.5", "1e3", "\"\"", "\"text\"", "[]", "{}", "[null]", "[[]]", "{\"\":null}", "{\"a\":0}",
        "18446744073709551616", "-9223372036854775809", "1e999", "-0", "0.0", "[0,\"\",{},[],true,null]",
    ];

    public static TheoryData<string> Names => [.. Parsers.Select(p => p.Name)];

    [Theory, MemberData(nameof(Names))]
    public void The_example_itself_is_taken(string name)
    {
        var parser = Parsers.Single(p => p.Name == name);
        Assert.NotNull(parser.Load(Encoding.UTF8.GetBytes(parser.Example().ToJsonString())));
    }

    [Theory, MemberData(nameof(Names))]
    public void A_value_of_another_kind_is_refused_at_its_path_and_any_value_is_answered(string name)
    {
        var parser = Parsers.Single(p => p.Name == name);
        var tried = 0;
        foreach (var (path, text, kind) in Places(parser.Example()))
        {
            foreach (var value in Values)
            {
                tried++;
                var refused = Try(parser.Load, Encoding.UTF8.GetBytes(text.Replace(Sample.Hole, value, StringComparison.Ordinal)));
                if (refused is null)
                {
                    Assert.True(KindOf(value) == kind, $"{name}: {path} = {value} was taken");
                    continue;
                }
                Assert.All(refused.Errors, error => Assert.True(error.Line > 0, $"{path} = {value}: {error}"));
                if (KindOf(value) != kind)
                    Assert.True(refused.Errors.Any(e => e.JsonPath == path), $"{name}: {path} = {value}: {refused.Message}");
            }
        }
        Assert.True(tried > 100);
    }

    [Theory, MemberData(nameof(Names))]
    public void Any_truncation_and_any_text_behind_the_end_is_refused(string name)
    {
        var parser = Parsers.Single(p => p.Name == name);
        var good = Encoding.UTF8.GetBytes(parser.Example().ToJsonString());
        for (var length = 0; length < good.Length; length += 1 + (good.Length / 500))
            Assert.NotNull(Try(parser.Load, good[..length]));
        foreach (var tail in new[] { "x", "{}", "null", "\0", ",", "]", "}", "\uFEFF", "//", "1" })
            Assert.NotNull(Try(parser.Load, [.. good, .. Encoding.UTF8.GetBytes(tail)]));
        foreach (var space in new[] { " ", "\r\n", "\t\n\n" })
            Assert.Null(Try(parser.Load, [.. Encoding.UTF8.GetBytes(space), .. good, .. Encoding.UTF8.GetBytes(space)]));
    }

    [Fact]
    public void Every_number_is_taken_to_its_limits_and_no_further()
    {
        var example = Sample.Of(Schema.Config);
        var seen = 0;
        foreach (var (path, text, shape) in Sample.Integers(Schema.Config, example))
        {
            seen++;
            foreach (var good in new[] { Text(shape.Min), Text(shape.Max) })
                Assert.True(Try(Config, text.Replace(Sample.Hole, good, StringComparison.Ordinal)) is null, $"{path} = {good}");
            foreach (var bad in new[] { Text((Int128)shape.Min - 1), Text((Int128)shape.Max + 1), Text(shape.Max) + "0", "1.0", "1e3", "1E0", shape.Min < 0 ? "1e0" : "-0", "01", "+1", "0x1", "NaN", "1_0" })
            {
                var refused = Try(Config, text.Replace(Sample.Hole, bad, StringComparison.Ordinal));
                Assert.True(refused is not null && refused.Errors[0].JsonPath == path, $"{path} = {bad}: {refused?.Message}");
            }
        }
        Assert.True(seen > 50, $"{seen} numbers");
    }

    [Fact]
    public void Text_may_be_anything_but_no_text()
    {
        foreach (var (path, text, _) in Places(Read("runnable.json")).Where(p => p.Kind == "text"))
        {
            foreach (var bad in new[] { "\"\\u0000\"", "\"a\\u0000b\"", "\"\\ud800\"", "\"\\udc00\\ud800\"", "\"\n\"", "\"\\x\"", "'a'" })
            {
                var refused = Try(Config, text.Replace(Sample.Hole, bad, StringComparison.Ordinal));
                Assert.True(refused is not null && refused.Errors[0].JsonPath == path, $"{path} = {bad}: {refused?.Message}");
            }
        }
    }

    [Fact]
    public void What_would_fill_the_memory_is_refused_at_its_path()
    {
        const string head = "{\"ociVersion\":\"1.0.0\",";
        foreach (var (path, text) in new (string, string)[]
        {
            ("mounts", head + "\"mounts\":[" + Many("{\"destination\":\"/a\"}", 65537) + "]}"),
            ("x", head + "\"x\":{" + string.Join(',', Enumerable.Range(0, 65537).Select(i => $"\"{i}\":0")) + "}}"),
            ("linux.sysctl", head + "\"linux\":{\"sysctl\":{" + string.Join(',', Enumerable.Range(0, 65537).Select(i => $"\"{i}\":\"\"")) + "}}}"),
            ("mounts[4].options[1]", head + "\"mounts\":[" + Many("{\"destination\":\"/a\",\"options\":[" + Many("\"ro\"", 65000) + "]}", 5) + "]}"),
        })
        {
            var refused = Try(Config, text);
            Assert.NotNull(refused);
            var at = Assert.Single(refused.Errors);
            Assert.StartsWith(path.Split('[')[0], at.JsonPath, StringComparison.Ordinal);
            Assert.Contains(" more than ", at.Message, StringComparison.Ordinal);
        }
        // Outside of the schema only names are remembered, and only while their object lasts.
        Assert.Null(Try(Config, head + "\"x\":[" + Many("0", 1_000_000) + "]}"));
        Assert.Null(Try(Config, head + "\"x\":[" + Many("{" + string.Join(',', Enumerable.Range(0, 1000).Select(i => $"\"{i}\":0")) + "}", 100) + "]}"));
    }

    private static string Many(string text, int count) => string.Join(',', Enumerable.Repeat(text, count));

    private static object Config(byte[] utf8) => ConfigLoader.Load(utf8, "x.json");

    private static ConfigException? Try(Loader load, string text) => Try(load, Encoding.UTF8.GetBytes(text));

    // Anything but a record or the one exception fails the test.
    private static ConfigException? Try(Loader load, byte[] utf8)
    {
        try
        {
            load(utf8);
            return null;
        }
        catch (ConfigException e)
        {
            Assert.All(e.Lines, line => Assert.DoesNotContain(line, char.IsControl));
            return e;
        }
    }

    private static JsonNode Read(string name) => JsonNode.Parse(File.ReadAllText(Path.Combine(Documents.Own, "config", "good", name)))!;

    /// <summary>Every value of the document: its path, the document's text with a hole there, the kind that stands there.</summary>
    private static IEnumerable<(string Path, string Text, string Kind)> Places(JsonNode root)
    {
        foreach (var (path, node) in Sample.Walk(root, "").ToList())
        {
            if (path.Length > 0)
                yield return (path, Sample.WithHole(root, node), KindOf(node.ToJsonString()));
        }
    }

    private static string KindOf(string json) => json[0] switch
    {
        '"' => "text",
        '[' => "array",
        '{' => "object",
        't' or 'f' => "switch",
        'n' => "null",
        _ => "number",
    };

    private static string Text(Int128 number) => number.ToString(CultureInfo.InvariantCulture);
}
