using Engine.Tests.Integration.Support;

namespace Engine.Tests.Integration.Runc;

/// <summary>Base of the tests that run containers through engine-runc. They live in the state root of the fixture, which deletes them.</summary>
public abstract class RuncTest : EngineTest
{
    /// <summary>The built engine-runc.</summary>
    protected RuncCli Own => RuncCli.Own(Cli.Root);

    /// <summary>A container that sleeps, created and started.</summary>
    protected string Running(Bundle? bundle = null)
    {
        var id = Created(bundle);
        Own.Ok("start", id);
        return id;
    }

    /// <summary>A container that would sleep, created.</summary>
    protected string Created(Bundle? bundle = null)
    {
        var id = NewId();
        // Its stdio is the container's as long as that lives: the test must not wait for the end of a pipe.
        new Command("/bin/sh", "-c", "exec \"$@\" </dev/null >/dev/null 2>&1", "sh", Own.Program, "--root", Own.Root, "create", "--bundle", (bundle ?? Sleeper()).Path, id)
            .Run().ShouldExit(0);
        return id;
    }

    /// <summary>A bundle whose program sleeps.</summary>
    protected Bundle Sleeper() => NewBundle().Args("sleep", "1000");

    /// <summary>The same in Debian's runc, deleted with the test.</summary>
    protected (RuncCli Cli, string Id) Reference()
    {
        var cli = RuncCli.Debian(Path.Combine(Directory, "reference"));
        var id = NewId();
        Owned(new Deletion(cli, id));
        new Command("/bin/sh", "-c", "exec \"$@\" </dev/null >/dev/null 2>&1", "sh", cli.Program, "--root", cli.Root, "run", "--detach", "--bundle", Sleeper().Path, id)
            .Run().ShouldExit(0);
        return (cli, id);
    }

    private sealed class Deletion(RuncCli cli, string id) : IDisposable
    {
        public void Dispose() => cli.Run("delete", "--force", id);
    }
}
