using System.Text.Json.Serialization;

namespace Engine.Spec;

/// <summary>Limits, of create and of update. A null number changes nothing.</summary>
public sealed record ResourcesSpec
{
    /// <summary>Device rules in the order in which they apply.</summary>
    public DeviceRuleSpec[] Devices { get; set; } = [];
    public MemorySpec? Memory { get; set; }
    public CpuSpec? Cpu { get; set; }
    public PidsSpec? Pids { get; set; }

    [JsonPropertyName("blockIO")]
    public BlockIoSpec? BlockIo { get; set; }
    public HugepageLimitSpec[] HugepageLimits { get; set; } = [];
    public NetworkSpec? Network { get; set; }

    /// <summary>By device.</summary>
    public Dictionary<string, RdmaSpec> Rdma { get; set; } = [];

    /// <summary>cgroup2 file name to what is written into it.</summary>
    public Dictionary<string, string> Unified { get; set; } = [];
}

/// <summary>A device rule.</summary>
public sealed record DeviceRuleSpec
{
    public required bool Allow { get; set; }

    /// <summary>a, b or c; null or empty for a.</summary>
    public string? Type { get; set; }

    /// <summary>Null (or -1) for all.</summary>
    public long? Major { get; set; }
    public long? Minor { get; set; }

    /// <summary>Of r, w, m.</summary>
    public string? Access { get; set; }
}

/// <summary>Bytes; -1 for no limit.</summary>
public sealed record MemorySpec
{
    public long? Limit { get; set; }
    public long? Reservation { get; set; }

    /// <summary>Memory and swap together, as cgroup v1 counts.</summary>
    public long? Swap { get; set; }
    public long? Kernel { get; set; }

    [JsonPropertyName("kernelTCP")]
    public long? KernelTcp { get; set; }

    /// <summary>0 to 100.</summary>
    public ulong? Swappiness { get; set; }

    [JsonPropertyName("disableOOMKiller")]
    public bool? DisableOomKiller { get; set; }
    public bool? UseHierarchy { get; set; }
    public bool? CheckBeforeUpdate { get; set; }
}

/// <summary>Times in microseconds.</summary>
public sealed record CpuSpec
{
    public ulong? Shares { get; set; }

    /// <summary>Negative for no limit.</summary>
    public long? Quota { get; set; }
    public ulong? Burst { get; set; }
    public ulong? Period { get; set; }
    public long? RealtimeRuntime { get; set; }
    public ulong? RealtimePeriod { get; set; }
    public string? Cpus { get; set; }
    public string? Mems { get; set; }

    /// <summary>0 or 1.</summary>
    public long? Idle { get; set; }
}

/// <summary>Number of tasks.</summary>
public sealed record PidsSpec
{
    /// <summary>Negative for no limit.</summary>
    public required long Limit { get; set; }
}

/// <summary>Block devices. Weights 10 to 1000, rates in bytes or operations a second.</summary>
public sealed record BlockIoSpec
{
    public ushort? Weight { get; set; }
    public ushort? LeafWeight { get; set; }
    public WeightDeviceSpec[] WeightDevice { get; set; } = [];
    public ThrottleDeviceSpec[] ThrottleReadBpsDevice { get; set; } = [];
    public ThrottleDeviceSpec[] ThrottleWriteBpsDevice { get; set; } = [];

    [JsonPropertyName("throttleReadIOPSDevice")]
    public ThrottleDeviceSpec[] ThrottleReadIopsDevice { get; set; } = [];

    [JsonPropertyName("throttleWriteIOPSDevice")]
    public ThrottleDeviceSpec[] ThrottleWriteIopsDevice { get; set; } = [];
}

/// <summary>Weight of one block device.</summary>
public sealed record WeightDeviceSpec
{
    public required long Major { get; set; }
    public required long Minor { get; set; }
    public ushort? Weight { get; set; }
    public ushort? LeafWeight { get; set; }
}

/// <summary>Ceiling of one block device.</summary>
public sealed record ThrottleDeviceSpec
{
    public required long Major { get; set; }
    public required long Minor { get; set; }
    public ulong Rate { get; set; }
}

/// <summary>Ceiling for one size of huge pages.</summary>
public sealed record HugepageLimitSpec
{
    /// <summary>As 2MB, 64KB, 1GB.</summary>
    public required string PageSize { get; set; }

    /// <summary>Bytes.</summary>
    public required ulong Limit { get; set; }
}

/// <summary>net_cls and net_prio of cgroup v1.</summary>
public sealed record NetworkSpec
{
    [JsonPropertyName("classID")]
    public uint? ClassId { get; set; }
    public InterfacePrioritySpec[] Priorities { get; set; } = [];
}

/// <summary>Priority of traffic through one interface.</summary>
public sealed record InterfacePrioritySpec
{
    public required string Name { get; set; }
    public required uint Priority { get; set; }
}

/// <summary>Ceiling of one RDMA device.</summary>
public sealed record RdmaSpec
{
    public uint? HcaHandles { get; set; }
    public uint? HcaObjects { get; set; }
}
