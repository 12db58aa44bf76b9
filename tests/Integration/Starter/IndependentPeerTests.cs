using System.Text;
using System.Text.Json.Nodes;
using Engine.Shared.Protocol;
using Engine.Tests.Integration.Support;

namespace Engine.Tests.Integration.Starter;

/// <summary>
/// The wire as a stranger speaks it: tests/tools/rpc_client.py has Debian's python3-msgpack and no code of ours, and takes a
/// container through its whole life.
/// </summary>
public sealed class IndependentPeerTests : EngineTest
{
    // Debian's own, which has Debian's msgpack; another python on PATH may not.
    private const string Python = "/usr/bin/python3";

    [RootFact(Needs.Probe | Needs.Python)]
    public void A_python_client_drives_both_servers_and_exec()
    {
        var rootfs = Path.Combine(Directory, "rootfs");
        Rootfs.Create(rootfs);
        var state = Path.Combine(Directory, "direct");
        System.IO.Directory.CreateDirectory(state);
        var client = Path.Combine(Installation.SourceRoot, "tests/tools/rpc_client.py");
        var build = Encoding.ASCII.GetString(BuildId.Value);
        string[] arguments = [client, build, Installation.Starter, Installation.Pump, Installation.Probe, rootfs, state];
        var text = new Command(Python, [.. arguments, "sh", "-c", "hostname; echo $$; exit 7"]).Run().ShouldExit(0).Text;
        var result = JsonNode.Parse(text)!;

        Assert.Equal(["created\0", "running\0"], new[] { "created", "running" }.Select(key => (string?)result[key]![0]));
        Assert.Equal("by-hand\n2\n", (string?)result["exec"]!["output"]);
        Assert.Equal(7, (int?)result["exec"]!["exitCode"]);
        Assert.Equal(127, (int?)result["missing"]!["exitCode"]);
        Assert.Equal("execve", (string?)result["missing"]!["error"]![1]);
        Assert.Equal("a field has another type", (string?)result["malformed"]![4]);
        Assert.Equal("stopped", (string?)result["end"]!["state"]!["status"]);
        Assert.Equal(137, (int?)result["end"]!["state"]!["exitCode"]);
        Assert.Equal(0, (int?)result["end"]!["supervisor"]);
    }
}
