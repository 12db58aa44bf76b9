using System.Text.Json.Serialization;

namespace Engine.Spec;

/// <summary>The Linux section.</summary>
public sealed record LinuxSpec
{
    public NamespaceSpec[] Namespaces { get; set; } = [];
    public IdMapping[] UidMappings { get; set; } = [];
    public IdMapping[] GidMappings { get; set; } = [];

    /// <summary>By clock: monotonic, boottime.</summary>
    public Dictionary<string, TimeOffsetSpec> TimeOffsets { get; set; } = [];
    public DeviceSpec[] Devices { get; set; } = [];

    /// <summary>By name in the runtime's network namespace.</summary>
    public Dictionary<string, NetDeviceSpec> NetDevices { get; set; } = [];
    public string? CgroupsPath { get; set; }
    public ResourcesSpec? Resources { get; set; }

    /// <summary>private, shared, slave, unbindable, each with or without a leading r.</summary>
    public string? RootfsPropagation { get; set; }
    public SeccompSpec? Seccomp { get; set; }
    public Dictionary<string, string> Sysctl { get; set; } = [];
    public string[] MaskedPaths { get; set; } = [];
    public string[] ReadonlyPaths { get; set; } = [];
    public string? MountLabel { get; set; }
    public IntelRdtSpec? IntelRdt { get; set; }
    public MemoryPolicySpec? MemoryPolicy { get; set; }
    public PersonalitySpec? Personality { get; set; }

    /// <summary>The entry of this type (<c>mount</c>, <c>pid</c>, …), or null: then the runtime's namespace is kept.</summary>
    public NamespaceSpec? Namespace(string type)
    {
        foreach (var ns in Namespaces)
        {
            if (ns.Type == type)
                return ns;
        }
        return null;
    }
}

/// <summary>A namespace that is made, or joined.</summary>
public sealed record NamespaceSpec
{
    public required string Type { get; set; }

    /// <summary>File of the namespace to join; null or empty for a new one.</summary>
    public string? Path { get; set; }

    /// <summary>Joined rather than made.</summary>
    [JsonIgnore]
    public bool IsJoined => !string.IsNullOrEmpty(Path);
}

/// <summary>A range of ids.</summary>
public sealed record IdMapping
{
    [JsonPropertyName("containerID")]
    public required uint ContainerId { get; set; }

    [JsonPropertyName("hostID")]
    public required uint HostId { get; set; }
    public required uint Size { get; set; }
}

/// <summary>Offset of a clock.</summary>
public sealed record TimeOffsetSpec
{
    public long Secs { get; set; }
    public uint Nanosecs { get; set; }
}

/// <summary>A device node.</summary>
public sealed record DeviceSpec
{
    /// <summary>c, b, u (as c) or p.</summary>
    public required string Type { get; set; }
    public required string Path { get; set; }
    public long? Major { get; set; }
    public long? Minor { get; set; }

    /// <summary>As written: with podman the bits of the type are in it. See <see cref="Permissions"/>.</summary>
    public uint? FileMode { get; set; }
    public uint? Uid { get; set; }
    public uint? Gid { get; set; }

    /// <summary>Permission bits of the node; 0666 when nothing was said.</summary>
    [JsonIgnore]
    public uint Permissions => (FileMode ?? 0x1b6) & 0x1ff;
}

/// <summary>A network device that moves into the container.</summary>
public sealed record NetDeviceSpec
{
    /// <summary>Name in the container; null keeps it.</summary>
    public string? Name { get; set; }
}

/// <summary>resctrl.</summary>
public sealed record IntelRdtSpec
{
    [JsonPropertyName("closID")]
    public string? ClosId { get; set; }
    public string[] Schemata { get; set; } = [];
    public string? L3CacheSchema { get; set; }
    public string? MemBwSchema { get; set; }
    public bool EnableMonitoring { get; set; }
}

/// <summary>set_mempolicy(2).</summary>
public sealed record MemoryPolicySpec
{
    public string? Mode { get; set; }
    public string? Nodes { get; set; }
    public string[] Flags { get; set; } = [];
}

/// <summary>personality(2).</summary>
public sealed record PersonalitySpec
{
    public string? Domain { get; set; }
    public string[] Flags { get; set; } = [];
}
