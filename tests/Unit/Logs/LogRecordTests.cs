using System.Text;
using Engine.Logs;
using Engine.Shared.Protocol;

namespace Engine.Tests.Unit.Logs;

/// <summary>One record of each format, and what is none.</summary>
public sealed class LogRecordTests
{
    private const string Time = "2026-03-01T10:20:30.123456789Z";

    [Theory]
    [InlineData(LogFormat.Basic, Time + " stdout hello", "out hello")]
    [InlineData(LogFormat.Basic, Time + " stderr F hello", "err F hello")]
    [InlineData(LogFormat.Basic, Time + " stdout ", "out ")]
    [InlineData(LogFormat.Basic, "2026-03-01T10:20:30.5+01:00 stdout local zone", "out local zone")]
    [InlineData(LogFormat.Kubernetes, Time + " stdout F hello  there ", "out hello  there ")]
    [InlineData(LogFormat.Kubernetes, Time + " stderr P piece", "err piece...")]
    [InlineData(LogFormat.Kubernetes, Time + " stdout F ", "out ")]
    [InlineData(LogFormat.Kubernetes, Time + " stdout F", "out ")]
    [InlineData(LogFormat.Kubernetes, Time + " stdout P:more tags", "out tags...")]
    [InlineData(LogFormat.Json, "{\"time\":\"" + Time + "\",\"stream\":\"stderr\",\"log\":\"a\\u0001\\\"\\\\\\tb\"}", "err a\u0001\"\\\tb")]
    [InlineData(LogFormat.Json, "{\"time\":\"" + Time + "\",\"stream\":\"stdout\",\"partial\":true,\"log\":\"a\"}", "out a...")]
    [InlineData(LogFormat.Json, "{\"log\":\"docker\\n\",\"stream\":\"stdout\",\"attrs\":{\"x\":[1]},\"time\":\"" + Time + "\"}", "out docker")]
    public void Reads_a_record(LogFormat format, string line, string expected) => Assert.Equal(expected, Describe(format, line, hasTime: true));

    [Theory]
    [InlineData(LogFormat.Basic, "no record")]
    [InlineData(LogFormat.Basic, "")]
    [InlineData(LogFormat.Basic, Time)]
    [InlineData(LogFormat.Basic, Time + " stdwhat x")]
    [InlineData(LogFormat.Basic, "2026-03-01 10:20:30.123456789Z stdout x")]
    [InlineData(LogFormat.Kubernetes, Time + " stdout X hello")]
    [InlineData(LogFormat.Kubernetes, Time + " stdout Fhello")]
    [InlineData(LogFormat.Kubernetes, "t stdout F hello")]
    [InlineData(LogFormat.Json, "{\"time\":\"" + Time + "\",\"stream\":\"stdout\",\"log\":\"cut")]
    [InlineData(LogFormat.Json, "{\"time\":\"" + Time + "\"}")]
    [InlineData(LogFormat.Json, "{\"log\":\"\\ud800\"}")]
    [InlineData(LogFormat.Json, "{\"log\":7}")]
    [InlineData(LogFormat.Json, "{}")]
    [InlineData(LogFormat.Json, "[]")]
    [InlineData(LogFormat.Json, "plain")]
    public void Shows_a_damaged_record_as_it_is(LogFormat format, string line) => Assert.Equal("out " + line, Describe(format, line, hasTime: false));

    [Theory]
    [InlineData(Time + " stdout F x", LogFormat.Kubernetes)]
    [InlineData(Time + " stderr P x", LogFormat.Kubernetes)]
    [InlineData(Time + " stdout x", LogFormat.Basic)]
    [InlineData("{\"time\":\"\"}", LogFormat.Json)]
    [InlineData("anything", LogFormat.Basic)]
    [InlineData("", LogFormat.Basic)]
    public void Tells_the_format(string line, LogFormat expected) => Assert.Equal(expected, LogRecordParser.Detect(Encoding.UTF8.GetBytes(line)));

    [Fact]
    public void Keeps_bytes_that_are_no_text()
    {
        byte[] line = [.. Encoding.ASCII.GetBytes(Time), .. " stdout F "u8, 0xff, 0, 0x80];
        Assert.Equal([0xff, 0, 0x80], new LogRecordParser(LogFormat.Kubernetes).Parse(line).Text.ToArray());
    }

    [Fact]
    public void Reads_a_json_text_longer_than_any_before()
    {
        var parser = new LogRecordParser(LogFormat.Json);
        string text = new('x', 300_000);
        Assert.Equal(text, Encoding.ASCII.GetString(parser.Parse(Encoding.ASCII.GetBytes($"{{\"time\":\"{Time}\",\"log\":\"{text}\"}}")).Text));
    }

    private static string Describe(LogFormat format, string line, bool hasTime)
    {
        var record = new LogRecordParser(format).Parse(Encoding.UTF8.GetBytes(line));
        Assert.Equal(hasTime, record.Time.Length > 0);
        return $"{(record.IsError ? "err" : "out")} {Encoding.UTF8.GetString(record.Text)}{(record.IsPartial ? "..." : "")}";
    }
}
