namespace Engine.Tests.Faults.Injection;

/// <summary>create, then a start without a fault.</summary>
internal sealed class CreateAct(Workflow workflow, Shape shape) : Act(workflow, shape)
{
    private Bundle? _bundle;

    public override string Verb => "create";

    public override IReadOnlyList<Seen> Record()
    {
        _bundle = NewBundle();
        var id = Ground.NewId();
        Injector.Run(null, [], "create", id, "-b", _bundle.Path).ShouldExit(0);
        var calls = Injector.Calls;
        Ground.Cli.OciOk("start", id);
        Ground.Cli.WaitForStatus(id, "stopped");
        Expect(Logged(id));
        Ground.DeleteAndCheck(id);
        return calls;
    }

    protected override Ending Try(Fault fault)
    {
        Forget(_bundle!);
        var id = Ground.NewId();
        var created = Injector.Run(fault, [], "create", id, "-b", _bundle!.Path);
        var ending = Injector.Met ? Judge(id, created) : Ending.NotMet;
        Ground.DeleteAndCheck(id);
        return ending;
    }

    private Ending Judge(string id, CommandResult created)
    {
        if (created.ExitCode != 0)
        {
            AssertOneError(created);
            Assert.False(Ran(_bundle!), $"create failed, and the payload ran\n{created}");
            // The one who would have taken it back may be the one who was killed.
            Assert.Contains(Truth.Status(Ground.Cli, id), new[] { null, "stopped" });
            return Ending.Refused;
        }
        var started = Ground.Cli.Oci("start", id);
        if (started.ExitCode != 0)
        {
            AssertOneError(started);
            Assert.False(Ran(_bundle!), $"start failed, and the payload ran\n{started}");
            return Ending.RefusedLater;
        }
        Ground.Cli.WaitForStatus(id, "stopped");
        AssertLoggedAsExpected(id);
        return Ending.Unaffected;
    }
}
