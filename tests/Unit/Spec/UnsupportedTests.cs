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
    public void Empty_texts_and_lists_ask_for_nothing()
    {
        var spec = Documents.Runnable();
        spec.Process!.ApparmorProfile = "";
        spec.Linux!.MountLabel = "";
        spec.Linux.Seccomp!.ListenerPath = "";
        Assert.Empty(Validator.Validate(spec, HostFacts.None).Errors);
    }
}
