using System.Text;
using Engine.Monitor.JsonRpc;
using FsCheck;
using FsCheck.Fluent;

namespace Engine.Tests.Unit.Monitor;

/// <summary>Bytes to messages, in both framings.</summary>
public class MessageFramerTests
{
    [Theory]
    [InlineData("{\"a\":1}\n{\"b\":2}\n", new[] { "{\"a\":1}", "{\"b\":2}" })]
    [InlineData("\r\n \n[1]\r\n\n[2]\n", new[] { "[1]\r", "[2]" })]
    [InlineData("garbage\nmore garbage\n", new[] { "garbage", "more garbage" })]
    [InlineData("Content-Length: 2\r\n\r\n{}Content-Length: 3\r\n\r\n[1]", new[] { "{}", "[1]" })]
    [InlineData("content-type: application/vscode-jsonrpc; charset=utf-8\r\nCONTENT-LENGTH:2\r\n\r\n{}", new[] { "{}" })]
    [InlineData("Content-Length: 0\r\n\r\nContent-Length: 2\r\n\r\n{}", new[] { "", "{}" })]
    [InlineData("Content-Length: 4\r\n\r\n{\n}\n", new[] { "{\n}\n" })]
    public void The_messages_are_the_same_whole_and_byte_by_byte(string stream, string[] messages)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(stream);
        Assert.Equal(messages, Feed(bytes, bytes.Length).Messages);
        Assert.Equal(messages, Feed(bytes, 1).Messages);
    }

    [Fact]
    public void Any_cut_of_the_stream_gives_the_same_messages()
    {
        var bodies = Gen.Elements("{}", "[1,2]", "{\"text\":\"a b\"}", new string('x', 3000)).NonEmptyListOf();
        Prop.ForAll(bodies.ToArbitrary(), Gen.Choose(1, 700).ToArbitrary(), (list, chunk) =>
        {
            byte[] lines = Encoding.UTF8.GetBytes(string.Concat(list.Select(body => body + "\n")));
            byte[] headers = Encoding.UTF8.GetBytes(string.Concat(list.Select(body => $"Content-Length: {body.Length}\r\n\r\n{body}")));
            return Feed(lines, chunk).Messages.SequenceEqual(list) && Feed(headers, chunk).Messages.SequenceEqual(list);
        }).QuickCheckThrowOnFailure();
    }

    [Theory]
    [InlineData("Content-Length: x\r\n\r\n")]
    [InlineData("Content-Length: -1\r\n\r\n")]
    [InlineData("Content-Length: +1\r\n\r\n")]
    [InlineData("Content-Length: 99999999999\r\n\r\n")]
    [InlineData("Content-Length: 1048577\r\n\r\n")]
    [InlineData("Content-Type: text\r\n\r\n")]
    [InlineData("Content-Length 5\r\n\r\n")]
    [InlineData("C\r\n\r\n")]
    public void A_header_that_is_none_ends_the_stream(string header) =>
        Assert.Throws<FramingException>(() => Feed(Encoding.ASCII.GetBytes(header), header.Length));

    [Fact]
    public void Limits_hold_to_the_byte()
    {
        byte[] line = new byte[MessageFramer.MaxMessage + 1];
        Array.Fill(line, (byte)'x');
        line[^1] = (byte)'\n';
        Assert.Equal(MessageFramer.MaxMessage, Feed(line, 4096).Messages.Single().Length);

        byte[] tooLong = new byte[MessageFramer.MaxMessage + 2];
        Array.Fill(tooLong, (byte)'x');
        Assert.Throws<FramingException>(() => Feed(tooLong, 4096));

        byte[] header = Encoding.ASCII.GetBytes("Content-Type: " + new string('x', MessageFramer.MaxHeader));
        Assert.Throws<FramingException>(() => Feed(header, 100));
    }

    [Fact]
    public void The_end_of_the_stream_ends_a_line_and_drops_half_a_body()
    {
        var lines = Feed("{}\n{\"pause\":true}"u8.ToArray(), 100).Framer;
        Assert.True(lines.HasPartial);
        Assert.True(lines.TryTakeLast(out var last));
        Assert.Equal("{\"pause\":true}", Encoding.UTF8.GetString(last.Span));
        Assert.False(lines.HasPartial);

        var headers = Feed("Content-Length: 9\r\n\r\n{}"u8.ToArray(), 100).Framer;
        Assert.True(headers.HasPartial);
        Assert.False(headers.TryTakeLast(out _));
    }

    [Fact]
    public void Answers_have_the_clients_framing()
    {
        Assert.Equal("{}\n", Encoding.UTF8.GetString(new MessageFramer().Frame("{}"u8)));
        Assert.Equal("{}\n", Encoding.UTF8.GetString(Feed("{}\n"u8.ToArray(), 9).Framer.Frame("{}"u8)));
        Assert.Equal("Content-Length: 2\r\n\r\n{}", Encoding.UTF8.GetString(Feed("Content"u8.ToArray(), 9).Framer.Frame("{}"u8)));
    }

    private static (MessageFramer Framer, List<string> Messages) Feed(byte[] bytes, int chunk)
    {
        var framer = new MessageFramer();
        var messages = new List<string>();
        for (int at = 0; at < bytes.Length;)
        {
            var space = framer.FreeSpace();
            int count = Math.Min(Math.Min(chunk, bytes.Length - at), space.Length);
            bytes.AsSpan(at, count).CopyTo(space);
            framer.Received(count);
            at += count;
            while (framer.TryTake(out var message))
            {
                messages.Add(Encoding.UTF8.GetString(message.Span));
            }
        }

        return (framer, messages);
    }
}
