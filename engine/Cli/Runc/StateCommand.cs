using Engine.State;

namespace Engine.Cli.Runc;

/// <summary><c>state ID</c>: the state, corrected by what is alive. Like runc's without a newline behind it.</summary>
public static class StateCommand
{
    /// <summary>Options and action.</summary>
    public static RuncCommand Build() => new()
    {
        Description = "The state command outputs current state information for the instance of a container.",
        Run = call =>
        {
            using ContainerDirectory directory = call.Globals.Root.Open(call.Id);
            StateDocument state = Liveness.Read(directory);
            Console.Out.Write(RuncState.Text(indented: true, json => RuncState.Write(json, state, owner: "")));
            return 0;
        },
    };
}
