using Engine.Rpc.Linux;
using Engine.Spec;

namespace Engine.Lifecycle;

/// <summary>What <c>exec</c> was asked for. What is null or empty is as the container's own process has it.</summary>
public sealed record ExecOptions
{
    /// <summary>The command; empty with a <see cref="Document"/>.</summary>
    public required IReadOnlyList<string> Args { get; init; }

    /// <summary>The whole process; then only <see cref="Terminal"/> adds to it.</summary>
    public ProcessSpec? Document { get; init; }

    /// <summary>Give it a terminal.</summary>
    public bool Terminal { get; init; }

    /// <summary>Name or uid, with group or gid behind a colon.</summary>
    public string? User { get; init; }

    /// <summary>More supplementary groups.</summary>
    public IReadOnlyList<uint> AdditionalGids { get; init; } = [];
    public string? Cwd { get; init; }

    /// <summary>More variables, KEY=VALUE.</summary>
    public IReadOnlyList<string> Env { get; init; } = [];

    /// <summary>More capabilities.</summary>
    public IReadOnlyList<string> Capabilities { get; init; } = [];
    public bool? NoNewPrivileges { get; init; }
    public string? ApparmorProfile { get; init; }
    public string? SelinuxLabel { get; init; }

    /// <summary>Cgroups below the container's to run in.</summary>
    public SubCgroups Cgroups { get; init; } = SubCgroups.Own;

    /// <summary>Do not wait for it. Its parent is then the nearest subreaper above this process.</summary>
    public bool Detach { get; init; }

    /// <summary>Detached without a terminal it still has this process's stdio.</summary>
    public bool KeepsStdio { get; init; }
    public string? PidFile { get; init; }

    /// <summary>Descriptors of this process that it gets from number 3 on; they stay the caller's.</summary>
    public IReadOnlyList<int> Preserved { get; init; } = [];

    /// <summary>Variables that say what <see cref="Preserved"/> are, also for a <see cref="Document"/>.</summary>
    public IReadOnlyList<string> PreservedVariables { get; init; } = [];

    /// <summary>
    /// Is given the terminal's master side, which it disposes of, in place of being shown here. Its ONLCR is cleared, as
    /// runc's docs/terminals.md has it.
    /// </summary>
    public Action<SafeFd>? TakeTerminal { get; init; }

    /// <summary>Is given a pidfd of the process, which stays this side's, once it runs.</summary>
    public Action<SafeFd>? TakePidfd { get; init; }
}
