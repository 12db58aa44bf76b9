using Engine.Rootless;

namespace Engine.Lifecycle;

/// <summary>
/// What the CLI asks the master for, on the request socket: one datagram of JSON. Its descriptors: the copy of
/// config.json in the state directory, and the trace file when there is one.
/// </summary>
public sealed record CreateOrder
{
    public string Id { get; set; } = "";

    /// <summary>Absolute path of the bundle.</summary>
    public string Bundle { get; set; } = "";

    /// <summary>Absolute path of the state directory, for the sockets' names in the state document.</summary>
    public string StateDirectory { get; set; } = "";
    public string LogPath { get; set; } = "";
    public string LogFormat { get; set; } = "";
    public string? PidFile { get; set; }
    public bool EmptyProcess { get; set; }

    /// <summary>No new session keyring for the process.</summary>
    public bool KeepKeyring { get; set; }

    /// <summary>Nobody stays with the container: no log, no sockets but start.sock.</summary>
    public bool Unmonitored { get; set; }

    /// <summary>The container is an instance.</summary>
    public bool Instance { get; set; }

    /// <summary>The cgroup is a unit's that the CLI had systemd make; linux.cgroupsPath names it as slice:prefix:name.</summary>
    public bool SystemdCgroup { get; set; }

    /// <summary>A cgroup that cannot be had is a failure, also where one is not asked for (runc's --rootless=false).</summary>
    public bool RequiresCgroup { get; set; }

    /// <summary>No cgroup is made at all (crun's --cgroup-manager=disabled).</summary>
    public bool NoCgroup { get; set; }

    /// <summary>Cgroup of the user's systemd manager, which made it; null for the machine's.</summary>
    public string? SystemdManager { get; set; }

    /// <summary>The workflow, as <see cref="WorkflowChoice"/> names it.</summary>
    public string Workflow { get; set; } = "";

    /// <summary>The user namespace that the starter is root of, in the rootless workflow.</summary>
    public RootlessOrder? Rootless { get; set; }

    /// <summary>The caller's uid.</summary>
    public uint Uid { get; set; }

    /// <summary>A descriptor for the trace comes with the order.</summary>
    public bool Trace { get; set; }
}

/// <summary>The master's one answer: a pid, or the text of a failure and the exit code it stands for.</summary>
public sealed record CreateAnswer
{
    /// <summary>Host pid of the container's first process; 0 on failure.</summary>
    public int Pid { get; set; }

    /// <summary>Lines for stderr; empty on success.</summary>
    public string[] Errors { get; set; } = [];
    public int ExitCode { get; set; }

    /// <summary>127 or 126 when the failure is that there is no such program to execute, or that it is none; else 0.</summary>
    public int PayloadCode { get; set; }

    /// <summary>The failure is a hook's: the lifecycle goes on to the poststop hooks.</summary>
    public bool HookFailed { get; set; }

    /// <summary>Things done that the caller should know of (a seccomp rule for an unknown system call, ...).</summary>
    public string[] Warnings { get; set; } = [];
}
