namespace Engine.Cli.Runc;

/// <summary>The table of contents of engine-runc, in runc's order.</summary>
public static class RuncCommands
{
    /// <summary>Every verb.</summary>
    public static readonly RuncEntry[] Table =
    [
        new("checkpoint", "not supported: this runtime does not checkpoint containers", CheckpointCommand.Checkpoint),
        new("create", "create a container", CreateCommand.Build),
        new("delete", "delete any resources held by the container often used with detached container", DeleteCommand.Build),
        new("events", "display container events such as OOM notifications, cpu, memory, and IO usage statistics", EventsCommand.Build),
        new("kill", "kill sends the specified signal (default: SIGTERM) to the container's init process", KillCommand.Build),
        new("list", "lists containers started by engine-runc with the given root", ListCommand.Build),
        new("mounts", "add mounts to a running container, or take some away", MountsCommand.Build),
        new("pause", "pause suspends all processes inside the container", PauseCommand.Pause),
        new("ps", "ps displays the processes running inside a container", PsCommand.Build),
        new("restore", "not supported: this runtime does not restore containers", CheckpointCommand.Restore),
        new("resume", "resumes all processes that have been previously paused", PauseCommand.Resume),
        new("run", "create and run a container", RunCommand.Build),
        new("spec", "create a new specification file", SpecCommand.Build),
        new("start", "executes the user defined process in a created container", StartCommand.Build),
        new("state", "output the state of a container", StateCommand.Build),
        new("update", "update container resource constraints", UpdateCommand.Build),
        new("exec", "execute new process inside the container", ExecCommand.Build),
        new("features", "show the enabled features", FeaturesCommand.Build),
    ];

    /// <summary>The verb of that name, or null.</summary>
    public static RuncEntry? Find(string name) => Array.Find(Table, entry => entry.Name == name);
}
