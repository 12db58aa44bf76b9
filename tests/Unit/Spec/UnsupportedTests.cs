using Engine.Spec;

namespace Engine.Tests.Unit.Spec;

/// <summary>What is not done is refused by its JSON path, never skipped.</summary>
public class UnsupportedTests
{
    private static readonly Dictionary<string, Action<RuntimeSpec>> Rows = new()
    {
        ["windows"] = s => s.Windows = new(),
        ["solaris"] = s => s.Solaris = new(),
        ["vm"] = s => s.Vm = new(),
        ["zos"] = s => s.Zos = new(),
        ["freebsd"] = s => s.FreeBsd = new(),
        ["linux.namespaces"] = s => s.Linux!.Namespaces = [.. s.Linux.Namespaces.Where(ns => ns.Type != "mount")],
        ["linux.seccomp.listenerPath"] = s => s.Linux!.Seccomp!.ListenerPath = "/run/s",
        ["linux.seccomp.syscalls[0].action"] = s => s.Linux!.Seccomp!.Syscalls[0].Action = "SCMP_ACT_NOTIFY",
        ["linux.seccomp.flags[0]"] = s => s.Linux!.Seccomp!.Flags = ["SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV"],
        ["mounts[4].options[1]"] = s => s.Mounts[4].Options = ["bind", "ridmap"],
        ["mounts[7].options[1]"] = s => s.Mounts[7].Options = ["remount", "size=1"],
        ["process.commandLine"] = s => s.Process!.CommandLine = "cmd",
        ["process.user.username"] = s => s.Process!.User.Username = "bob",
    };

    public static TheoryData<string> Paths => [.. Rows.Keys];

    [Theory, MemberData(nameof(Paths))]
    public void It_is_refused_where_it_is_asked_for(string path)
    {
        var spec = Documents.Runnable();
        Rows[path](spec);
        Assert.Equal(path, Assert.Single(Validator.Validate(spec, HostFacts.None).Errors).JsonPath);
    }

    [Fact]
    public void Mappings_of_a_mount_are_refused()
    {
        var spec = Documents.Runnable();
        IdMapping[] one = [new() { ContainerId = 0, HostId = 1, Size = 1 }];
        (spec.Mounts[4].UidMappings, spec.Mounts[4].GidMappings) = (one, one);
        Assert.Equal("mounts[4].uidMappings", Assert.Single(Validator.Validate(spec, HostFacts.None).Errors).JsonPath);
    }

    [Fact]
    public void Empty_texts_and_lists_ask_for_nothing()
    {
        var spec = Documents.Runnable();
        spec.Process!.ApparmorProfile = "";
        spec.Linux!.MountLabel = "";
        spec.Linux.Seccomp!.ListenerPath = "";
        Assert.Empty(Validator.Validate(spec, HostFacts.None).Errors);
    }
}
