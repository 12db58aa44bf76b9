using System.CommandLine;
using Engine.Diagnostics;
using Engine.Lifecycle;
using Engine.Linux;
using Engine.Rootless;
using Engine.Shared.Protocol;
using Engine.State;

namespace Engine.Cli.Oci;

/// <summary><c>engine oci create ID</c>: from a bundle to status "created".</summary>
public static class CreateCommand
{
    /// <summary>Options and action.</summary>
    public static Command Build()
    {
        var options = new CreateArguments(withEmptyProcess: true);
        var command = new Command("create", "create a container from a bundle; it waits for 'start'");
        options.AddTo(command);
        command.SetAction(parsed => Run(options, parsed));
        return command;
    }

    private static int Run(CreateArguments arguments, ParseResult parsed)
    {
        CreateOptions options = arguments.Read(parsed);
        if (arguments.IsPlan(parsed))
        {
            return CreateArguments.PrintPlan(options);
        }

        CreateAnswer answer = CreateClient.Create(arguments.Root(parsed), options);
        foreach (string warning in answer.Warnings)
        {
            Report.Warning("engine oci create", warning);
        }

        return 0;
    }
}

/// <summary>The options that create and run share, with Apptainer's names and keys.</summary>
public sealed class CreateArguments
{
    private static readonly (string Name, LogFormat Format)[] Formats =
    [
        ("kubernetes", LogFormat.Kubernetes), ("json", LogFormat.Json), ("basic", LogFormat.Basic),
    ];

    private readonly Option<string?> _root = Options.Root();
    private readonly Argument<string> _id;
    private readonly Argument<string>? _bundleOperand;
    private readonly Option<string?> _bundle = Options.Text("--bundle", "-b", "path of the OCI bundle (required)", "DIR", "BUNDLE");
    private readonly Option<string?> _sync = Options.Text("--sync-socket", "-s", "unix socket that is told of every change of state", "PATH", "SYNC_SOCKET");
    private readonly Option<string?> _log = Options.Text("--log-path", "-l", "log file (default: in the state directory)", "FILE", "LOG_PATH");
    private readonly Option<string?> _format = Options.Text("--log-format", null, "basic, kubernetes or json (default kubernetes)", "FORMAT", "LOG_FORMAT");
    private readonly Option<string?> _pidFile = Options.Text("--pid-file", null, "file to write the container's pid to", "FILE", "PID_FILE");
    private readonly Option<bool> _systemd = Options.Switch("--systemd-cgroup", null, "let systemd make the cgroup; linux.cgroupsPath is then slice:prefix:name");
    private readonly Option<string?> _workflow = new("--workflow") { Description = "setuid or rootless (ordinary users; default: what the machine and the config offer)", HelpName = "NAME" };
    private readonly Option<bool> _plan = Options.Switch("--plan", null, "print the steps of the creation and do nothing");
    private readonly Option<string?> _trace = new("--trace") { Description = "write every RPC with its microseconds as a Chrome trace", HelpName = "FILE" };
    private readonly Option<bool>? _empty;

    /// <summary>Makes the options; only create has <c>--empty-process</c>.</summary>
    public CreateArguments(bool withEmptyProcess)
    {
        _id = Options.Id();
        _empty = withEmptyProcess ? Options.Switch("--empty-process", null, "run no process: pid 1 only waits (a pod's sandbox)", "EMPTY_PROCESS") : null;
    }

    /// <summary>Makes them for a command whose first operands are the bundle and the name.</summary>
    public CreateArguments(Argument<string> bundle, Argument<string> name) => (_bundleOperand, _id) = (bundle, name);

    /// <summary>Adds them to a command.</summary>
    public void AddTo(Command command)
    {
        if (_bundleOperand is not null)
        {
            command.Arguments.Add(_bundleOperand);
        }

        command.Arguments.Add(_id);
        foreach (Option? option in new Option?[] { _root, _bundleOperand is null ? _bundle : null, _sync, _log, _format, _pidFile, _empty, _systemd, _workflow, _plan, _trace })
        {
            if (option is not null)
            {
                command.Options.Add(option);
            }
        }
    }

    /// <summary>The state root.</summary>
    public StateRoot Root(ParseResult parsed) => Options.StateRoot(parsed, _root);

    /// <summary>True with <c>--plan</c>.</summary>
    public bool IsPlan(ParseResult parsed) => parsed.GetValue(_plan);

    /// <summary>The options, paths made absolute from the caller's directory.</summary>
    /// <exception cref="UsageException">No bundle, or an unknown log format.</exception>
    public CreateOptions Read(ParseResult parsed)
    {
        string id = parsed.GetValue(_id)!;
        ContainerId.Check(id, _bundleOperand is null ? "container id" : "instance name");
        string bundle = (_bundleOperand is null ? parsed.GetValue(_bundle) : parsed.GetValue(_bundleOperand)) ?? throw new UsageException("option '--bundle' is required");
        string format = parsed.GetValue(_format) ?? "kubernetes";
        int known = Array.FindIndex(Formats, entry => entry.Name == format);
        if (known < 0)
        {
            throw new UsageException($"unknown log format \"{Printable.Of(format)}\": must be {string.Join(", ", Formats.Select(entry => entry.Name))}");
        }

        return new CreateOptions
        {
            Id = id,
            Bundle = Path.GetFullPath(bundle),
            SyncSocket = Absolute(parsed.GetValue(_sync)),
            LogPath = Absolute(parsed.GetValue(_log)),
            LogFormat = Formats[known].Format,
            PidFile = Absolute(parsed.GetValue(_pidFile)),
            EmptyProcess = _empty is not null && parsed.GetValue(_empty),
            Workflow = WorkflowOf(parsed.GetValue(_workflow)),
            SystemdCgroup = parsed.GetValue(_systemd),
            Trace = Absolute(parsed.GetValue(_trace)),
        };
    }

    /// <summary>Prints the plan of a creation.</summary>
    public static int PrintPlan(CreateOptions options)
    {
        var warnings = new List<string>();
        byte[] config = CreateClient.ReadConfig(options);
        Workflow workflow = WorkflowChoice.ForContainer(options.Workflow, config);
        using RootlessEntry? rootless = workflow == Workflow.Rootless ? RootlessEntry.ForContainer(config) : null;
        var order = new CreateOrder
        {
            Id = options.Id,
            Bundle = options.Bundle,
            EmptyProcess = options.EmptyProcess,
            SystemdCgroup = options.SystemdCgroup,
            Workflow = WorkflowChoice.NameOf(workflow),
            Rootless = rootless?.Order,
            Uid = Identity.EffectiveUid,
        };
        Console.Out.Write(CreateContainer.Plan(order, config, warnings).Print());
        warnings.ForEach(warning => Report.Warning("plan", warning));
        return 0;
    }

    private static Workflow? WorkflowOf(string? name)
    {
        if (string.IsNullOrEmpty(name))
        {
            return null;
        }

        int known = Array.FindIndex(WorkflowChoice.Names, entry => entry.Name == name);
        return known >= 0
            ? WorkflowChoice.Names[known].Workflow
            : throw new UsageException($"unknown workflow \"{Printable.Of(name)}\": must be {string.Join(", ", WorkflowChoice.Names.Select(entry => entry.Name))}");
    }

    private static string? Absolute(string? path) => string.IsNullOrEmpty(path) ? null : Path.GetFullPath(path);
}
