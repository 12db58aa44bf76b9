using Engine.Rpc;
using Engine.Shared.Protocol;
using Engine.Shared.Wire;

namespace Engine.Tests.Rpc;

/// <summary>The codec byte by byte, after the tables of the MessagePack specification.</summary>
public unsafe class CodecTests
{
    [Theory]
    [InlineData(0ul, "00")]
    [InlineData(127ul, "7f")]
    [InlineData(128ul, "cc80")]
    [InlineData(255ul, "ccff")]
    [InlineData(256ul, "cd0100")]
    [InlineData(65535ul, "cdffff")]
    [InlineData(65536ul, "ce00010000")]
    [InlineData(4294967295ul, "ceffffffff")]
    [InlineData(4294967296ul, "cf0000000100000000")]
    [InlineData(ulong.MaxValue, "cfffffffffffffffff")]
    public void Unsigned_numbers_take_their_shortest_form(ulong value, string hex)
    {
        Assert.Equal(hex, Written((ref Codec c) => c.Value(ref value)));
        ulong read = 1;
        Assert.Equal(WireStatus.Ok, Read(hex, (ref Codec c) => c.Value(ref read)));
        Assert.Equal(value, read);
    }

    [Theory]
    [InlineData(-1L, "ff")]
    [InlineData(-32L, "e0")]
    [InlineData(-33L, "d0df")]
    [InlineData(-128L, "d080")]
    [InlineData(-129L, "d1ff7f")]
    [InlineData(-32768L, "d18000")]
    [InlineData(-32769L, "d2ffff7fff")]
    [InlineData(-2147483648L, "d280000000")]
    [InlineData(-2147483649L, "d3ffffffff7fffffff")]
    [InlineData(long.MinValue, "d38000000000000000")]
    [InlineData(long.MaxValue, "cf7fffffffffffffff")]
    public void Signed_numbers_take_their_shortest_form(long value, string hex)
    {
        Assert.Equal(hex, Written((ref Codec c) => c.Value(ref value)));
        long read = 1;
        Assert.Equal(WireStatus.Ok, Read(hex, (ref Codec c) => c.Value(ref read)));
        Assert.Equal(value, read);
    }

    [Theory]
    [InlineData("cc07")]
    [InlineData("cd0007")]
    [InlineData("ce00000007")]
    [InlineData("cf0000000000000007")]
    [InlineData("d007")]
    [InlineData("d10007")]
    [InlineData("d200000007")]
    [InlineData("d30000000000000007")]
    public void Longer_forms_are_read_too(string hex)
    {
        uint number = 0;
        Assert.Equal(WireStatus.Ok, Read(hex, (ref Codec c) => c.Value(ref number)));
        Assert.Equal(7u, number);
    }

    [Theory]
    [InlineData("ff")]
    [InlineData("d0ff")]
    [InlineData("d38000000000000000")]
    [InlineData("cf0000000100000000")]
    public void What_does_not_fit_a_field_is_out_of_range(string hex)
    {
        uint number = 0;
        Assert.Equal(WireStatus.Range, Read(hex, (ref Codec c) => c.Value(ref number)));
    }

    [Theory]
    [InlineData("ce80000000")]
    [InlineData("d2ffffffff", true)]
    [InlineData("d3ffffffff7fffffff")]
    public void Signed_fields_have_their_range(string hex, bool fits = false)
    {
        int number = 0;
        Assert.Equal(fits ? WireStatus.Ok : WireStatus.Range, Read(hex, (ref Codec c) => c.Value(ref number)));
    }

    [Theory]
    [InlineData("c0")]
    [InlineData("c1")]
    [InlineData("c2")]
    [InlineData("ca3f800000")]
    [InlineData("cb3ff0000000000000")]
    [InlineData("a131")]
    [InlineData("80")]
    [InlineData("90")]
    public void Other_types_are_no_numbers(string hex)
    {
        uint number = 0;
        Assert.Equal(WireStatus.Type, Read(hex, (ref Codec c) => c.Value(ref number)));
    }

    [Theory]
    [InlineData(0, "a100")]
    [InlineData(30, "bf")]
    [InlineData(31, "d920")]
    [InlineData(254, "d9ff")]
    [InlineData(255, "da0100")]
    [InlineData(65534, "daffff")]
    [InlineData(65535, "db00010000")]
    public void Strings_count_their_nul(int length, string header)
    {
        using var arena = new MessageArena();
        var text = arena.Text(new string('x', length));
        string hex = Written((ref Codec c) => c.CStr(ref text, 100_000));
        Assert.StartsWith(header, hex, StringComparison.Ordinal);
        Assert.EndsWith("00", hex, StringComparison.Ordinal);
        int read = -1;
        Assert.Equal(WireStatus.Ok, Read(hex, (ref Codec c) =>
        {
            Text value = default;
            c.CStr(ref value, 100_000);
            read = value.Length;
        }));
        Assert.Equal(length, read);
    }

    [Theory]
    [InlineData("a0", WireStatus.Nul)]
    [InlineData("a161", WireStatus.Nul)]
    [InlineData("a3610000", WireStatus.Nul)]
    [InlineData("a3006100", WireStatus.Nul)]
    [InlineData("a26100", WireStatus.Ok)]
    [InlineData("d9026100", WireStatus.Ok)]
    [InlineData("da00026100", WireStatus.Ok)]
    [InlineData("db000000026100", WireStatus.Ok)]
    [InlineData("dbffffffff6100", WireStatus.Short)]
    [InlineData("db800000026100", WireStatus.Short)]
    [InlineData("c4026100", WireStatus.Type)]
    [InlineData("92", WireStatus.Type)]
    [InlineData("a4616100", WireStatus.Short)]
    [InlineData("a661616161612f00", WireStatus.Nul)]
    [InlineData("a66161616161", WireStatus.Short)]
    public void Strings_are_read_with_care(string hex, WireStatus status) => Assert.Equal(status, Read(hex, (ref Codec c) =>
    {
        Text value = default;
        c.CStr(ref value, 100);
    }));

    [Theory]
    [InlineData(0, "c400")]
    [InlineData(255, "c4ff")]
    [InlineData(256, "c50100")]
    [InlineData(65536, "c600010000")]
    public void Bytes_have_a_form_by_length(int length, string header)
    {
        using var arena = new MessageArena();
        var value = arena.Bytes(new byte[length]);
        Assert.StartsWith(header, Written((ref Codec c) => c.Bin(ref value, 100_000)), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0, "90")]
    [InlineData(15, "9f")]
    [InlineData(16, "dc0010")]
    [InlineData(65535, "dcffff")]
    [InlineData(65536, "dd00010000")]
    public void Arrays_have_a_form_by_count(int count, string hex)
    {
        Assert.Equal(hex, Written((ref Codec c) => c.Array(ref count, 100_000)));
        int read = -1;
        Assert.Equal(WireStatus.Ok, Read(hex, (ref Codec c) => c.Array(ref read, 100_000)));
        Assert.Equal(count, read);
        Assert.Equal(count == 0 ? WireStatus.Ok : WireStatus.Range, Read(hex, (ref Codec c) => c.Array(ref read, count - 1 < 0 ? 0 : count - 1)));
    }

    [Fact]
    public void The_first_failure_stays()
    {
        uint number = 5;
        var status = Read("c0c1", (ref Codec c) =>
        {
            c.Value(ref number);
            bool flag = false;
            c.Value(ref flag);
            c.End();
        });
        Assert.Equal((WireStatus.Type, 5u), (status, number));
    }

    [Fact]
    public void A_request_is_these_bytes()
    {
        using var arena = new MessageArena();
        string hex = Written((ref Codec c) =>
        {
            fixed (byte* name = MethodNames.Of(HostMethod.Kill))
            {
                Frame.Request(ref c, 200, new Text(name, 4));
            }

            var kill = new Kill { Signal = 9, All = true };
            kill.Fields(ref c);
        });
        // [0, 200, "Kill", [9, true]]
        Assert.Equal("9400" + "ccc8" + "a4" + "4b696c6c" + "92" + "09" + "c3", hex);
    }

    [Fact]
    public void Answers_and_notifications_are_these_bytes()
    {
        using var arena = new MessageArena();
        Assert.Equal("9401" + "07" + "c0" + "90", Written((ref Codec c) =>
        {
            Frame.Success(ref c, 7);
            default(Nothing).Fields(ref c);
        }));
        // [1, 7, [5, "open", "/a", 2, ""], nil]
        Assert.Equal("9401" + "07" + "95" + "05" + "a4" + "6f70656e" + "a2" + "2f61" + "02" + "a0" + "c0", Written((ref Codec c) =>
        {
            var error = new ErrorRecord { Stage = 5, Operation = arena.Text("open"), Path = arena.Text("/a"), Errno = 2 };
            Frame.Failure(ref c, 7, ref error);
        }));
        // [2, "StateChanged", ["paused\0", 1, -1, false]]
        Assert.Equal("9302" + "ac" + "53746174654368616e676564" + "94" + "a7" + "70617573656400" + "01" + "ff" + "c2", Written((ref Codec c) =>
        {
            Frame.Notification(ref c, arena.Text("StateChanged"));
            var change = new StateChange { Status = arena.Text("paused"), Pid = 1, ExitCode = -1 };
            change.Fields(ref c);
        }));
    }

    [Theory]
    [InlineData("", WireStatus.Short)]
    [InlineData("c0", WireStatus.Type)]
    [InlineData("90", WireStatus.Short)]
    [InlineData("94", WireStatus.Short)]
    [InlineData("9403", WireStatus.Range)]
    [InlineData("940307a0", WireStatus.Range)]
    [InlineData("930007a4", WireStatus.Short)]
    [InlineData("930007a14b90", WireStatus.Count)]
    [InlineData("9402a14b90", WireStatus.Count)]
    [InlineData("9500", WireStatus.Range)]
    public void An_envelope_of_another_shape_is_refused(string hex, WireStatus status) =>
        Assert.Equal(status, Read(hex, (ref Codec c) => Frame.Open(ref c, out _)));

    [Fact]
    public void Every_method_has_its_own_name_and_is_found_by_it()
    {
        var host = Enumerable.Range(1, (int)MethodNames.LastHost).Select(m => (HostMethod)m).ToArray();
        var container = Enumerable.Range(1, (int)MethodNames.LastContainer).Select(m => (ContainerMethod)m).ToArray();
        Assert.Equal(Enum.GetValues<HostMethod>().Length - 1, host.Length);
        Assert.Equal(Enum.GetValues<ContainerMethod>().Length - 1, container.Length);
        using var arena = new MessageArena();
        Assert.All(host, m => Assert.Equal(m, MethodNames.FindHost(arena.Text(m.ToString()))));
        Assert.All(container, m => Assert.Equal(m, MethodNames.FindContainer(arena.Text(m.ToString()))));
        Assert.Equal(HostMethod.None, MethodNames.FindHost(arena.Text("hello")));
        Assert.Equal(ContainerMethod.None, MethodNames.FindContainer(default));
    }

    private delegate void Step(ref Codec codec);

    private static string Written(Step step)
    {
        byte[] buffer = new byte[128 * 1024];
        fixed (byte* start = buffer)
        {
            var codec = Codec.Writer(start, buffer.Length);
            step(ref codec);
            Assert.Equal(WireStatus.Ok, codec.Status);
            return Convert.ToHexStringLower(buffer.AsSpan(0, codec.Position));
        }
    }

    private static WireStatus Read(string hex, Step step)
    {
        byte[] bytes = [.. Convert.FromHexString(hex), 0];
        fixed (byte* start = bytes)
        {
            var codec = Codec.Reader(start, bytes.Length - 1);
            step(ref codec);
            return codec.Status;
        }
    }
}
