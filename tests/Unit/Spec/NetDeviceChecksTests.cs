using Engine.Spec;

namespace Engine.Tests.Unit.Spec;

/// <summary>linux.netDevices and linux.intelRdt: what is refused, and where.</summary>
public class NetDeviceChecksTests
{
    private static readonly HostFacts Resctrl = new() { ResctrlMount = () => "/sys/fs/resctrl" };

    private static string[] Errors(RuntimeSpec spec, HostFacts? host = null) =>
        [.. Validator.Validate(spec, host ?? HostFacts.None).Errors.Select(e => e.JsonPath)];

    private static RuntimeSpec With(params (string Name, string? Inside)[] devices)
    {
        var spec = Documents.Runnable();
        spec.Linux!.NetDevices = devices.ToDictionary(d => d.Name, d => new NetDeviceSpec { Name = d.Inside });
        return spec;
    }

    [Fact]
    public void Names_are_the_kernels_and_each_is_there_once()
    {
        Assert.Empty(Errors(With(("eth0", null), ("eth1", "net%d"), ("eth2", "net%d"), ("eth3", "fifteen-letters"))));
        Assert.Equal(["linux.netDevices.eth0.name"], Errors(With(("eth0", "sixteen-letters-"))));
        Assert.Equal(["linux.netDevices.eth0.name"], Errors(With(("eth0", "a/b"))));
        Assert.Equal(["linux.netDevices.eth0.name"], Errors(With(("eth0", "%dx"))));
        Assert.Equal(["linux.netDevices.eth0.name"], Errors(With(("eth0", "lo"))));
        Assert.Equal(["linux.netDevices.lo"], Errors(With(("lo", null))));
        Assert.Equal(["linux.netDevices.eth1.name"], Errors(With(("eth0", null), ("eth1", "eth0"))));
    }

    [Fact]
    public void Only_a_network_namespace_of_its_own_takes_them()
    {
        var spec = With(("eth0", null));
        spec.Linux!.Sysctl = [];
        spec.Linux.Namespaces = [.. spec.Linux.Namespaces.Where(ns => ns.Type != "network")];
        Assert.Equal(["linux.netDevices"], Errors(spec));
        spec.Linux.Namespaces = [.. spec.Linux.Namespaces, new() { Type = "network", Path = "/proc/1/ns/net" }];
        Assert.Empty(Errors(spec));
        Assert.Equal(["linux.netDevices"], Errors(spec, new() { IsOwnNetworkNamespace = _ => true }));
    }

    [Fact]
    public void Resctrl_is_refused_where_it_is_not_mounted_and_its_names_are_single_components()
    {
        var spec = Documents.Runnable();
        spec.Linux!.IntelRdt = new();
        Assert.Equal(["linux.intelRdt"], Errors(spec));
        Assert.Empty(Errors(spec, Resctrl));
        foreach (var name in new[] { "..", "a/b", "info", "mon_groups" })
        {
            spec.Linux.IntelRdt = new() { ClosId = name };
            Assert.Equal(["linux.intelRdt.closID"], Errors(spec, Resctrl));
        }
        spec.Linux.IntelRdt = new() { Schemata = ["L3:0=f", "L3:0=f\nL3:1=f"] };
        Assert.Equal(["linux.intelRdt.schemata[1]"], Errors(spec, Resctrl));
    }
}
