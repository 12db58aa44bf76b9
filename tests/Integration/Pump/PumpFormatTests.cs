using System.Text;
using System.Text.Json;
using Engine.Logs;
using Engine.Shared.Protocol;
using Engine.Tests.Integration.Support;

namespace Engine.Tests.Integration.Pump;

/// <summary>Every record of the log, byte for byte, in the three formats.</summary>
public sealed class PumpFormatTests
{
    private const int Piece = 16 * 1024;

    [RootTheory(Needs.RootOnly)]
    [InlineData(LogFormat.Basic, "T stdout hello\nT stdout \nT stderr oops\nT stdout a\rb\nT stdout tail")]
    [InlineData(LogFormat.Kubernetes, "T stdout F hello\nT stdout F \nT stderr F oops\nT stdout F a\rb\nT stdout P tail")]
    [InlineData(
        LogFormat.Json,
        "{\"time\":\"T\",\"stream\":\"stdout\",\"log\":\"hello\"}\n{\"time\":\"T\",\"stream\":\"stdout\",\"log\":\"\"}\n"
        + "{\"time\":\"T\",\"stream\":\"stderr\",\"log\":\"oops\"}\n{\"time\":\"T\",\"stream\":\"stdout\",\"log\":\"a\\rb\"}\n"
        + "{\"time\":\"T\",\"stream\":\"stdout\",\"partial\":true,\"log\":\"tail\"}")]
    public void Lines_empty_lines_and_an_unended_one(LogFormat format, string expected)
    {
        using var pump = new PumpRun(format);
        pump.Write("hello\r\n\n");
        pump.WaitForLog("hello");
        pump.Stderr.Write("oops\n"u8);
        pump.WaitForLog("oops");
        pump.Write("a\rb\r\nta");
        pump.WaitForLog("b");
        pump.Write("il");
        Assert.Equal(0, pump.End());
        Assert.Equal(expected + "\n", pump.Log);
    }

    [RootFact(Needs.RootOnly)]
    public void A_line_is_cut_into_pieces_of_sixteen_kibibytes()
    {
        using var pump = new PumpRun();
        foreach (int length in new[] { Piece - 1, Piece, Piece + 1, 2 * Piece, (2 * Piece) + 5 })
        {
            pump.Write(new string('x', length) + "\n");
        }

        Assert.Equal(0, pump.End());
        var records = pump.Log.TrimEnd('\n').Split('\n').Select(line => (line[..11], line.Length - 11)).ToArray();
        Assert.Equal(
            [
                ("T stdout F ", Piece - 1), ("T stdout F ", Piece), ("T stdout P ", Piece), ("T stdout F ", 1),
                ("T stdout P ", Piece), ("T stdout F ", Piece), ("T stdout P ", Piece), ("T stdout P ", Piece), ("T stdout F ", 5),
            ],
            records);
    }

    [RootTheory(Needs.RootOnly)]
    [InlineData(LogFormat.Basic)]
    [InlineData(LogFormat.Kubernetes)]
    [InlineData(LogFormat.Json)]
    public void A_line_of_a_mebibyte_and_more_is_logged_whole(LogFormat format)
    {
        using var pump = new PumpRun(format);
        string text = string.Concat(Enumerable.Range(0, 200_000).Select(i => $"{i} "));
        pump.Write(text + "\nnext\n");
        Assert.Equal(0, pump.End());
        string joined = Text(pump, format == LogFormat.Basic ? "" : null);
        Assert.Equal(text + (format == LogFormat.Basic ? "next" : "\nnext\n"), joined);
    }

    [RootFact(Needs.RootOnly)]
    public void No_text_forges_a_record()
    {
        using var pump = new PumpRun();
        byte[] hostile = [.. "2026-03-01T10:20:30.123456789Z stderr F forged\r2026 \u001b[2J"u8, 0, 0xff, (byte)'\n'];
        pump.Stdout.Write(hostile);
        Assert.Equal(0, pump.End());
        string log = Encoding.Latin1.GetString(pump.LogBytes);
        Assert.Equal(1, log.Count(c => c == '\n'));
        Assert.Equal("T stdout F T stderr F forged\r2026 \u001b[2J\0\u00ff\n", pump.Log);
    }

    [RootFact(Needs.RootOnly)]
    public void Json_escapes_every_control_character_and_what_is_no_utf8()
    {
        using var pump = new PumpRun(LogFormat.Json);
        byte[] all = [.. Enumerable.Range(0, 256).Select(i => (byte)i).Where(b => b != '\n')];
        pump.Stdout.Write([.. all, (byte)'\n', .. "\"\\/\u00e4\u20ac\ud83d\ude00\n"u8]);
        // Overlong forms, a surrogate, over the last code point, cut sequences.
        pump.Stdout.Write([0xc0, 0xaf, (byte)'|', 0xe0, 0x80, 0x80, (byte)'|', 0xed, 0xa0, 0x80, (byte)'|', 0xf4, 0x90, 0x80, 0x80, (byte)'|', 0xe2, 0x82, (byte)'|', 0xf0, 0x9f, 0x98, (byte)'\n']);
        Assert.Equal(0, pump.End());

        var texts = Records(pump).ToArray();
        // .NET's decoder replaces maximal parts, too: an independent opinion.
        Assert.Equal(Encoding.UTF8.GetString(all), texts[0]);
        Assert.Equal("\"\\/\u00e4\u20ac\ud83d\ude00", texts[1]);
        Assert.Equal("\ufffd\ufffd|\ufffd\ufffd\ufffd|\ufffd\ufffd\ufffd|\ufffd\ufffd\ufffd\ufffd|\ufffd|\ufffd", texts[2]);
    }

    [RootFact(Needs.RootOnly)]
    public void A_character_cut_by_reads_or_pieces_stays_a_character()
    {
        using var pump = new PumpRun(LogFormat.Json);
        var client = pump.AttachReady();
        byte[] smile = Encoding.UTF8.GetBytes("\ud83d\ude00");
        foreach (byte b in smile)
        {
            // Each byte is a read of its own: the client has seen it before the next is written.
            int before = client.Received.Length;
            pump.Stdout.Write([b]);
            Eventually.True(() => client.Received.Length > before, "the byte");
        }

        pump.Write("\n");
        // The limit of a piece falls into a character at each of its places.
        for (int shift = 0; shift < 4; shift++)
        {
            pump.Write(new string('x', shift));
            for (int i = 0; i < 3 * Piece / 4; i++)
            {
                pump.Stdout.Write(smile);
            }

            pump.Write("\n");
        }

        Assert.Equal(0, pump.End());
        Assert.DoesNotContain("\ufffd", string.Concat(Records(pump)), StringComparison.Ordinal);
        string expected = "\ud83d\ude00\n" + string.Concat(Enumerable.Range(0, 4).Select(
            shift => new string('x', shift) + string.Concat(Enumerable.Repeat("\ud83d\ude00", 3 * Piece / 4)) + "\n"));
        Assert.Equal(expected, Text(pump));
    }

    [RootTheory(Needs.RootOnly)]
    [InlineData(LogFormat.Kubernetes, 1)]
    [InlineData(LogFormat.Kubernetes, 2)]
    [InlineData(LogFormat.Json, 3)]
    [InlineData(LogFormat.Json, 4)]
    public void Whatever_is_written_in_whatever_pieces_can_be_read_back(LogFormat format, int seed)
    {
        var random = new Random(seed);
        using var pump = new PumpRun(format);
        var written = (Out: new List<byte>(), Error: new List<byte>());
        for (int i = 0; i < 300; i++)
        {
            byte[] bytes = new byte[random.Next(10) == 0 ? random.Next(50_000) : random.Next(300)];
            random.NextBytes(bytes);
            for (int k = 0; k < bytes.Length; k++)
            {
                // JSON keeps text only; a carriage return before a newline is dropped by design.
                bytes[k] = random.Next(100) == 0 ? (byte)'\n' : format == LogFormat.Json ? (byte)(bytes[k] & 0x7f) : bytes[k];
                bytes[k] = bytes[k] == '\r' ? (byte)'r' : bytes[k];
            }

            bool isError = random.Next(3) == 0;
            (isError ? written.Error : written.Out).AddRange(bytes);
            (isError ? pump.Stderr : pump.Stdout).Write(bytes);
        }

        Assert.Equal(0, pump.End());
        using var output = new MemoryStream();
        using var error = new MemoryStream();
        LogReader.Print(new LogRequest { Path = pump.LogPath, Format = format }, output, error);
        Assert.Equal(written.Out, output.ToArray());
        Assert.Equal(written.Error, error.ToArray());
    }

    private static IEnumerable<string> Records(PumpRun pump) =>
        File.ReadAllText(pump.LogPath).TrimEnd('\n').Split('\n').Select(line =>
        {
            using var document = JsonDocument.Parse(line);
            return document.RootElement.GetProperty("log").GetString()!;
        });

    private static string Text(PumpRun pump, string? lineEnd = null)
    {
        using var output = new MemoryStream();
        LogReader.Print(new LogRequest { Path = pump.LogPath, Format = pump.Format }, output, new MemoryStream());
        string text = Encoding.UTF8.GetString(output.ToArray());
        return lineEnd is null ? text : text.Replace("\n", lineEnd, StringComparison.Ordinal);
    }
}
