using Engine.Diagnostics;
using Engine.Lifecycle;
using Engine.Linux;
using Engine.Rootless;
using Engine.Runtime;

namespace Engine.Cli.Runc;

/// <summary><c>create ID</c>: from a bundle to status "created"; only the container's process is left running.</summary>
public static class CreateCommand
{
    /// <summary>Options that create and run share.</summary>
    internal static readonly RuncOption[] Common =
    [
        RuncOption.Text("bundle", "path to the root of the bundle directory, defaults to the current directory", 'b'),
        RuncOption.Text("console-socket", "path to an AF_UNIX socket which will receive a file descriptor referencing the master end of the console's pseudoterminal"),
        RuncOption.Text("pidfd-socket", "path to an AF_UNIX socket which will receive a file descriptor referencing the init process"),
        RuncOption.Text("pid-file", "specify the file to write the process id to"),
        RuncOption.Switch("no-pivot", "accepted and ignored: the root is always switched by pivot_root"),
        RuncOption.Switch("no-new-keyring", "do not create a new session keyring for the container"),
        RuncOption.Number("preserve-fds", "pass N additional file descriptors to the container (stdio + $LISTEN_FDS + N in total)"),
        RuncOption.Switch("plan", "print the steps of the creation and do nothing"),
        RuncOption.Text("trace", "write every RPC with its microseconds as a Chrome trace"),
    ];

    /// <summary>Options and action.</summary>
    public static RuncCommand Build() => new()
    {
        Description = "The bundle is a directory with a config.json and a root filesystem. 'start' runs the program in it.",
        Options = Common,
        Prefix = "runc create failed: ",
        Run = Run,
    };

    /// <summary>What was asked for.</summary>
    internal static RuntimeOptions Read(RuncCall call, bool keepsTerminal = false, bool diesWithCaller = false) => new()
    {
        Id = call.Id,
        Bundle = call.Path("bundle") ?? Directory.GetCurrentDirectory(),
        PidFile = call.Path("pid-file"),
        ConsoleSocket = call.Path("console-socket"),
        PidfdSocket = call.Path("pidfd-socket"),
        PreserveFds = checked((int)Math.Clamp(call.Number("preserve-fds"), int.MinValue, int.MaxValue)),
        KeepKeyring = call.Switch("no-new-keyring"),
        SystemdCgroup = call.Globals.SystemdCgroup,
        RequiresCgroup = call.Globals.Rootless == false,
        NoCgroup = call.Globals.NoCgroup,
        KeepsTerminal = keepsTerminal,
        DiesWithCaller = diesWithCaller,
        Trace = call.Path("trace"),
    };

    /// <summary>Prints the plan instead of carrying it out.</summary>
    internal static int Plan(RuntimeOptions options, RuncLog log)
    {
        var warnings = new List<string>();
        byte[] config = CreateClient.ReadConfig(options.Bundle);
        using RootlessEntry? rootless = Identity.EffectiveUid == 0 ? null : RootlessEntry.ForContainer(config);
        var order = new CreateOrder
        {
            Id = options.Id,
            Bundle = options.Bundle,
            Uid = Identity.EffectiveUid,
            SystemdCgroup = options.SystemdCgroup,
            RequiresCgroup = options.RequiresCgroup,
            NoCgroup = options.NoCgroup,
            Rootless = rootless?.Order,
            Unmonitored = true,
        };
        Console.Out.Write(CreateContainer.Plan(order, config, warnings).Print());
        warnings.ForEach(log.Warning);
        return 0;
    }

    private static int Run(RuncCall call)
    {
        RuntimeOptions options = Read(call);
        if (call.Switch("plan"))
        {
            return Plan(options, call.Log);
        }

        var warnings = new List<string>();
        RuntimeCreate.Create(call.Globals.Root, options, warnings)?.Dispose();
        warnings.ForEach(call.Log.Warning);
        return 0;
    }
}
