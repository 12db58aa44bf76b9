using Engine.Tests.Integration.Support;

namespace Engine.Tests.Integration.Lifecycle;

/// <summary>Hooks that fail, hang, or are interrupted while they hang.</summary>
public sealed class HookFailureTests : EngineTest
{
    private const string Shell = "/bin/sh";

    [RootTheory]
    [InlineData("prestart")]
    [InlineData("createRuntime")]
    [InlineData("createContainer")]
    public void A_hook_that_fails_ends_the_creation(string kind)
    {
        var bundle = NewBundle().Args("/bin/sleep", "1000").WithHook(kind, Shell, ["sh", "-c", "echo not today >&2; exit 3"]);
        Cli.Oci("create", NewId(), "-b", bundle.Path).ShouldFail(255, $"hooks.{kind}[0]", Shell, "3");
        Assert.Empty(System.IO.Directory.EnumerateFileSystemEntries(Cli.Root));
    }

    [RootFact]
    public void A_start_hook_that_fails_ends_the_start()
    {
        var id = Create(NewBundle().Args("/bin/sleep", "1000").WithHook("startContainer", Shell, ["sh", "-c", "exit 3"]));
        Cli.Oci("start", id).ShouldFail(255, "config.json: hooks.startContainer[0]: hook " + Shell, "exited with code 3");
        Assert.Equal("stopped", Cli.Status(id));
        Cli.OciOk("delete", id);
    }

    [RootFact]
    public void A_start_hook_that_cannot_be_executed_is_named_and_is_not_the_payload()
    {
        var bundle = NewBundle().Args("/bin/sleep", "1000").WithHook("startContainer", "/bin/true", ["true"]).WithHook("startContainer", "/not/there", ["x"]);
        var id = Create(bundle);
        Cli.Oci("start", id).ShouldFail(255, "config.json: hooks.startContainer[1]: hook /not/there", "ENOENT");
        Cli.OciOk("delete", id);
    }

    [RootTheory]
    [InlineData("prestart")]
    [InlineData("createRuntime")]
    [InlineData("createContainer")]
    public void A_hook_that_hangs_is_ended_at_its_timeout(string kind)
    {
        var bundle = NewBundle().Args("/bin/sleep", "1000").WithHook(kind, Shell, ["sh", "-c", "sleep 1000 & wait"], timeout: 1);
        Cli.Oci("create", NewId(), "-b", bundle.Path).ShouldFail(255, $"hooks.{kind}[0]", Shell, "timeout");
        Assert.Empty(System.IO.Directory.EnumerateFileSystemEntries(Cli.Root));
    }

    [RootFact]
    public void Create_can_be_interrupted_while_a_hook_hangs()
    {
        foreach (var signal in new[] { 2, 15, 9 })
        {
            var marker = Path.Combine(Directory, $"hook{signal}");
            var id = NewId();
            var bundle = NewBundle().Args("/bin/sleep", "1000").WithHook("createRuntime", Shell, ["sh", "-c", $"touch {marker}; exec sleep 1000"]);
            using var create = Cli.StartOci("create", id, "-b", bundle.Path);
            Eventually.True(() => File.Exists(marker), "the hook");
            Assert.Equal("creating", Cli.Status(id));
            Cli.Oci("start", id).ShouldFail(255, "it is creating");
            create.Signal(signal);
            create.Wait().ShouldExit(128 + signal);
            Eventually.True(() => Cli.Status(id) is null && LeakGate.Processes().Count == 0, "the roll-back");
            Assert.Empty(System.IO.Directory.EnumerateFileSystemEntries(Cli.Root));
        }
    }

    [RootFact]
    public void A_creation_that_hangs_in_a_hook_can_be_deleted_by_force()
    {
        var marker = Path.Combine(Directory, "hook");
        var id = NewId();
        var bundle = NewBundle().Args("/bin/sleep", "1000").WithHook("createRuntime", Shell, ["sh", "-c", $"touch {marker}; exec sleep 1000"]);
        using var create = Cli.StartOci("create", id, "-b", bundle.Path);
        Eventually.True(() => File.Exists(marker), "the hook");
        Cli.Oci("delete", id).ShouldFail(255, "creating", "--force");
        Cli.OciOk("delete", "--force", id);
        create.Wait().ShouldFail(255);
        Assert.Null(Cli.Status(id));
    }

    [RootFact]
    public void A_poststart_hook_that_fails_ends_the_container()
    {
        var id = Create(NewBundle().Args("/bin/sleep", "1000").WithHook("poststart", Shell, ["sh", "-c", "exit 3"]));
        Cli.Oci("start", id).ShouldFail(255, "hooks.poststart[0]", Shell, "exited with code 3");
        Cli.OciOk("wait", id);
        Assert.Equal("stopped", Cli.Status(id));
        Cli.OciOk("delete", id);
    }

    [RootFact]
    public void A_poststop_hook_that_fails_is_a_warning_of_delete()
    {
        var marker = Path.Combine(Directory, "second");
        var id = Start(NewBundle().Args("/bin/true").WithHook("poststop", Shell, ["sh", "-c", "exit 3"]).WithHook("poststop", Shell, ["sh", "-c", $"touch {marker}"]));
        Cli.OciOk("wait", id);
        var result = Cli.OciOk("delete", id);
        Assert.Contains("hooks.poststop[0]", result.Error, StringComparison.Ordinal);
        Assert.Single(result.Error.Split('\n', StringSplitOptions.RemoveEmptyEntries));
        Assert.True(File.Exists(marker));
        Assert.Null(Cli.Status(id));
    }
}
