using System.Globalization;
using System.Text.Json.Nodes;
using Engine.Tests.Integration.Support;

namespace Engine.Tests.Integration.Config;

/// <summary>
/// linux.netDevices, on veth pairs (a kernel may lack the dummy driver). The namespace's end takes a virtual device with it, so nothing is left of one
/// that was moved.
/// </summary>
public sealed class NetDeviceTests : ConfigTest
{
    private static int s_number;

    // Names of network devices have 15 bytes.
    private string NewLink()
    {
        var name = string.Create(CultureInfo.InvariantCulture, $"et{Environment.ProcessId % 1_000_000}v{Interlocked.Increment(ref s_number)}");
        Host("ip", "link", "add", name, "type", "veth", "peer", "name", name + "p");
        Owned(new Peer(name + "p"));
        return name;
    }

    private Bundle With(string link, string? inside, string script)
    {
        var device = new JsonObject();
        if (inside is not null)
        {
            device["name"] = inside;
        }

        return NewBundle().Shell(script).Edit(c => c["linux"]!["netDevices"] = new JsonObject { [link] = device });
    }

    // One end of a pair takes the other with it, wherever that is.
    private sealed record Peer(string Name) : IDisposable
    {
        public void Dispose() => new Command("ip", "link", "delete", Name).Run();
    }

    private static bool IsHere(string link) => System.IO.Directory.Exists("/sys/class/net/" + link);

    [RootFact]
    public void A_device_moves_with_its_permanent_addresses_and_is_up()
    {
        var link = NewLink();
        Host("ip", "address", "add", "192.0.2.7/25", "broadcast", "192.0.2.127", "dev", link);
        Host("ip", "address", "add", "2001:db8::7/64", "dev", link);
        Host("ip", "address", "add", "169.254.1.1/16", "scope", "link", "dev", link);
        var address = File.ReadAllText($"/sys/class/net/{link}/address").Trim();
        var lines = Lines(With(link, "inside0", "ip address show dev inside0; cat /sys/class/net/inside0/address"));
        var text = string.Join('\n', lines);
        Assert.Contains("inet 192.0.2.7/25 brd 192.0.2.127 scope global inside0", text, StringComparison.Ordinal);
        Assert.Contains("inet6 2001:db8::7/64 scope global", text, StringComparison.Ordinal);
        Assert.DoesNotContain("169.254.1.1", text, StringComparison.Ordinal);
        Assert.Matches("inside0@?[^<]*<[^>]*[,<]UP[,>]", text);
        Assert.Equal(address, lines[^1]);
    }

    [RootFact]
    public void A_device_keeps_its_name_or_gets_the_first_free_one_of_a_template()
    {
        var link = NewLink();
        var id = Start(With(link, null, "sleep 1000"));
        Assert.False(IsHere(link));
        Assert.Contains(link, Cli.OciOk("exec", id, "/bin/ls", "/sys/class/net").Text, StringComparison.Ordinal);
        var (first, second) = (NewLink(), NewLink());
        var bundle = With(first, "net%d", "ls /sys/class/net").Edit(c => c["linux"]!["netDevices"]![second] = new JsonObject { ["name"] = "net%d" });
        Assert.Equal(["lo", "net0", "net1"], Lines(bundle).Order());
    }

    [RootFact]
    public void A_sysctl_of_the_moved_device_is_set()
    {
        var bundle = With(NewLink(), "inside0", "cat /proc/sys/net/ipv4/conf/inside0/forwarding").WithSysctl("net.ipv4.conf.inside0.forwarding", "1");
        Assert.Equal(["1"], Lines(bundle));
    }

    [RootFact]
    public void A_device_moves_into_a_namespace_that_a_user_namespace_owns()
    {
        var link = NewLink();
        Host("ip", "address", "add", "192.0.2.9/24", "dev", link);
        Assert.Contains("192.0.2.9/24", string.Join('\n', Lines(With(link, "inside0", "ip address show dev inside0").WithUserNamespace())), StringComparison.Ordinal);
    }

    [RootFact]
    public void A_device_that_is_missing_or_whose_name_is_taken_is_refused_and_stays()
    {
        Refused(With("et-not-there", null, "true"), "linux.netDevices", "et-not-there", "no such network device");
        var link = NewLink();
        var holder = Start(NewBundle().Shell("sleep 1000").Edit(c => c["linux"]!["netDevices"] = new JsonObject { [link] = new JsonObject { ["name"] = "taken" } }));
        var other = NewLink();
        var bundle = With(other, "taken", "true").WithNamespace("network", $"/proc/{(int)Cli.State(holder)["pid"]!}/ns/net").WithoutMount("/sys");
        Refused(bundle, "linux.netDevices", "taken", "EEXIST");
        Assert.True(IsHere(other));
    }

    [RootFact]
    public void Without_a_network_namespace_of_its_own_nothing_moves()
    {
        var link = NewLink();
        Refused(With(link, null, "true").WithoutNamespace("network").WithoutMount("/sys"), "linux.netDevices", "private network namespace");
        Refused(With(link, null, "true").WithNamespace("network", $"/proc/{Environment.ProcessId}/ns/net").WithoutMount("/sys"), "linux.netDevices");
        Assert.True(IsHere(link));
    }
}
