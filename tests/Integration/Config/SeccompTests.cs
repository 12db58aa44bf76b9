using System.Text.Json.Nodes;
using Engine.Tests.Integration.Support;

namespace Engine.Tests.Integration.Config;

/// <summary>linux.seccomp as the payload feels it, and what the engine does not do, refused where it is asked for.</summary>
public sealed class SeccompTests : ConfigTest
{
    // Numbers of x86-64.
    private const string Mkdir = "83";
    private const string Getuid = "102";
    private const string Personality = "135";

    private Bundle Filtered(string json, params string[] probe) =>
        NewBundle().Probe(probe).Edit(c => c["linux"]!["seccomp"] = JsonNode.Parse(json));

    [RootFact(Needs.Probe)]
    public void A_call_returns_the_errno_that_is_asked_for()
    {
        var lines = Lines(Filtered(
            """{"defaultAction":"SCMP_ACT_ALLOW","architectures":["SCMP_ARCH_X86_64"],"syscalls":[{"names":["mkdir"],"action":"SCMP_ACT_ERRNO","errnoRet":38},{"names":["getuid"],"action":"SCMP_ACT_ERRNO"}]}""",
            "status", "syscall", Mkdir, "0"));
        Assert.Equal("2", Field(lines, "seccomp"));
        Assert.Contains("syscall ENOSYS", lines);
        Assert.Contains("syscall EPERM", Lines(Filtered(
            """{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["getuid"],"action":"SCMP_ACT_ERRNO"}]}""", "syscall", Getuid)));
        Assert.Equal("0", Field(Lines(NewBundle().Probe("status")), "seccomp"));
    }

    [RootFact(Needs.Probe)]
    public void Arguments_decide()
    {
        const string profile = """
            {"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["personality"],"action":"SCMP_ACT_ERRNO","errnoRet":95,"args":[{"index":0,"value":8,"op":"SCMP_CMP_EQ"}]}]}
            """;
        Assert.Equal(["syscall EOPNOTSUPP"], Lines(Filtered(profile, "syscall", Personality, "8")));
        Assert.Equal(["syscall ok"], Lines(Filtered(profile, "syscall", Personality, "0")));
        const string masked = """
            {"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["personality"],"action":"SCMP_ACT_ERRNO","errnoRet":95,"args":[{"index":0,"value":16,"valueTwo":16,"op":"SCMP_CMP_MASKED_EQ"}]}]}
            """;
        Assert.Equal(["syscall EOPNOTSUPP"], Lines(Filtered(masked, "syscall", Personality, "24")));
        Assert.Equal(["syscall ok"], Lines(Filtered(masked, "syscall", Personality, "8")));
    }

    [RootFact(Needs.Probe)]
    public void A_call_kills()
    {
        foreach (var action in new[] { "SCMP_ACT_KILL_PROCESS", "SCMP_ACT_KILL", "SCMP_ACT_TRAP" })
        {
            var bundle = Filtered($$"""{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["mkdir"],"action":"{{action}}"}]}""", "say", "before", "syscall", Mkdir, "0");
            var result = Cli.Oci("run", NewId(), "-b", bundle.Path);
            Assert.Equal((action, 128 + 31), (action, result.ExitCode));
            Assert.Equal("say before", result.Trimmed);
        }
    }

    [RootFact(Needs.Probe)]
    public void A_list_of_allowed_calls_is_all_there_is_and_holds_without_no_new_privileges()
    {
        // Nothing of the set-up comes after the filter but execve, which here is the only call beside the payload's own.
        foreach (var noNewPrivileges in new[] { true, false })
        {
            var bundle = Filtered(
                """{"defaultAction":"SCMP_ACT_ERRNO","defaultErrnoRet":1,"syscalls":[{"names":["execve","write","exit_group","arch_prctl","brk","mmap","mprotect","munmap","close"],"action":"SCMP_ACT_ALLOW"}]}""",
                "say", "here", "syscall", Getuid, "0").WithUser(1000, 1000).WithCapabilities([]);
            bundle.Process["noNewPrivileges"] = noNewPrivileges;
            Assert.Equal(["say here", "syscall EPERM"], Lines(bundle));
        }
    }

    [RootFact(Needs.Probe)]
    public void Without_no_new_privileges_the_capabilities_are_exact_all_the_same()
    {
        const string nothing = """{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["capset","capget","prctl"],"action":"SCMP_ACT_ERRNO"}]}""";
        foreach (var (uid, kept) in new[] { (1000u, 1ul << 5), (0u, (1ul << 5) | (1ul << 0)) })
        {
            var bundle = Filtered(nothing, "cat", "/proc/self/status").WithUser(uid, uid);
            bundle.Process["noNewPrivileges"] = false;
            bundle.Process["capabilities"] = new JsonObject
            {
                ["bounding"] = BundleDefaults.Strings("CAP_KILL", "CAP_CHOWN"),
                ["permitted"] = BundleDefaults.Strings("CAP_KILL", "CAP_CHOWN"),
                ["effective"] = BundleDefaults.Strings("CAP_KILL"),
                ["inheritable"] = BundleDefaults.Strings("CAP_KILL"),
                ["ambient"] = BundleDefaults.Strings("CAP_KILL"),
            };
            var lines = Lines(bundle);
            // CAP_SYS_ADMIN, which loading the filter took, went with execve; root gets what the bounding set holds, another what is ambient.
            Assert.Contains($"CapPrm:\t{kept:x16}", lines);
            Assert.Contains($"CapEff:\t{kept:x16}", lines);
            Assert.Contains($"CapBnd:\t{(1ul << 5) | 1:x16}", lines);
            Assert.Contains("NoNewPrivs:\t0", lines);
        }
    }

    [RootFact]
    public void What_is_not_done_is_refused_by_its_path()
    {
        (string Path, Action<JsonObject> Edit)[] table =
        [
            ("windows", c => c["windows"] = JsonNode.Parse("""{"layerFolders":["c"]}""")),
            ("linux.intelRdt", c => c["linux"]!["intelRdt"] = new JsonObject()),
            ("linux.namespaces", c => c["linux"]!["namespaces"] = new JsonArray([.. c["linux"]!["namespaces"]!.AsArray().Where(n => (string?)n!["type"] != "mount").Select(n => n!.DeepClone())])),
        ];
        foreach (var (path, edit) in table)
        {
            Refused(NewBundle().Edit(edit), path);
        }
    }
}
