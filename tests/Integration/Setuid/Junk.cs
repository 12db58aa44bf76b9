using Engine.Linux;
using Engine.Rpc;
using Engine.Rpc.Linux;
using Engine.Rpc.Transport;
using Engine.Shared.Linux;
using Engine.Shared.Protocol;

namespace Engine.Tests.Integration.Setuid;

/// <summary>Frames that are nearly requests: a real method name or none, parameters of every type and number, cut off, run over, or plain noise.</summary>
internal static class Junk
{
    private static readonly string[] Methods =
    [
        .. Enum.GetValues<HostMethod>().Where(m => m != HostMethod.None).Select(m => System.Text.Encoding.ASCII.GetString(MethodNames.Of(m))),
        .. Enum.GetValues<ContainerMethod>().Where(m => m != ContainerMethod.None).Select(m => System.Text.Encoding.ASCII.GetString(MethodNames.Of(m))),
    ];

    private static readonly string[] Texts =
        ["", "/", "..", "/etc/shadow", "../../../etc", "/proc/1/root", "/dev/mem", "proc", "tmpfs", "ext4", "cgroup.procs", "a/b", "%s%n", "/" + new string('a', 300), new string('b', 4096)];

    /// <summary>One frame.</summary>
    public static byte[] Frame(Random random)
    {
        var bytes = new List<byte>();
        if (random.Next(20) == 0)
        {
            var noise = new byte[random.Next(0, 2000)];
            random.NextBytes(noise);
            return noise;
        }
        // [0, id, method, params]; seldom something else.
        bytes.Add((byte)(random.Next(30) == 0 ? 0x90 + random.Next(16) : 0x94));
        Number(bytes, random.Next(15) == 0 ? (ulong)random.Next(5) : 0);
        Number(bytes, (ulong)random.Next());
        Text(bytes, random.Next(20) == 0 ? Texts[random.Next(Texts.Length)] : Methods[random.Next(Methods.Length)], terminated: false);
        var count = random.Next(12);
        bytes.Add((byte)(0x90 + (random.Next(15) == 0 ? random.Next(16) : count)));
        for (var i = 0; i < count; i++)
        {
            Value(bytes, random, 0);
        }
        if (random.Next(15) == 0)
        {
            return [.. bytes.Take(random.Next(bytes.Count))];
        }
        return [.. bytes.Take(Limits.Frame)];
    }

    private static void Value(List<byte> bytes, Random random, int depth)
    {
        switch (random.Next(8))
        {
            case 0: bytes.Add(0xc0); break;
            case 1: bytes.Add((byte)(0xc2 + random.Next(2))); break;
            case 2 or 3: Number(bytes, random.Next(4) switch { 0 => (ulong)random.Next(64), 1 => ulong.MaxValue, 2 => 1UL << random.Next(64), _ => (ulong)random.NextInt64() }); break;
            case 4 or 5: Text(bytes, Texts[random.Next(Texts.Length)], terminated: random.Next(10) != 0); break;
            case 6:
                bytes.AddRange([0xc4, 4, 1, 2, 3, 4]);
                break;
            default:
                var count = depth > 3 ? 0 : random.Next(4);
                bytes.Add((byte)(0x90 + count));
                for (var i = 0; i < count; i++)
                {
                    Value(bytes, random, depth + 1);
                }
                break;
        }
    }

    private static void Number(List<byte> bytes, ulong value)
    {
        if (value < 128)
        {
            bytes.Add((byte)value);
            return;
        }
        bytes.Add(0xcf);
        for (var shift = 56; shift >= 0; shift -= 8)
        {
            bytes.Add((byte)(value >> shift));
        }
    }

    private static void Text(List<byte> bytes, string text, bool terminated)
    {
        var raw = System.Text.Encoding.UTF8.GetBytes(terminated ? text + "\0" : text);
        bytes.AddRange([0xda, (byte)(raw.Length >> 8), (byte)raw.Length]);
        bytes.AddRange(raw);
    }
}

/// <summary>Open files of every kind, to be sent along.</summary>
internal sealed class JunkDescriptors : IDisposable
{
    private readonly List<SafeFd> _files = [];
    private readonly FdChannel _channel;

    public JunkDescriptors()
    {
        foreach (var path in new[] { "/", "/dev/null", "/etc/passwd", "/proc", "/sys/fs/cgroup" })
        {
            _files.Add(Files.Open(path, fcntl_h.O_PATH));
            _files.Add(Files.Open(path, fcntl_h.O_RDONLY));
        }
        _files.Add(Files.Open("/proc/self/ns/net", fcntl_h.O_RDONLY));
        _files.Add(SealedMemfd.Create("junk", new byte[] { 0x90 }));
        (_channel, var theirs) = FdChannel.Pair();
        _files.Add(theirs);
    }

    /// <summary>None, or a few of them.</summary>
    public int[] Some(Random random) => [.. Enumerable.Range(0, random.Next(3) == 0 ? random.Next(1, 6) : 0).Select(_ => _files[random.Next(_files.Count)].Value)];

    public void Dispose()
    {
        _files.ForEach(file => file.Dispose());
        _channel.Dispose();
    }
}
