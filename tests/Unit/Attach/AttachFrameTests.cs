using System.Globalization;
using System.Text;
using Engine.Attach;
using Engine.Diagnostics;
using Engine.Shared.Protocol;

namespace Engine.Tests.Unit.Attach;

/// <summary>The frames of attach.sock, byte for byte, in whatever pieces they arrive.</summary>
public sealed class AttachFrameTests
{
    private static readonly byte[] Session =
    [
        .. "early"u8, .. "ENGATT1\n"u8,
        1, 0, 0, 0, 3, .. "one"u8,
        2, 0, 0, 0, 3, .. "two"u8,
        6, 0, 0, 0, 0,
        1, 0, 0, 0, 0,
        5, 0, 0, 0, 8, 0, 0, 0, 1, 0, 0, 0, 2,
        99, 0, 0, 0, 12, .. "unknown more"u8,
        1, 0, 0, 0, 1, (byte)'!',
        4, 0, 0, 0, 4, 0, 0, 0, 137,
    ];

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(7)]
    [InlineData(1000)]
    public void Reads_a_session_in_any_pieces(int step)
    {
        var sink = new Recorder();
        var reader = new AttachFrameReader(sink);
        foreach (var piece in Session.Chunk(step))
        {
            reader.Feed(piece);
        }

        Assert.True(reader.IsFramed);
        Assert.Equal("out:earlyone err:two replayed gap:4294967298 out:! exit:137", sink.Text);
    }

    [Theory]
    [InlineData("ENGATT2\nENGATT1\n", "out:ENGATT2\n")]
    [InlineData("EEENGATT1\n", "out:EE")]
    [InlineData("ENGENGATT1\n", "out:ENG")]
    [InlineData("ENGATT1\n", "")]
    public void Finds_the_answer_behind_what_looks_like_it(string stream, string expected)
    {
        foreach (int step in new[] { 1, 4, stream.Length })
        {
            var sink = new Recorder();
            var reader = new AttachFrameReader(sink);
            foreach (var piece in Encoding.ASCII.GetBytes(stream).Chunk(step))
            {
                reader.Feed(piece);
            }

            Assert.True(reader.IsFramed);
            Assert.Equal(expected, sink.Text);
        }
    }

    [Fact]
    public void Refuses_a_frame_over_the_limit()
    {
        var reader = new AttachFrameReader(new Recorder());
        reader.Feed(AttachFrame.Magic);
        var error = Assert.Throws<EngineException>(() => reader.Feed([1, 0, 1, 0, 0]));
        Assert.Contains("65536", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Writes_what_the_protocol_says()
    {
        var to = new List<byte>();
        AttachFrameWriter.Stdin(to, "hi"u8);
        AttachFrameWriter.Resize(to, 50, 300);
        AttachFrameWriter.Flow(to, AttachFlow.Hold);
        AttachFrameWriter.StdinEnd(to);
        Assert.Equal([0, 0, 0, 0, 2, (byte)'h', (byte)'i', 3, 0, 0, 0, 4, 0, 50, 1, 44, 7, 0, 0, 0, 1, 2, 0, 0, 0, 0, 0], to);
    }

    [Fact]
    public void Cuts_long_input_into_frames_and_sends_no_end_for_none()
    {
        var to = new List<byte>();
        AttachFrameWriter.Stdin(to, []);
        Assert.Empty(to);
        AttachFrameWriter.Stdin(to, new byte[AttachFrame.MaxContent + 1]);
        Assert.Equal(AttachFrame.MaxContent + 1 + (2 * AttachFrame.HeaderBytes), to.Count);
        Assert.Equal([0, 0, 0, 0, 1], to.Skip(AttachFrame.HeaderBytes + AttachFrame.MaxContent).Take(5));
    }

    private sealed class Recorder : IAttachSink
    {
        private readonly List<(string Kind, string Value)> _events = [];

        // Consecutive output of one stream is one event: the pieces it came in do not matter.
        public string Text => string.Join(' ', _events.Select(e => e.Value.Length > 0 ? $"{e.Kind}:{e.Value}" : e.Kind));

        public void Output(bool isError, ReadOnlySpan<byte> bytes)
        {
            string kind = isError ? "err" : "out";
            string text = Encoding.ASCII.GetString(bytes);
            if (text.Length == 0)
            {
                return;
            }

            if (_events.Count > 0 && _events[^1].Kind == kind)
            {
                text = _events[^1].Value + text;
                _events.RemoveAt(_events.Count - 1);
            }

            _events.Add((kind, text));
        }

        public void Gap(ulong bytes) => _events.Add(("gap", bytes.ToString(CultureInfo.InvariantCulture)));

        public void ReplayEnd() => _events.Add(("replayed", ""));

        public void Exit(int code) => _events.Add(("exit", code.ToString(CultureInfo.InvariantCulture)));
    }
}
