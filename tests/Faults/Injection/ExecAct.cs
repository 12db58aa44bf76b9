namespace Engine.Tests.Faults.Injection;

/// <summary>exec into a container that runs, and goes on as it was.</summary>
internal sealed class ExecAct(Workflow workflow, Shape shape) : Act(workflow, shape)
{
    private Bundle? _bundle;
    private string _id = "";

    public override string Verb => "exec";

    public override IReadOnlyList<Seen> Record()
    {
        _bundle = NewBundle("forever");
        Expect(Exec(null).ShouldExit(0).Text);
        var calls = Injector.Calls;
        Ground.DeleteAndCheck(_id);
        return calls;
    }

    protected override Ending Try(Fault fault)
    {
        Forget(_bundle!);
        var result = Exec(fault);
        var ending = Injector.Met ? Judge(fault, result) : Ending.NotMet;
        Ground.DeleteAndCheck(_id);
        return ending;
    }

    private CommandResult Exec(Fault? fault)
    {
        _id = Ground.Start(_bundle!);
        return Injector.Run(fault, [], ["exec", _id, .. LookInside]);
    }

    private Ending Judge(Fault fault, CommandResult result)
    {
        Assert.Equal("running", Truth.Status(Ground.Cli, _id));
        var killed = fault.IsKill && result.ExitCode == 137 && result.Error.Length == 0;
        if (result.ExitCode != 0 && !killed)
        {
            AssertOneError(result);
        }
        // What a killed exec started lives on in the container, with the streams of the command, until it ends by itself.
        var space = ProcFs.Namespace(new Roles(Ground.Cli, _id).Payload, "pid")!;
        Eventually.True(() => ProcFs.Pids().Count(pid => IsInside(pid, space)) == 1, "the end of what exec started");
        var ran = Ran(_bundle!);
        if (ran || result.ExitCode == 0)
        {
            AssertAsExpected(result.Text);
        }
        return result.ExitCode == 0 ? Ending.Unaffected : killed ? Ending.Killed : ran ? Ending.RanAndReported : Ending.Refused;
    }

    private static bool IsInside(int pid, string space) => ProcFs.Lives(pid) && ProcFs.Namespace(pid, "pid") == space;
}
