using Engine.Diagnostics;
using Engine.Rootless;
using Engine.Spec;

namespace Engine.Tests.Unit.Rootless;

/// <summary>Which ids are whose: /etc/subuid, the maps of the starter, and maps inside them.</summary>
public class IdMapTests
{
    private static readonly Account User = new(1000, 1000, "user");

    [Theory]
    [InlineData("user:100000:65536\n", "100000+65536")]
    [InlineData("1000:100000:65536", "100000+65536")]
    [InlineData("other:1:1\nuser:5:6\nuser:7:8\n1000:9:1\n", "5+6 7+8 9+1")]
    [InlineData("10000:1:1\nuse:1:1\nusers:1:1\n", "")]
    [InlineData("user:1\nuser:1:2:3\nuser::\nuser:-1:5\nuser: 1:5\nuser:1:0\nuser:x:y\n#user:1:1\n\n", "")]
    [InlineData("user:4294967295:1\nuser:4294967294:2\nuser:1:4294967296\n", "")]
    [InlineData("user:4294967294:1", "4294967294+1")]
    public void A_line_counts_when_it_is_exactly_of_the_form(string text, string expected) =>
        Assert.Equal(expected, string.Join(' ', SubordinateIds.Parse(text, User).Select(range => $"{range.Start}+{range.Count}")));

    [Fact]
    public void Without_a_name_only_the_number_counts() =>
        Assert.Equal(new IdRange(5, 6), Assert.Single(SubordinateIds.Parse("user:1:2\n1000:5:6\n:7:8\n", User with { Name = null })));

    [Fact]
    public void The_user_is_0_and_the_ranges_follow() =>
        Assert.Equal("0:1000+1 1:100000+10 11:300000+5", Text(IdMap.WithRanges(1000, [new(100000, 10), new(300000, 5)])));

    // The kernel takes no host id twice.
    [Fact]
    public void A_range_with_the_user_in_it_is_left_out() =>
        Assert.Equal("0:1000+1 1:5000+5", Text(IdMap.WithRanges(1000, [new(999, 2), new(5000, 5)])));

    [Theory]
    [InlineData("0:1000+1", "0:0+1")]
    [InlineData("0:100000+3", "0:1+3")]
    [InlineData("0:100005+10", "0:6+5 5:11+5")]
    [InlineData("7:1000+1", "7:0+1")]
    [InlineData("0:999+1", "999")]
    [InlineData("0:100009+2", "100010")]
    [InlineData("0:4294967290+2", "4294967290")]
    public void A_map_reads_otherwise_inside_another(string map, string expected)
    {
        IdMapping[] outer = Maps("0:1000+1 1:100000+10 11:300000+5");
        if (map == "0:100005+10")
        {
            outer = Maps("0:1000+1 1:100000+10 11:100010+5");
        }

        IdMapping[]? inside = IdMap.Translate(Maps(map)[0], outer, out ulong missing);
        Assert.Equal(expected, inside is null ? missing.ToString(System.Globalization.CultureInfo.InvariantCulture) : Text(inside));
    }

    [Theory]
    [InlineData("0:1000+1", true)]
    [InlineData("0:1000+1 1:100000+10", true)]
    [InlineData("0:100000+5 5:1000+1", false)]
    public void A_config_that_begins_with_the_user_has_the_starter_s_map(string map, bool isConfigs)
    {
        StarterMaps maps = StarterMaps.Choose(Linux(map), User, [new(100000, 10)], [new(100000, 10)]);
        Assert.Equal(isConfigs, maps.AreConfigs);
        Assert.Equal(isConfigs ? map : "0:1000+1 1:100000+10", Text(maps.Uids));
    }

    [Theory]
    [InlineData("0:0+1")]
    [InlineData("0:1000+2")]
    [InlineData("0:1000+1 1:100000+11")]
    [InlineData("0:1000+1 1:99999+2")]
    public void Ids_of_others_are_refused(string map)
    {
        var error = Assert.Throws<EngineException>(() => StarterMaps.Choose(Linux(map), User, [new(100000, 10)], [new(100000, 10)]));
        Assert.Contains("linux.uidMappings[", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_same_namespace_is_not_made_twice()
    {
        RuntimeSpec spec = Spec("0:100000+5 5:1000+1 6:100005+5");
        RootlessConfig.Adapt(spec, Order("0:1000+1 1:100000+10"));
        Assert.Equal("0:1+5 5:0+1 6:6+5", Text(spec.Linux!.UidMappings));
        Assert.NotNull(spec.Linux.Namespace("user"));

        spec = Spec("0:1000+1 1:100000+10");
        RootlessConfig.Adapt(spec, Order("0:1000+1 1:100000+10"));
        Assert.Empty(spec.Linux!.UidMappings);
        Assert.Null(spec.Linux.Namespace("user"));
    }

    private static RootlessOrder Order(string map) => new() { Uids = RootlessOrder.Pack(Maps(map)), Gids = RootlessOrder.Pack(Maps(map)) };

    private static RuntimeSpec Spec(string map) => new() { OciVersion = "1.0.2", Linux = Linux(map) };

    private static LinuxSpec Linux(string map) => new() { Namespaces = [new NamespaceSpec { Type = "user" }], UidMappings = Maps(map), GidMappings = Maps(map) };

    private static string Text(IdMapping[] map) => string.Join(' ', map.Select(range => $"{range.ContainerId}:{range.HostId}+{range.Size}"));

    private static IdMapping[] Maps(string text) =>
    [
        .. text.Split(' ').Select(range => range.Split(':', '+').Select(uint.Parse).ToArray())
            .Select(three => new IdMapping { ContainerId = three[0], HostId = three[1], Size = three[2] }),
    ];
}
