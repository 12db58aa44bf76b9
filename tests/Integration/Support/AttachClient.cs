using System.Buffers.Binary;
using System.Text;
using Engine.Shared.Protocol;

namespace Engine.Tests.Integration.Support;

/// <summary>One frame of attach.sock: tag (see <see cref="AttachFrame"/>) and content.</summary>
public sealed record Frame(byte Tag, byte[] Content);

/// <summary>A client of attach.sock, raw or framed.</summary>
public sealed class AttachClient : SocketReader
{
    private readonly bool _framed;

    /// <summary>Connects, and asks for frames when <paramref name="framed"/>.</summary>
    public AttachClient(string path, bool framed = false, bool reads = true)
        : base(path, reads)
    {
        _framed = framed;
        if (framed)
        {
            Send(AttachFrame.Magic);
        }
    }

    /// <summary>Raw: everything received. Framed: what came as <paramref name="tag"/>.</summary>
    public string Output(byte tag = AttachFrame.Stdout) =>
        Encoding.UTF8.GetString(_framed ? Frames.Where(f => f.Tag == tag).SelectMany(f => f.Content).ToArray() : Received);

    /// <summary>Complete frames after the magic's answer. What came before it is raw output and is skipped.</summary>
    public IReadOnlyList<Frame> Frames
    {
        get
        {
            ReadOnlySpan<byte> rest = Received;
            var answer = rest.IndexOf(AttachFrame.Magic);
            if (answer < 0)
            {
                return [];
            }
            rest = rest[(answer + AttachFrame.Magic.Length)..];
            var frames = new List<Frame>();
            while (rest.Length >= AttachFrame.HeaderBytes)
            {
                var length = (int)BinaryPrimitives.ReadUInt32BigEndian(rest[1..]);
                Assert.InRange(length, 0, AttachFrame.MaxContent);
                if (rest.Length < AttachFrame.HeaderBytes + length)
                {
                    break;
                }
                frames.Add(new Frame(rest[0], rest.Slice(AttachFrame.HeaderBytes, length).ToArray()));
                rest = rest[(AttachFrame.HeaderBytes + length)..];
            }
            return frames;
        }
    }

    /// <summary>The payload's exit code, once the server has sent it.</summary>
    public int? ExitCode => Frames.FirstOrDefault(f => f.Tag == AttachFrame.Exit) is { } frame ? BinaryPrimitives.ReadInt32BigEndian(frame.Content) : null;

    public void WaitFor(string text, byte tag = AttachFrame.Stdout, double seconds = Eventually.DefaultSeconds) =>
        Eventually.True(() => Output(tag).Contains(text, StringComparison.Ordinal), () => $"'{text}' through attach.sock; received: {Output(tag)}", seconds);

    /// <summary>Types into the payload's standard input.</summary>
    public void Type(string text)
    {
        if (_framed)
        {
            SendFrame(AttachFrame.Stdin, Encoding.UTF8.GetBytes(text));
        }
        else
        {
            Send(Encoding.UTF8.GetBytes(text));
        }
    }

    /// <summary>Closes the payload's standard input (framed only).</summary>
    public void CloseStdin() => SendFrame(AttachFrame.Stdin, []);

    public void Resize(ushort rows, ushort columns)
    {
        var content = new byte[4];
        BinaryPrimitives.WriteUInt16BigEndian(content, rows);
        BinaryPrimitives.WriteUInt16BigEndian(content.AsSpan(2), columns);
        SendFrame(AttachFrame.Resize, content);
    }

    public void SendFrame(byte tag, byte[] content)
    {
        var frame = new byte[AttachFrame.HeaderBytes + content.Length];
        frame[0] = tag;
        BinaryPrimitives.WriteUInt32BigEndian(frame.AsSpan(1), (uint)content.Length);
        content.CopyTo(frame, AttachFrame.HeaderBytes);
        Send(frame);
    }
}
