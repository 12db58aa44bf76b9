namespace Engine.Tests.Faults.Injection;

/// <summary>start of a created container, and its life until "stopped".</summary>
internal sealed class StartAct(Workflow workflow, Shape shape) : Act(workflow, shape)
{
    private Bundle? _bundle;

    public override string Verb => "start";

    public override IReadOnlyList<Seen> Record()
    {
        _bundle = NewBundle();
        var id = Start(null, out var started);
        started.ShouldExit(0);
        Ground.Cli.WaitForStatus(id, "stopped");
        Expect(Logged(id));
        Ground.DeleteAndCheck(id);
        return Injector.Calls;
    }

    protected override Ending Try(Fault fault)
    {
        Forget(_bundle!);
        var id = Start(fault, out var started);
        var ending = Injector.Met ? Judge(id, fault, started) : Ending.NotMet;
        Ground.DeleteAndCheck(id);
        return ending;
    }

    private string Start(Fault? fault, out CommandResult started)
    {
        var id = Ground.Create(_bundle!);
        var roles = new Roles(Ground.Cli, id);
        started = Injector.Run(fault, [roles.Supervisor, roles.Payload], "start", id);
        return id;
    }

    private Ending Judge(string id, Fault fault, CommandResult started)
    {
        var ran = Ran(_bundle!);
        if (started.ExitCode != 0)
        {
            AssertOneError(started);
        }
        if (started.ExitCode != 0 && !ran && Truth.Status(Ground.Cli, id) == "created")
        {
            // The order did not reach it: it can be given again.
            return Ending.Refused;
        }
        // A payload without its pump and supervisor may be the last of its container, but it ends, too.
        Ground.Cli.WaitForStatus(id, "stopped");
        if (ran && started.ExitCode != 0)
        {
            // A poststart hook that fails takes the payload with it.
            AssertBeginsAsExpected(Logged(id));
            return Ending.RanAndReported;
        }
        if (ran)
        {
            AssertLoggedAsExpected(id);
            return Ending.Unaffected;
        }
        if (started.ExitCode == 0)
        {
            Assert.True(fault.IsKill && (int?)Ground.Cli.State(id)["exitCode"] == 137, $"start succeeded, and the payload did not run\n{started}");
            return Ending.Killed;
        }
        return Ending.Refused;
    }
}
