using System.Text;
using System.Text.Json;
using Engine.Attach;
using Engine.Cgroups;
using Engine.Diagnostics;
using Engine.Logs;
using Engine.Monitor.JsonRpc;
using Engine.Mounts;
using Engine.Rootless;
using Engine.Rpc;
using Engine.Seccomp;
using Engine.Shared.Policy;
using Engine.Shared.Protocol;
using Engine.Spec;
using Engine.Starter;
using Engine.State;
using Engine.Tests.Rpc.Support;

namespace Engine.Tests.Fuzz;

/// <summary>One parser: where its seeds are, words it may like, and what it does with bytes. Whatever it throws is a finding.</summary>
/// <param name="Name">Its folder below seeds, too.</param>
/// <param name="Words">Put in here and there.</param>
/// <param name="Run">Parses, and asserts what must hold of any answer.</param>
public sealed record Target(string Name, string Words, Action<byte[]> Run);

/// <summary>Every parser of the hosted side.</summary>
public static class Targets
{
    private const string Json = "{ } [ ] \" : , null true 0 -1 1e9 18446744073709551615 \\u0000 \\ud800 \\\" \"\" {} [] \"a\":";

    /// <summary>Keys and values of the administrator's file.</summary>
    public const string SiteWords = "= # , - yes no \n allow_setuid allow_users allow_ns tmpfs_max_size 1000-1999 64M 18446744073709551615 4294967295 pid,network /opt /../ cgroups";

    public static IReadOnlyList<Target> All { get; } =
    [
        new("messages", "", Message),
        new("control", Json + " \"jsonrpc\":\"2.0\" \"method\": \"id\": \"params\": Content-Length: \r\n\r\n", Control),
        new("attach", "ENGATT1\n", Attach),
        new("config", Json + " \"linux\": \"process\": \"mounts\": \"hooks\": \"resources\":", Config),
        new("seccomp", Json + " \"names\": \"args\": SCMP_ACT_ERRNO SCMP_CMP_MASKED_EQ SCMP_ARCH_X86 socketcall clone3 \"errnoRet\":", Seccomp),
        new("mountoptions", "ro rro bind rbind idmap= size= mode= shared rslave tmpcopyup nosuid remount \n , =", Options),
        new("mountinfo", "\\040 \\134 / - 0:1 ro,rw cgroup cgroup2 shared:1 master:2 \n", MountInfo),
        new("cgroup", "max -1 default 8:0 rbps= a *:* rwm c b \n 9223372036854771712 oom_kill", Cgroup),
        new("site", SiteWords, bytes => Assert.Equal(SiteSummary(bytes), SiteSummary(bytes))),
        new("subids", ": , 0 4294967295 65536 1000 a \n", SubIds),
        new("accounts", ": , 0 4294967295 4294967296 root \n / +", Accounts),
        new("stat", ") ( 18446744073709551616 R Z \n", Stat),
        new("log", "stdout stderr F P { \"time\": \"log\": Z \n", Log),
    ];

    /// <summary>Seeds of a target: the files of its folder; for messages one of each kind.</summary>
    public static IReadOnlyList<byte[]> Seeds(string name)
    {
        if (name == "messages")
            return MessageSeeds();
        var folder = Path.Combine(AppContext.BaseDirectory, "seeds", name);
        return [.. Directory.GetFiles(folder).Order(StringComparer.Ordinal).Select(File.ReadAllBytes)];
    }

    /// <summary>The kind of message, and the message.</summary>
    public static byte[][] MessageSeeds()
    {
        var random = new Random(1);
        using var arena = new MessageArena();
        // The kind is tried out: it is the first that takes the bytes, and any other is as good a test.
        return [.. Messages.All.SelectMany(type => Enumerable.Range(0, 3).Select(_ => Messages.Encode(Messages.Random(type, random, arena), out var _)))
            .Select(bytes => (byte[])[(byte)Math.Max(0, Enumerable.Range(0, Recoder.Kinds).FirstOrDefault(kind => Recode(kind, bytes, out var _) == 0)), .. bytes])];
    }

    /// <summary>What the codec makes of a message: status and, when it is 0, the bytes written again.</summary>
    public static unsafe int Recode(int kind, byte[] bytes, out byte[] again)
    {
        var output = new byte[64 * 1024];
        fixed (byte* from = bytes, to = output)
        {
            byte none = 0;
            var status = Recoder.Recode(kind, from == null ? &none : from, bytes.Length, to, output.Length, out var written);
            again = output[..written];
            return status;
        }
    }

    private static void Message(byte[] bytes)
    {
        if (bytes.Length == 0 || Recode(bytes[0] % Recoder.Kinds, bytes[1..], out var again) != 0)
            return;
        // What was taken is written in its shortest form, and that form is taken and stays.
        Assert.Equal(0, Recode(bytes[0] % Recoder.Kinds, again, out var third));
        Assert.Equal(again, third);
    }

    private static void Control(byte[] bytes)
    {
        var framer = new MessageFramer();
        try
        {
            for (var at = 0; at < bytes.Length;)
            {
                var space = framer.FreeSpace();
                var count = Math.Min(Math.Min(space.Length, bytes.Length - at), 1 + (bytes[at] % 97));
                bytes.AsSpan(at, count).CopyTo(space);
                framer.Received(count);
                at += count;
                while (framer.TryTake(out var message))
                    Assert.NotEmpty(JsonRpcFormatter.Parse(message.Span).Items);
            }
            if (framer.TryTakeLast(out var last))
                Assert.NotEmpty(JsonRpcFormatter.Parse(last.Span).Items);
        }
        catch (FramingException)
        {
            // Ends the connection, as the protocol has it.
        }
        Assert.InRange(framer.Capacity, 0, 2 * MessageFramer.MaxMessage);
    }

    private static void Attach(byte[] bytes)
    {
        var sink = new Counter();
        var reader = new AttachFrameReader(sink);
        try
        {
            for (var at = 0; at < bytes.Length;)
            {
                var count = Math.Min(bytes.Length - at, 1 + (bytes[at] % 61));
                reader.Feed(bytes.AsSpan(at, count));
                at += count;
            }
        }
        catch (EngineException)
        {
            // No frames of this protocol.
        }
        Assert.InRange(sink.Bytes, 0, bytes.Length);
    }

    private static void Config(byte[] bytes)
    {
        try
        {
            ConfigLoader.LoadRunnable(bytes, "config.json", HostFacts.None, out _);
        }
        catch (ConfigException refused)
        {
            Assert.All(refused.Errors, error => Assert.True(error.Line > 0 || error.Message == "empty", error.ToString()));
            Assert.All(refused.Lines, line => Assert.DoesNotContain(line, char.IsControl));
        }
        foreach (var load in new Action[] { () => ConfigLoader.LoadProcess(bytes, "p"), () => ConfigLoader.LoadResources(bytes, "r"), () => ConfigLoader.LoadState(bytes, "s") })
            Refusing<ConfigException>(load);
    }

    private static void Seccomp(byte[] bytes)
    {
        byte[] document = [.. "{\"ociVersion\":\"1.0.0\",\"linux\":{\"seccomp\":"u8, .. bytes, .. "}}"u8];
        Refusing<ConfigException>(() =>
        {
            var spec = ConfigLoader.Load(document, "x").Linux!.Seccomp!;
            Refusing<EngineException>(() => Assert.InRange(SeccompCompiler.Compile(spec).Program.Length, 8, Limits.SeccompBytes));
        });
    }

    private static void Options(byte[] bytes)
    {
        var words = Encoding.UTF8.GetString(bytes).Split('\n');
        var options = MountOptions.Parse(words[0].Length == 0 ? null : words[0], words.AsSpan(1));
        Assert.True(options.FilesystemOptions.Count() <= words.Length + 1);
    }

    private static void MountInfo(byte[] bytes)
    {
        var text = Encoding.UTF8.GetString(bytes);
        Assert.All(CgroupMountTable.Parse(text).Visible("cgroup", "cgroup2"), m => Assert.StartsWith("/", m.Mountpoint, StringComparison.Ordinal));
        var half = text.Length / 2;
        var layout = CgroupLayout.Parse(text[..half], text[half..], path => path.Length % 2 == 0 ? text : null);
        Refusing<CgroupException>(() => CgroupPlan.Create(new LinuxSpec { Resources = new ResourcesSpec { Memory = new() { Limit = 5 } } }, "id", layout, _ => text));
    }

    private static void Cgroup(byte[] bytes)
    {
        var text = Encoding.UTF8.GetString(bytes);
        if (DeviceList.ParseCurrent(text) is { } list)
            Assert.All(list.WritesFrom(list), write => Assert.StartsWith("devices.", write.File, StringComparison.Ordinal));
        foreach (var file in new[] { "io.max", "io.weight", "memory.oom_control", "pids.max", "devices.list", "rdma.max" })
            _ = EarlierValue.Of(file, text.Split('\n')[0], text);
        foreach (var version in new[] { CgroupVersion.V1, CgroupVersion.V2 })
        {
            var slot = new CgroupSlot(0, version, "/sys/fs/cgroup", "/c", ["memory", "cpu", "pids", "io", "blkio", "hugetlb"]);
            var resources = new ResourcesSpec
            {
                Memory = new() { Limit = 50, Swap = 70 },
                Cpu = new() { Quota = 5, Period = 1000, Burst = 3, Shares = 7 },
                Devices = [new() { Allow = true, Type = "c", Major = 1, Minor = 3, Access = "rw" }],
            };
            Refusing<CgroupException>(() => CgroupPlan.Update([slot], resources, _ => text));
        }
    }

    private static void Accounts(byte[] bytes)
    {
        foreach (var name in new[] { "root", "a", "" })
        {
            var user = AccountFile.User(bytes, name);
            Assert.True(user is null || user.Value.Uid != uint.MaxValue);
            Assert.NotEqual(uint.MaxValue, AccountFile.Group(bytes, name) ?? 0);
            Assert.InRange(AccountFile.GroupsOf(bytes, name, 5).Count, 0, 5);
        }
        Assert.True(UserLookup.Home(0, bytes) is null or ['/', ..]);
        Refusing<UsageException>(() => UserLookup.Parse(Encoding.UTF8.GetString(bytes)));
    }

    /// <summary>What the hosted world understands of the administrator's file, in the words of tests/Fuzz/Native/SiteSummary.cs.</summary>
    public static unsafe string SiteSummary(byte[] bytes)
    {
        fixed (byte* at = bytes)
        {
            byte none = 0;
            var error = SiteConfig.Parse(at == null ? &none : at, bytes.Length, out var config, out var line);
            // A file that is refused offers nothing.
            Assert.True(error == SiteConfigError.None || !config.AllowSetuid || line > 0);
            var users = config.AllowUsers;
            ulong[] numbers =
            [
                (ulong)error, (ulong)line, config.AllowSetuid ? 1u : 0, config.Namespaces, config.UserBind ? 1u : 0, config.TmpfsMaxSize, config.TmpfsMaxInodes,
                config.MaxMounts, config.Cgroups ? 1u : 0, .. Enumerable.Range(998, 6).Select(id => SiteConfig.Lists(users, (uint)id) ? 1ul : 0),
            ];
            return string.Join(' ', numbers.Select(n => n.ToString(System.Globalization.CultureInfo.InvariantCulture)));
        }
    }

    private static void SubIds(byte[] bytes)
    {
        var ranges = SubordinateIds.Parse(Encoding.UTF8.GetString(bytes), new Account(1000, 1000, "a"));
        Assert.All(ranges, range => Assert.True(range.Count > 0 && (ulong)range.Start + range.Count <= uint.MaxValue));
    }

    private static void Stat(byte[] bytes)
    {
        var text = Encoding.UTF8.GetString(bytes);
        _ = Liveness.ParseStat(text);
        // Whatever a process calls itself, what stands behind the name is read.
        Assert.Equal((4711ul, 'S'), Liveness.ParseStat($"1 ({text}) S 1 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 4711 0 0"));
    }

    private static void Log(byte[] bytes)
    {
        foreach (var format in Enum.GetValues<LogFormat>())
        {
            var parser = new LogRecordParser(format);
            foreach (var range in bytes.AsSpan().Split((byte)'\n'))
            {
                var line = bytes.AsSpan()[range];
                _ = LogRecordParser.Detect(line);
                Assert.InRange(parser.Parse(line).Text.Length, 0, 3 * line.Length);
            }
        }
    }

    private static void Refusing<T>(Action parse)
        where T : Exception
    {
        try
        {
            parse();
        }
        catch (T refused)
        {
            Assert.NotEmpty(refused.Message);
        }
    }

    private sealed class Counter : IAttachSink
    {
        public long Bytes { get; private set; }

        public void Output(bool isError, ReadOnlySpan<byte> bytes) => Bytes += bytes.Length;

        public void Gap(ulong bytes)
        {
        }

        public void ReplayEnd()
        {
        }

        public void Exit(int code)
        {
        }
    }
}
