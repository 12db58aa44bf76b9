using System.Text.Json.Nodes;
using Engine.Tests.Integration.Support;

namespace Engine.Tests.Integration.Config;

/// <summary>features.md and features-linux.md: the document, and that a configuration may use what it promises.</summary>
public sealed class FeaturesTests : ConfigTest
{
    [RootFact]
    public void The_document_says_what_a_configuration_may_use()
    {
        var document = JsonNode.Parse(new Command(Installation.Engine, "features").Run().ShouldExit(0).Text)!.AsObject();
        Assert.Equal("1.3.0", (string?)document["ociVersionMax"]);
        Assert.NotNull((string?)document["ociVersionMin"]);
        Assert.Equal(
            ["prestart", "createRuntime", "createContainer", "startContainer", "poststart", "poststop"], document["hooks"]!.AsArray().Select(h => (string)h!));
        var linux = document["linux"]!;
        foreach (var name in new[] { "apparmor", "selinux", "intelRdt", "netDevices" })
        {
            Assert.True((bool)linux[name]!["enabled"]!, name);
        }

        Assert.True((bool)linux["cgroup"]!["v1"]! && (bool)linux["cgroup"]!["v2"]! && (bool)linux["cgroup"]!["rdma"]!);
        Assert.True((bool)linux["seccomp"]!["enabled"]!);
        Assert.Contains("CAP_CHECKPOINT_RESTORE", linux["capabilities"]!.AsArray().Select(c => (string)c!));
        Assert.Equal(8, linux["namespaces"]!.AsArray().Count);
        Assert.Contains("rro", document["mountOptions"]!.AsArray().Select(o => (string)o!));

        // What it lists is taken, whether this machine has it or not: the kernel may refuse, the engine does not.
        foreach (var mode in linux["memoryPolicy"]!["modes"]!.AsArray().Select(m => (string)m!))
        {
            var policy = new JsonObject { ["mode"] = mode };
            if (mode is not ("MPOL_DEFAULT" or "MPOL_LOCAL" or "MPOL_PREFERRED"))
            {
                policy["nodes"] = "0";
            }

            Assert.Equal("here", Assert.Single(Lines(NewBundle().Args("/bin/echo", "here").Edit(c => c["linux"]!["memoryPolicy"] = policy))));
        }
    }
}
