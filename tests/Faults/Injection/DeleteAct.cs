namespace Engine.Tests.Faults.Injection;

/// <summary>delete --force of a container that runs, with faults in its supervisor.</summary>
internal sealed class DeleteAct(Workflow workflow, Shape shape) : Act(workflow, shape)
{
    private Bundle? _bundle;

    public override string Verb => "delete";

    public override IReadOnlyList<Seen> Record()
    {
        _bundle = NewBundle("forever");
        var id = Delete(null, out var deleted);
        deleted.ShouldExit(0);
        Ground.DeleteAndCheck(id);
        return Injector.Calls;
    }

    protected override Ending Try(Fault fault)
    {
        var id = Delete(fault, out var deleted);
        var met = Injector.Met;
        if (deleted.ExitCode != 0)
        {
            AssertOneError(deleted);
        }
        Ground.DeleteAndCheck(id);
        return !met ? Ending.NotMet : deleted.ExitCode == 0 ? Ending.Unaffected : Ending.Refused;
    }

    private string Delete(Fault? fault, out CommandResult deleted)
    {
        var id = Ground.Start(_bundle!);
        deleted = Injector.Run(fault, [new Roles(Ground.Cli, id).Supervisor], "delete", "--force", id);
        return id;
    }
}
