using Engine.Diagnostics;
using Engine.State;

namespace Engine.Cli.Runc;

/// <summary>Options before the command.</summary>
public sealed class RuncGlobals
{
    /// <summary>Those that there are. --cgroup-manager is crun's, which podman uses for what it calls crun.</summary>
    public static readonly RuncOption[] Options =
    [
        RuncOption.Switch("debug", "enable debug logging"),
        RuncOption.Text("log", "set the log file to write logs to: a path, file:PATH or syslog:IDENT (default is '/dev/stderr')"),
        RuncOption.Text("log-format", "set the log format ('text' (default), or 'json')", @default: "text"),
        RuncOption.Text("root", $"root directory for storage of container state (this should be located in tmpfs) (default: \"{StateRoot.RuntimeDefault}\")"),
        RuncOption.Text("criu", "accepted and ignored: containers are not checkpointed") with { IsHidden = true },
        RuncOption.Switch("systemd-cgroup", "enable systemd cgroup support, expects cgroupsPath to be of form \"slice:prefix:name\" for e.g. \"system.slice:runc:434234\""),
        RuncOption.Text("cgroup-manager", "cgroupfs, systemd or disabled") with { IsHidden = true },
        RuncOption.Text("rootless", "ignore cgroup permission errors ('true', 'false', or 'auto')", @default: "auto"),
    ];

    private static readonly string[] RootlessValues = ["auto", "true", "false"];
    private static readonly string[] Managers = ["cgroupfs", "systemd", "disabled"];
    private readonly RuncArguments _arguments;

    private RuncGlobals(RuncArguments arguments) => _arguments = arguments;

    /// <summary>More in the log than warnings.</summary>
    public bool IsDebug => _arguments.Text("debug") == "true";

    /// <summary>Where the log goes; null for standard error.</summary>
    public string? Log => _arguments.Text("log") is { Length: > 0 } log ? log : null;

    /// <summary>text or json, as typed.</summary>
    public string LogFormat => _arguments.Text("log-format") ?? "text";

    /// <summary>Cgroups are made by systemd.</summary>
    public bool SystemdCgroup => _arguments.Text("systemd-cgroup") == "true" || CgroupManager == "systemd";

    /// <summary>No cgroup is made at all.</summary>
    public bool NoCgroup => CgroupManager == "disabled";

    /// <summary>True or false when it was said, null for auto.</summary>
    public bool? Rootless => _arguments.Text("rootless") switch { "true" => true, "false" => false, _ => null };

    /// <summary>The state root: --root, or the default of this flavour.</summary>
    public StateRoot Root => StateRoot.LocateRuntime(_arguments.Text("root"));

    private string? CgroupManager => _arguments.Text("cgroup-manager");

    /// <summary>Takes the global options from the front; <paramref name="rest"/> begins with the command.</summary>
    /// <exception cref="UsageException">As for <see cref="RuncArguments.Parse"/>.</exception>
    public static RuncGlobals Parse(string[] args, out IReadOnlyList<string> rest)
    {
        RuncArguments parsed = RuncArguments.Parse([.. Options, RuncHelp.Option, RuncHelp.VersionOption], args, stopAt: 1);
        rest = parsed.Operands;
        return new RuncGlobals(parsed);
    }

    /// <summary>True when the global option was given, for help and version.</summary>
    public bool Has(RuncOption option) => _arguments.Has(option.Name);

    /// <summary>Refuses values that no option takes.</summary>
    /// <exception cref="EngineException">Names the option.</exception>
    public void Check()
    {
        Require("rootless", RootlessValues);
        Require("cgroup-manager", Managers);
    }

    private void Require(string name, string[] values)
    {
        if (_arguments.Text(name) is { } value && !values.Contains(value))
        {
            throw new EngineException($"invalid value \"{Printable.Of(value)}\" for --{name}: must be {string.Join(", ", values)}");
        }
    }
}
