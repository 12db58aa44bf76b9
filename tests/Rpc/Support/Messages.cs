using System.Reflection;
using System.Text;
using Engine.Rpc;
using Engine.Shared.Protocol;
using Engine.Shared.Wire;
using Engine.Starter;

namespace Engine.Tests.Rpc.Support;

/// <summary>Every message type, filled at random by its fields; tests are the only place that may look at types at run time.</summary>
public static unsafe class Messages
{
    /// <summary>All messages of shared/Protocol.</summary>
    public static IReadOnlyList<Type> All { get; } =
        [.. typeof(IMessage).Assembly.GetTypes().Where(t => t.IsValueType && typeof(IMessage).IsAssignableFrom(t)).OrderBy(t => t.Name, StringComparer.Ordinal)];

    /// <summary>Bytes of a message; empty when it cannot be written.</summary>
    public static byte[] Encode(IMessage message, out WireStatus status, int capacity = 64 * 1024)
    {
        byte[] buffer = new byte[capacity];
        fixed (byte* start = buffer)
        {
            var codec = Codec.Writer(start, capacity);
            message.Fields(ref codec);
            status = codec.Status;
            return codec.Ok ? buffer[..codec.Position] : [];
        }
    }

    /// <summary>Bytes of a message that can be written.</summary>
    public static byte[] Encode(IMessage message)
    {
        byte[] bytes = Encode(message, out var status);
        Assert.Equal(WireStatus.Ok, status);
        return bytes;
    }

    /// <summary>A message of <paramref name="type"/> whose fields are anything that its limits allow.</summary>
    public static IMessage Random(Type type, Random random, MessageArena arena)
    {
        object message = Activator.CreateInstance(type)!;
        foreach (var field in type.GetFields(BindingFlags.Public | BindingFlags.Instance))
        {
            // Names of network devices are the only texts with a limit below the words of the others.
            field.SetValue(message, type == typeof(MoveNetDevice) && field.FieldType == typeof(Text)
                ? arena.Text(Word(random, Limits.InterfaceName))
                : Value(field.FieldType, random, arena));
        }

        return (IMessage)message;
    }

    /// <summary>The values of a message's fields, for comparison and for the independent peer.</summary>
    public static object?[] Values(IMessage message) =>
        [.. message.GetType().GetFields(BindingFlags.Public | BindingFlags.Instance).Select(f => Plain(f.GetValue(message)!))];

    /// <summary>Reads a message of <paramref name="type"/> and hands its values out while the bytes are there.</summary>
    public static object?[] Decode(Type type, byte[] bytes, out WireStatus status)
    {
        fixed (byte* start = bytes)
        {
            var codec = Codec.Reader(start, bytes.Length);
            var message = (IMessage)Activator.CreateInstance(type)!;
            message.Fields(ref codec);
            codec.End();
            status = codec.Status;
            return codec.Ok ? Values(message) : [];
        }
    }

    /// <summary>Number of a message type in the recoder, found by what it reads.</summary>
    public static int KindOf(Type type) => Array.IndexOf(Kinds, type.Name);

    /// <summary>The recoder in this world.</summary>
    public static (int Status, byte[] Output) Recode(int kind, byte[] input)
    {
        byte[] output = new byte[64 * 1024];
        fixed (byte* from = input.Length == 0 ? new byte[1] : input)
        fixed (byte* to = output)
        {
            int status = Recoder.Recode(kind, from, input.Length, to, output.Length, out int written);
            return (status, output[..written]);
        }
    }

    // In the order of Recoder.Recode; the last kind is the envelope.
    private static readonly string[] Kinds =
    [
        "Nothing", "Hello", "ErrorRecord", "SaveState", "OpenCgroup", "WriteCgroup", "SetCgroupDevices", "CloneSource", "SourceKind", "OpenNamespace",
        "Spawn", "Spawned", "RunHook", "Kill", "Resize", "StateChange", "AttachRoot", "MountFilesystem", "MountBind", "ChangeMount", "CreateDirectory",
        "CreateDevice", "CreateSymlink", "CreateConsole", "PathRequest", "SetSysctl", "SetName", "EnterRoot", "Launch", "ExecCgroups", "LaunchResult",
        "StageNote", "PumpNote", "ProcessPlan", "RaiseLimits", "MoveNetDevice", "PreservedDescriptors", "ConnectSocket",
        "NamespaceEntry", "NamespaceMapped", "StartPayload",
    ];

    private static object Value(Type type, Random random, MessageArena arena) => type.Name switch
    {
        nameof(UInt32) => (uint)Number(random, 32),
        nameof(UInt64) => Number(random, 64),
        nameof(Int32) => (int)Number(random, 32),
        nameof(Int64) => (long)Number(random, 64),
        nameof(Boolean) => random.Next(2) == 0,
        nameof(Text) => arena.Text(Word(random, 60)),
        nameof(TextList) => arena.List([.. Enumerable.Range(0, random.Next(20)).Select(_ => Word(random, 300))]),
        nameof(Words) => arena.Words([.. Enumerable.Range(0, random.Next(6) * 5).Select(_ => (uint)Number(random, 32))]),
        nameof(ErrorRecord) => Random(typeof(ErrorRecord), random, arena),
        _ => throw new InvalidOperationException($"a field of type {type}"),
    };

    // Every length of encoding equally often, and the edges between them.
    private static ulong Number(Random random, int bits)
    {
        int width = random.Next(bits + 1);
        ulong value = width == 0 ? 0 : (ulong)random.NextInt64() >> 1 >> (62 - Math.Min(width, 62));
        return random.Next(4) switch
        {
            0 => value,
            1 => (1ul << Math.Min(width, 63)) - 1,
            2 => (ulong)-(long)value,
            _ => 1ul << Math.Min(width, 63),
        };
    }

    private static string Word(Random random, int max)
    {
        var text = new StringBuilder();
        int length = random.Next(3) == 0 ? random.Next(max) : random.Next(12);
        while (Encoding.UTF8.GetByteCount(text.ToString()) < length - 4)
        {
            text.Append(random.Next(8) switch { 0 => "é", 1 => "日", 2 => "😀", _ => ((char)random.Next('!', '~')).ToString() });
        }

        return text.ToString();
    }

    private static object? Plain(object value) => value switch
    {
        Text text => text.Decode(),
        TextList list => Elements(list),
        Words words => Enumerable.Range(0, words.Count).Select(i => words[i]).ToArray(),
        ErrorRecord record => Values(record),
        _ => value,
    };

    private static string[] Elements(TextList list)
    {
        var elements = new List<string>();
        int cursor = 0;
        while (list.Next(ref cursor, out var element))
        {
            elements.Add(element.Decode());
        }

        return [.. elements];
    }
}
