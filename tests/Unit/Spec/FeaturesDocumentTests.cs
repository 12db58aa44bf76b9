using System.Text.Json;
using System.Text.Json.Nodes;
using Engine.Cli;
using Engine.Spec;

namespace Engine.Tests.Unit.Spec;

/// <summary>features.md, features-linux.md: what the document lists, a configuration may use; and it has no member that the specification has not.</summary>
public class FeaturesDocumentTests
{
    // Of 1.3.0, beside potentiallyUnsafeConfigAnnotations, which there is none of here.
    private static readonly string[] Members = ["ociVersionMin", "ociVersionMax", "hooks", "mountOptions", "linux", "annotations"];

    private static readonly Dictionary<string, string[]> LinuxMembers = new()
    {
        ["namespaces"] = [],
        ["capabilities"] = [],
        ["cgroup"] = ["v1", "v2", "systemd", "systemdUser", "rdma"],
        ["seccomp"] = ["enabled", "actions", "operators", "archs", "knownFlags", "supportedFlags"],
        ["apparmor"] = ["enabled"],
        ["selinux"] = ["enabled"],
        ["intelRdt"] = ["enabled", "schemata"],
        ["netDevices"] = ["enabled"],
        ["mountExtensions"] = ["idmap"],
        ["memoryPolicy"] = ["modes", "flags"],
    };

    private static JsonObject Document()
    {
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream))
        {
            json.WriteStartObject();
            FeaturesDocument.WriteMembers(json);
            json.WriteEndObject();
        }
        return JsonNode.Parse(stream.ToArray())!.AsObject();
    }

    private static string[] Names(JsonNode? list) => [.. list!.AsArray().Select(name => (string)name!)];

    private static Findings Check(Action<JsonObject> edit)
    {
        var config = JsonNode.Parse(File.ReadAllText(Path.Combine(Documents.Own, "config", "good", "runnable.json")))!.AsObject();
        edit(config);
        return Validator.Validate(Documents.Load(config.ToJsonString()), HostFacts.None);
    }

    private static void Taken(IEnumerable<string> names, Action<JsonObject, string> use)
    {
        Assert.NotEmpty(names);
        foreach (var name in names)
        {
            var findings = Check(config => use(config, name));
            Assert.True(findings.Errors.Count == 0 && findings.Warnings.Count == 0, $"{name}: {string.Join("; ", findings.Errors.Concat(findings.Warnings))}");
        }
    }

    [Fact]
    public void Nothing_is_in_it_that_the_specification_has_not()
    {
        var document = Document();
        Assert.Equal(Members, document.Select(m => m.Key));
        var linux = document["linux"]!.AsObject();
        Assert.Equal(LinuxMembers.Keys.Order(), linux.Select(m => m.Key).Order());
        foreach (var (name, members) in LinuxMembers.Where(m => m.Value.Length > 0))
            Assert.Equal(members.Order(), linux[name]!.AsObject().Select(m => m.Key).Order());
        Assert.All(document["annotations"]!.AsObject(), a => Assert.Equal(JsonValueKind.String, a.Value!.GetValueKind()));
    }

    [Fact]
    public void Both_versions_are_taken() =>
        Taken([(string)Document()["ociVersionMin"]!, (string)Document()["ociVersionMax"]!], (config, version) => config["ociVersion"] = version);

    [Fact]
    public void Hooks_mount_options_namespaces_and_capabilities_are_taken()
    {
        var document = Document();
        Taken(Names(document["hooks"]), (config, name) => config["hooks"] = new JsonObject { [name] = JsonNode.Parse("""[{"path":"/hook"}]""") });
        foreach (var option in Names(document["mountOptions"]))
        {
            bool Accepts(string mount) => Check(config => config["mounts"] = JsonNode.Parse($"[{mount}]")).Errors.Count == 0;
            Assert.True(
                Accepts($$"""{"destination":"/a","type":"bind","source":"/b","options":["bind","{{option}}"]}""") || Accepts($$"""{"destination":"/a","type":"tmpfs","source":"t","options":["{{option}}"]}"""), option);
        }
        Taken(Names(document["linux"]!["namespaces"]), (config, name) => Assert.Contains(config["linux"]!["namespaces"]!.AsArray(), ns => (string?)ns!["type"] == name));
        Taken(Names(document["linux"]!["capabilities"]), (config, name) => config["process"]!["capabilities"] = new JsonObject { ["bounding"] = new JsonArray(name) });
    }

    [Fact]
    public void Seccomp_s_names_are_taken()
    {
        var seccomp = Document()["linux"]!["seccomp"]!;
        static void Use(JsonObject config, string text) => config["linux"]!["seccomp"] = JsonNode.Parse(text);
        Taken(Names(seccomp["actions"]), (config, name) => Use(config, $$"""{"defaultAction":"SCMP_ACT_ALLOW","listenerPath":"/l","syscalls":[{"names":["mkdir"],"action":"{{name}}"}]}"""));
        Taken(Names(seccomp["operators"]), (config, name) => Use(config, $$"""{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["mkdir"],"action":"SCMP_ACT_ERRNO","args":[{"index":0,"value":1,"op":"{{name}}"}]}]}"""));
        Taken(Names(seccomp["archs"]), (config, name) => Use(config, $$"""{"defaultAction":"SCMP_ACT_ALLOW","architectures":["{{name}}"]}"""));
        Taken(Names(seccomp["knownFlags"]), (config, name) => Use(config, $$"""{"defaultAction":"SCMP_ACT_ALLOW","flags":["{{name}}"]}"""));
        Assert.Subset(Names(seccomp["knownFlags"]).ToHashSet(), Names(seccomp["supportedFlags"]).ToHashSet());
    }

    [Fact]
    public void Memory_policies_are_taken()
    {
        var policy = Document()["linux"]!["memoryPolicy"]!;
        Taken(Names(policy["modes"]), (config, mode) =>
            config["linux"]!["memoryPolicy"] = mode is "MPOL_DEFAULT" or "MPOL_LOCAL" ? new JsonObject { ["mode"] = mode } : new JsonObject { ["mode"] = mode, ["nodes"] = "0" });
        Taken(Names(policy["flags"]), (config, flag) => config["linux"]!["memoryPolicy"] = new JsonObject
        {
            ["mode"] = flag == "MPOL_F_NUMA_BALANCING" ? "MPOL_BIND" : "MPOL_INTERLEAVE",
            ["nodes"] = "0",
            ["flags"] = new JsonArray(flag),
        });
    }
}
