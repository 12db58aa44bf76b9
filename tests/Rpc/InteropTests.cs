using System.Buffers.Binary;
using System.Reflection;
using System.Text;
using System.Text.Json;
using Engine.Rpc;
using Engine.Starter;
using Engine.Tests.Rpc.Support;

namespace Engine.Tests.Rpc;

/// <summary>The same bytes in both worlds, and in an implementation that is not ours.</summary>
public sealed class InteropTests : IDisposable
{
    private readonly MessageArena _arena = new();
    private readonly Random _random = new(20251122);

    private static string Freestanding => typeof(InteropTests).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
        .Single(a => a.Key == "CodecFreestanding").Value!;

    public void Dispose() => _arena.Dispose();

    [Fact]
    public void The_freestanding_codec_accepts_and_writes_the_same()
    {
        var cases = new List<(int Kind, byte[] Bytes)>();
        foreach (var type in Messages.All)
        {
            for (int i = 0; i < 30; i++)
            {
                byte[] bytes = Messages.Encode(Messages.Random(type, _random, _arena));
                _arena.Reset();
                cases.Add((Messages.KindOf(type), bytes));
                cases.AddRange(Damaged(bytes).Select(d => (Messages.KindOf(type), d)));
            }
        }

        cases.AddRange(Envelopes().SelectMany(e => Damaged(e).Prepend(e)).Select(e => (Recoder.Kinds - 1, e)));
        cases.Add((Recoder.Kinds, [0x90]));

        byte[] answers = Pipe.Run(Freestanding, [], Input(cases));
        int at = 0;
        foreach (var (kind, bytes) in cases)
        {
            var (status, output) = Messages.Recode(kind, bytes);
            Assert.Equal((byte)status, answers[at]);
            int length = BinaryPrimitives.ReadInt32LittleEndian(answers.AsSpan(at + 1));
            Assert.Equal(output, answers[(at + 5)..(at + 5 + length)]);
            at += 5 + length;
        }

        Assert.Equal(answers.Length, at);
    }

    [PythonFact]
    public void Another_implementation_writes_the_same_bytes()
    {
        var messages = Everything();
        byte[] output = Pipe.Run(PythonFactAttribute.Interpreter, [Peer, "echo"], Pipe.Join(messages));
        Assert.Equal(messages, Pipe.Split(output));
    }

    [PythonFact]
    public void Another_implementation_reads_the_same_values()
    {
        var messages = Messages.All.SelectMany(type => Enumerable.Range(0, 20).Select(_ => (Type: type, Bytes: Next(type)))).ToArray();
        string[] lines = Encoding.UTF8.GetString(Pipe.Run(PythonFactAttribute.Interpreter, [Peer, "show"], Pipe.Join(messages.Select(m => m.Bytes))))
            .Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(messages.Length, lines.Length);
        for (int i = 0; i < messages.Length; i++)
        {
            using var seen = JsonDocument.Parse(lines[i]);
            Compare(Messages.Decode(messages[i].Type, messages[i].Bytes, out _), seen.RootElement);
        }
    }

    [PythonFact]
    public void What_another_implementation_writes_is_read()
    {
        // Every message's values as JSON, packed by the peer, read by us.
        var messages = Messages.All.Select(type => (Type: type, Bytes: Next(type))).ToArray();
        string json = string.Join('\n', messages.Select(m => Json(m.Type, Messages.Decode(m.Type, m.Bytes, out _))));
        var packed = Pipe.Split(Pipe.Run(PythonFactAttribute.Interpreter, [Peer, "make"], Encoding.UTF8.GetBytes(json + "\n")));
        Assert.Equal(messages.Select(m => Convert.ToHexString(m.Bytes)), packed.Select(Convert.ToHexString));
    }

    private static string Peer => Path.Combine(AppContext.BaseDirectory, "Interop", "peer.py");

    private static byte[] Input(List<(int Kind, byte[] Bytes)> cases)
    {
        var stream = new MemoryStream();
        byte[] head = new byte[5];
        foreach (var (kind, bytes) in cases)
        {
            head[0] = (byte)kind;
            BinaryPrimitives.WriteInt32LittleEndian(head.AsSpan(1), bytes.Length);
            stream.Write(head);
            stream.Write(bytes);
        }

        return stream.ToArray();
    }

    private static IEnumerable<byte[]> Envelopes()
    {
        yield return Convert.FromHexString("940007a14b90");
        yield return Convert.FromHexString("9302ac53746174654368616e67656490");
        yield return Convert.FromHexString("940107c090");
        yield return Convert.FromHexString("94010795" + "05a46f70656ea22f6102a0" + "c0");
    }

    private byte[] Next(Type type)
    {
        byte[] bytes = Messages.Encode(Messages.Random(type, _random, _arena));
        _arena.Reset();
        return bytes;
    }

    private List<byte[]> Everything() => [.. Messages.All.SelectMany(type => Enumerable.Range(0, 50).Select(_ => Next(type))), .. Envelopes()];

    private IEnumerable<byte[]> Damaged(byte[] bytes)
    {
        for (int i = 0; i < 8; i++)
        {
            byte[] damaged = [.. bytes];
            damaged[_random.Next(bytes.Length)] = (byte)_random.Next(256);
            yield return damaged;
        }

        yield return bytes[..^1];
        yield return bytes[..(bytes.Length / 2)];
        yield return [.. bytes, 0xc0];
    }

    private static void Compare(object? ours, JsonElement theirs)
    {
        switch (ours)
        {
            case string text:
                // Strings for system calls carry their NUL.
                Assert.Equal(text, theirs.ValueKind == JsonValueKind.Array ? Encoding.UTF8.GetString(Bytes(theirs)) : theirs.GetString()!.TrimEnd('\0'));
                break;
            case uint[] words:
                Assert.Equal(words, Bytes(theirs).Chunk(4).Select(chunk => BinaryPrimitives.ReadUInt32LittleEndian(chunk)));
                break;
            case Array list:
                Assert.Equal(list.Length, theirs.GetArrayLength());
                for (int i = 0; i < list.Length; i++)
                {
                    Compare(list.GetValue(i), theirs[i]);
                }

                break;
            default:
                Assert.Equal(JsonSerializer.Serialize(ours), theirs.GetRawText());
                break;
        }
    }

    private static byte[] Bytes(JsonElement array) => [.. array.EnumerateArray().Select(e => e.GetByte())];

    // Which texts are names, C strings or bytes is the message's own knowledge: the peer is told by the first byte of the encoding.
    private static string Json(Type type, object?[] values)
    {
        var fields = type.GetFields(BindingFlags.Public | BindingFlags.Instance);
        return $"[{string.Join(',', values.Select((value, i) => One($"{type.Name}.{fields[i].Name}", value)))}]";
    }

    private static string One(string field, object? value) => value switch
    {
        string text when field is "ProcessPlan.Seccomp" or "ProcessPlan.ListenerHead" or "ProcessPlan.ListenerTail" => $"{{\"bin\":[{string.Join(',', Encoding.UTF8.GetBytes(text))}]}}",
        string text when field is "ErrorRecord.Operation" or "ErrorRecord.Path" or "ErrorRecord.Detail" => JsonSerializer.Serialize(text),
        string text => JsonSerializer.Serialize(text + "\0"),
        string[] list => $"[{string.Join(',', list.Select(text => JsonSerializer.Serialize(text + "\0")))}]",
        uint[] words => $"{{\"bin\":[{string.Join(',', words.SelectMany(BitConverter.GetBytes))}]}}",
        object?[] record => Json(typeof(Engine.Shared.Protocol.ErrorRecord), record),
        _ => JsonSerializer.Serialize(value),
    };
}

/// <summary>Needs python3-msgpack; skipped, with the reason, without.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class PythonFactAttribute : FactAttribute
{
    public PythonFactAttribute() => Skip = Interpreter.Length == 0 ? "no python3 that has msgpack (Debian: python3-msgpack)" : null;

    /// <summary>Debian's own interpreter has Debian's packages, whichever is first on PATH. Empty if none has it.</summary>
    public static string Interpreter { get; } = new[] { "/usr/bin/python3", "python3" }.FirstOrDefault(HasMsgpack) ?? "";

    private static bool HasMsgpack(string interpreter)
    {
        try
        {
            var start = new System.Diagnostics.ProcessStartInfo(interpreter, ["-c", "import msgpack"]) { RedirectStandardError = true };
            using var process = System.Diagnostics.Process.Start(start)!;
            process.WaitForExit();
            return process.ExitCode == 0;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return false;
        }
    }
}
