using System.Globalization;
using Engine.Tests.Integration.Support;

namespace Engine.Tests.Integration.Rootless;

/// <summary>Where an ordinary user's containers are recorded, and who else gets near them.</summary>
public sealed class StateRootTests : UserTest
{
    private const string Fallback = "/tmp/engine-64500";

    private readonly string _runtime;

    public StateRootTests()
        : base("single")
    {
        _runtime = Path.Combine(Directory, "run");
        System.IO.Directory.CreateDirectory(_runtime);
        Own(_runtime);
        File.SetUnixFileMode(_runtime, (UnixFileMode)0b111_000_000);
        Owned(new Removal());
    }

    [UserTheory]
    [InlineData("oci")]
    [InlineData("runc")]
    public void It_is_below_XDG_RUNTIME_DIR_when_that_is_the_user_s_alone(string flavour)
    {
        Create(flavour, _runtime);
        Assert.Equal(flavour, Path.GetFileName(Assert.Single(System.IO.Directory.GetDirectories(Path.Combine(_runtime, "engine")))));
        Assert.False(Path.Exists(Fallback));
    }

    [UserTheory]
    [InlineData("mode")]
    [InlineData("owner")]
    [InlineData("link")]
    [InlineData("relative")]
    [InlineData("absent")]
    public void Otherwise_it_is_a_directory_of_the_user_s_alone_below_tmp(string why)
    {
        var runtime = _runtime;
        switch (why)
        {
            case "mode":
                File.SetUnixFileMode(_runtime, (UnixFileMode)0b111_111_111);
                break;
            case "owner":
                Native.Check(Native.chown(_runtime, 0, 0), "chown");
                File.SetUnixFileMode(_runtime, (UnixFileMode)0b111_101_101);
                break;
            case "link":
                runtime = Path.Combine(Directory, "link");
                File.CreateSymbolicLink(runtime, _runtime);
                break;
            case "relative":
                runtime = "run";
                break;
            default:
                runtime = "";
                break;
        }
        Create("oci", runtime);
        Assert.Equal((UnixFileMode)0b111_000_000, File.GetUnixFileMode(Fallback));
        Assert.False(Path.Exists(Path.Combine(_runtime, "engine")));
    }

    [UserTheory]
    [InlineData("link")]
    [InlineData("owner")]
    [InlineData("mode")]
    public void What_somebody_else_put_there_first_is_refused(string what)
    {
        var elsewhere = Path.Combine(Directory, "elsewhere");
        System.IO.Directory.CreateDirectory(elsewhere);
        if (what == "link")
        {
            Own(elsewhere);
            File.CreateSymbolicLink(Fallback, elsewhere);
        }
        else
        {
            System.IO.Directory.CreateDirectory(Fallback);
            if (what == "mode")
            {
                Own(Fallback);
            }
            File.SetUnixFileMode(Fallback, what == "mode" ? (UnixFileMode)0b111_101_101 : (UnixFileMode)0b111_111_111);
        }
        Run("oci", "").ShouldFail(255, Fallback, "not a directory of yours alone");
        Assert.Empty(System.IO.Directory.GetFileSystemEntries(elsewhere));
    }

    // S09: whatever the caller's umask is.
    [UserFact]
    public void Nobody_else_may_do_anything_with_what_is_in_it()
    {
        var bundle = UserBundle().Shell("sleep 1000");
        var id = NewId();
        Cli.Prepare("oci", "list").Run().ShouldExit(0);
        var create = AsUser("/bin/sh", "-c", "umask 0; exec \"$@\"", "sh", Installation.Engine, "oci", "create", id, "-b", bundle.Path).Run().ShouldExit(0);
        Assert.Empty(create.Text);
        Cli.OciOk("start", id);
        var state = Cli.StateDirectory(id);
        Assert.Equal((UnixFileMode)0b111_000_000, File.GetUnixFileMode(state));
        foreach (var entry in System.IO.Directory.GetFileSystemEntries(state))
        {
            Assert.True((File.GetUnixFileMode(entry) & (UnixFileMode)0b000_000_111) == 0, $"{entry}: {File.GetUnixFileMode(entry)}");
            Assert.Equal(Uid.ToString(CultureInfo.InvariantCulture), new Command("/usr/bin/stat", "-c", "%u", entry).Run().ShouldExit(0).Trimmed);
        }
        foreach (var look in new[] { $"ls {state}", $"cat {state}/state.json", $"cat {state}/{id}.log", $"echo x | /bin/busybox nc local:{state}/control.sock" })
        {
            var other = new Command("/usr/bin/setpriv", "--reuid=64501", "--regid=64501", "--clear-groups", "/bin/sh", "-c", look).Run();
            Assert.NotEqual(0, other.ExitCode);
            Assert.Empty(other.Text);
        }
    }

    [UserFact]
    public void One_of_another_s_that_is_named_is_an_error_and_not_an_empty_one()
    {
        // Of root's, mode 0700.
        var root = Path.Combine(Directory, "private");
        System.IO.Directory.CreateDirectory(root, (UnixFileMode)0b111_000_000);
        foreach (var path in new[] { root, root + "/deeper" })
        {
            AsUser(Installation.Engine, "oci", "--root", path, "list").Run().ShouldFail(255, path, "denied; name another with --root");
            AsUser(Installation.Engine, "oci", "--root", path, "delete", "--force", "a").Run().ShouldFail(255, path, "denied");
            AsUser(Runc.Program, "--root", path, "list").Run().ShouldFail(1, path, "denied; name another with --root");
        }
    }

    private void Create(string flavour, string runtime)
    {
        Run(flavour, runtime).ShouldExit(0);
        // Later commands find it without being told where.
        var list = Prepare(runtime, flavour == "oci" ? [Installation.Engine, "oci", "list", "-q"] : [Runc.Program, "list", "-q"]).Run().ShouldExit(0);
        Assert.Equal("x", list.Trimmed);
        Prepare(runtime, flavour == "oci" ? [Installation.Engine, "oci", "delete", "--force", "x"] : [Runc.Program, "delete", "--force", "x"]).Run().ShouldExit(0);
    }

    private CommandResult Run(string flavour, string runtime)
    {
        var bundle = UserBundle().Shell("sleep 1000").Path;
        return Prepare(runtime, flavour == "oci" ? [Installation.Engine, "oci", "create", "x", "-b", bundle] : ["/bin/sh", "-c", "exec \"$@\" </dev/null >/dev/null 2>&1", "sh", Runc.Program, "create", "--bundle", bundle, "x"]).Run();
    }

    private Command Prepare(string runtime, string[] line)
    {
        var command = AsUser(line);
        command.Environment.Remove("ENGINE_ROOT");
        if (runtime.Length > 0)
        {
            command.Environment["XDG_RUNTIME_DIR"] = runtime;
        }
        return command;
    }

    // No such directory is made by anybody else: no machine has this user.
    private sealed class Removal : IDisposable
    {
        public void Dispose()
        {
            if (new FileInfo(Fallback).LinkTarget is not null)
            {
                File.Delete(Fallback);
            }
            else if (System.IO.Directory.Exists(Fallback))
            {
                SafeTree.Delete(Fallback);
            }
        }
    }
}
