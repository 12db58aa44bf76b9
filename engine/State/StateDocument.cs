using System.Text.Json;
using System.Text.Json.Serialization;

namespace Engine.State;

/// <summary>
/// state.json: the OCI state (the first six members), Apptainer's additions, and the engine's own part. Written by the
/// supervisor; read here.
/// </summary>
public sealed record StateDocument
{
    public string OciVersion { get; set; } = "";
    public string Id { get; set; } = "";
    public string Status { get; set; } = "";

    /// <summary>Host pid of the payload; absent before it exists.</summary>
    public int? Pid { get; set; }
    public string Bundle { get; set; } = "";
    public Dictionary<string, string>? Annotations { get; set; }

    /// <summary>Unix nanoseconds.</summary>
    public long? CreatedAt { get; set; }
    public long? StartedAt { get; set; }
    public long? FinishedAt { get; set; }

    /// <summary>The payload's status, 128+signal, or 255 for a failure of the engine.</summary>
    public int? ExitCode { get; set; }
    public string? ExitDesc { get; set; }
    public string? AttachSocket { get; set; }
    public string? ControlSocket { get; set; }
    public EngineState? Engine { get; set; }

    /// <summary>Start time of <see cref="Pid"/> in clock ticks since boot (see <see cref="EngineState.BootOffset"/>): with the pid it names one process for good.</summary>
    public ulong? StartTime { get; set; }

    /// <summary>Who answers for the container.</summary>
    public SupervisorRecord? Supervisor { get; set; }

    /// <summary>The kernel's out-of-memory killer hit the container.</summary>
    public bool? OomKilled { get; set; }
}

/// <summary>A process, by pid and start time.</summary>
public sealed record SupervisorRecord
{
    public int Pid { get; set; }
    public ulong StartTime { get; set; }
}

/// <summary>What later commands need and the specification has no member for.</summary>
public sealed record EngineState
{
    /// <summary>Of this record.</summary>
    public int Version { get; set; } = 1;

    /// <summary>/proc/sys/kernel/random/boot_id: pids of another boot mean nothing.</summary>
    public string BootId { get; set; } = "";

    /// <summary>
    /// By how many clock ticks the record's start times are larger than those of the initial time namespace; absent in that. The kernel shows
    /// them shifted by the offset of who reads them (time_namespaces(7)), which is another one for another caller.
    /// </summary>
    public long? BootOffset { get; set; }

    /// <summary>No supervisor stays with the container: its status is derived from its processes and from start.sock.</summary>
    public bool Unmonitored { get; set; }

    /// <summary>It was started by name with <c>engine instance</c>.</summary>
    public bool Instance { get; set; }

    /// <summary>root, setuid or rootless: how every later command on the container gets its privilege. Absent in older records, which are root's.</summary>
    public string? Workflow { get; set; }

    /// <summary>The payload has a terminal.</summary>
    public bool Terminal { get; set; }
    public string? LogPath { get; set; }
    public string? LogFormat { get; set; }
    public string? PidFile { get; set; }

    /// <summary>Owner, for list.</summary>
    public uint Uid { get; set; }

    /// <summary>Absolute path of the root file system on the host.</summary>
    public string Rootfs { get; set; } = "";

    /// <summary>Every cgroup directory of the container, by hierarchy.</summary>
    public CgroupRecord[] Cgroups { get; set; } = [];

    /// <summary>The unit that systemd made for the container; absent without systemd's driver.</summary>
    public string? SystemdUnit { get; set; }

    /// <summary>Directories of resctrl that the container's processes are in (linux.intelRdt), in the order in which one joins them.</summary>
    public string[]? ResctrlGroups { get; set; }

    /// <summary>The one of them that was made for this container alone and goes with it.</summary>
    public string? ResctrlOwn { get; set; }
}

/// <summary>One cgroup directory.</summary>
public sealed record CgroupRecord
{
    public string Mountpoint { get; set; } = "";

    /// <summary>Below the mountpoint.</summary>
    public string Path { get; set; } = "";
    public bool Unified { get; set; }
    public bool Freezer { get; set; }
    public string[] Controllers { get; set; } = [];
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    WriteIndented = true,
    IndentCharacter = '\t',
    IndentSize = 1)]
[JsonSerializable(typeof(StateDocument))]
[JsonSerializable(typeof(StateDocument[]))]
internal sealed partial class StateJson : JsonSerializerContext;

/// <summary>The same on one line, as the sync socket has it.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(StateDocument))]
internal sealed partial class StateJsonCompact : JsonSerializerContext;
