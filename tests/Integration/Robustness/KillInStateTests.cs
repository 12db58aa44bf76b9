using Engine.Tests.Integration.Support;

namespace Engine.Tests.Integration.Robustness;

/// <summary>SIGKILL of each process, and of pairs, in each state of a container that is there.</summary>
public sealed class KillInStateTests : EngineTest
{
    // The payload's second process ignores what can be ignored and holds its pipes.
    private const string Payload = "trap '' TERM; (trap '' TERM; while :; do sleep 1; done) & while :; do echo tick; sleep 0.05; done";

    private static readonly Role[][] Victims =
    [
        [Role.Supervisor], [Role.Master], [Role.Pump], [Role.Payload],
        [Role.Supervisor, Role.Master], [Role.Supervisor, Role.Pump], [Role.Pump, Role.Supervisor], [Role.Master, Role.Pump],
        [Role.Supervisor, Role.Payload], [Role.Payload, Role.Supervisor],
    ];

    public static TheoryData<string, string> Cases()
    {
        var cases = new TheoryData<string, string>();
        foreach (var state in new[] { "created", "running", "paused", "stopping", "exec", "delete" })
        {
            foreach (var victims in Victims)
            {
                cases.Add(state, string.Join(',', victims));
            }
        }
        return cases;
    }

    [RootTheory]
    [MemberData(nameof(Cases))]
    public void State_tells_the_truth_and_delete_takes_everything(string state, string victims)
    {
        var roles = victims.Split(',').Select(Enum.Parse<Role>).ToArray();
        var id = state == "created" ? Create(NewBundle().Shell(Payload)) : Start(NewBundle().Shell(Payload));
        var found = new Roles(Cli, id);
        var busy = Bring(id, state);
        var killed = new List<(Role Role, int? Pid)>();
        foreach (var role in roles)
        {
            killed.Add((role, found.Kill(role)));
        }
        // Until it is gone it lives, and "running" would be no lie. In a v1 freezer it waits for the thaw.
        Eventually.True(
            () => killed.All(k => k.Pid is not { } pid || !ProcFs.Lives(pid) || (k.Role == Role.Payload && state == "paused")),
            "the end of the killed processes");

        var status = Truth.Status(Cli, id);
        Assert.Contains(status, Possible(state, roles));
        busy?.Wait(30);
        Cli.OciOk("delete", "--force", id);
        Assert.Null(Cli.Status(id));
    }

    /// <summary>Brings the container into the state; a command that is under way in it is returned.</summary>
    private RunningCommand? Bring(string id, string state)
    {
        switch (state)
        {
            case "paused":
                Cli.OciOk("pause", id);
                return null;
            case "stopping":
                return Background("kill", id, "KILL");
            case "delete":
                return Background("delete", "--force", id);
            case "exec":
                var exec = Owned(Cli.StartOci("exec", id, "/bin/sh", "-c", "echo inside; while :; do sleep 1; done"));
                exec.WaitForOutput("inside");
                exec.Signal(9);
                return null;
            default:
                return null;
        }
    }

    private RunningCommand Background(params string[] arguments)
    {
        var command = Owned(Cli.StartOci(arguments));
        command.CloseInput();
        return command;
    }

    private static string?[] Possible(string state, Role[] victims)
    {
        var dies = victims.Contains(Role.Payload) || (victims.Contains(Role.Supervisor) && victims.Contains(Role.Pump));
        var supervised = !victims.Contains(Role.Supervisor);
        return state switch
        {
            "stopping" => ["stopped", "running"],
            "delete" => [null, "stopped", "running"],
            // The stage dies with its supervisor; a payload without reader may die of it.
            "created" => victims.Contains(Role.Payload) || !supervised ? ["stopped"] : ["created"],
            // Killed in a v1 freezer, it dies when it is thawed.
            "paused" => victims.Contains(Role.Payload) ? ["stopped", "paused"] : ["paused"],
            _ => victims.Contains(Role.Payload) ? ["stopped"] : dies ? ["running", "stopped"] : ["running"],
        };
    }
}
