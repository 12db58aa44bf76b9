using System.Text.Json.Serialization;

namespace Engine.Spec;

/// <summary>The payload: of create, and of exec where a caller hands over a process document.</summary>
public sealed record ProcessSpec
{
    public bool Terminal { get; set; }

    /// <summary>Counts only with <see cref="Terminal"/>.</summary>
    public ConsoleSizeSpec? ConsoleSize { get; set; }
    public UserSpec User { get; set; } = new();
    public string[] Args { get; set; } = [];

    /// <summary>Windows.</summary>
    public string? CommandLine { get; set; }

    /// <summary>KEY=VALUE; the last of two with the same key counts.</summary>
    public string[] Env { get; set; } = [];
    public required string Cwd { get; set; }

    /// <summary>Null asks for none at all, as an object without sets does.</summary>
    public CapabilitiesSpec? Capabilities { get; set; }
    public RlimitSpec[] Rlimits { get; set; } = [];
    public bool NoNewPrivileges { get; set; }
    public string? ApparmorProfile { get; set; }
    public string? SelinuxLabel { get; set; }

    /// <summary>Null leaves what the payload inherits.</summary>
    public int? OomScoreAdj { get; set; }
    public SchedulerSpec? Scheduler { get; set; }
    public IoPrioritySpec? IoPriority { get; set; }

    [JsonPropertyName("execCPUAffinity")]
    public CpuAffinitySpec? ExecCpuAffinity { get; set; }
}

/// <summary>Characters.</summary>
public sealed record ConsoleSizeSpec
{
    public required ulong Height { get; set; }
    public required ulong Width { get; set; }
}

/// <summary>Ids of the container's user namespace.</summary>
public sealed record UserSpec
{
    public uint Uid { get; set; }
    public uint Gid { get; set; }

    /// <summary>Null stands for 0022.</summary>
    public uint? Umask { get; set; }
    public uint[] AdditionalGids { get; set; } = [];

    /// <summary>Windows.</summary>
    public string? Username { get; set; }
}

/// <summary>Capability names, as in capabilities(7).</summary>
public sealed record CapabilitiesSpec
{
    public string[] Bounding { get; set; } = [];
    public string[] Effective { get; set; } = [];
    public string[] Inheritable { get; set; } = [];
    public string[] Permitted { get; set; } = [];
    public string[] Ambient { get; set; } = [];
}

/// <summary>A resource limit. 2^64-1 is RLIM_INFINITY.</summary>
public sealed record RlimitSpec
{
    public required string Type { get; set; }
    public required ulong Soft { get; set; }
    public required ulong Hard { get; set; }
}

/// <summary>sched_setattr(2). Times in nanoseconds.</summary>
public sealed record SchedulerSpec
{
    public required string Policy { get; set; }
    public int Nice { get; set; }
    public int Priority { get; set; }
    public string[] Flags { get; set; } = [];
    public ulong Runtime { get; set; }
    public ulong Deadline { get; set; }
    public ulong Period { get; set; }
}

/// <summary>ioprio_set(2).</summary>
public sealed record IoPrioritySpec
{
    public required string Class { get; set; }

    /// <summary>0 (highest) to 7.</summary>
    public int Priority { get; set; }
}

/// <summary>Lists of CPUs, of an exec only.</summary>
public sealed record CpuAffinitySpec
{
    public string? Initial { get; set; }
    public string? Final { get; set; }
}
