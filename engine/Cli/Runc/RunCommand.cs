using Engine.Diagnostics;
using Engine.Runtime;

namespace Engine.Cli.Runc;

/// <summary><c>run ID</c>: create, start, and unless detached wait and delete; the exit code is the payload's.</summary>
public static class RunCommand
{
    /// <summary>Options and action.</summary>
    public static RuncCommand Build() => new()
    {
        Description = "In the foreground signals and the terminal are passed on, and the exit code is the program's.",
        Options =
        [
            .. CreateCommand.Common,
            RuncOption.Switch("detach", "detach from the container's process", 'd'),
            RuncOption.Switch("keep", "do not delete the container after it exits"),
            RuncOption.Switch("no-subreaper", "disable the use of the subreaper used to reap reparented processes"),
            RuncOption.Switch("kill-on-exit", "kill the container when this command ends, also when it is killed"),
        ],
        Prefix = "runc run failed: ",
        Run = Run,
    };

    private static int Run(RuncCall call)
    {
        bool detach = call.Switch("detach");
        RuntimeOptions options = CreateCommand.Read(call, keepsTerminal: !detach, diesWithCaller: call.Switch("kill-on-exit"));
        if (detach && options.DiesWithCaller)
        {
            throw new UsageException("--kill-on-exit and --detach exclude each other");
        }

        return call.Switch("plan")
            ? CreateCommand.Plan(options, call.Log)
            : RuntimeRun.Run(call.Globals.Root, options, new RunMode(detach, call.Switch("keep"), call.Switch("no-subreaper")), call.Log.Warning);
    }
}
