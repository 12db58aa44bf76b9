namespace Engine.Spec;

/// <summary>A system call filter, in libseccomp's names.</summary>
public sealed record SeccompSpec
{
    public required string DefaultAction { get; set; }

    /// <summary>Null stands for EPERM.</summary>
    public uint? DefaultErrnoRet { get; set; }

    /// <summary>SCMP_ARCH_*; empty stands for the machine's own.</summary>
    public string[] Architectures { get; set; } = [];

    /// <summary>SECCOMP_FILTER_FLAG_*.</summary>
    public string[] Flags { get; set; } = [];
    public string? ListenerPath { get; set; }
    public string? ListenerMetadata { get; set; }
    public SyscallRuleSpec[] Syscalls { get; set; } = [];

    /// <summary>Some system call is put before a listener.</summary>
    [System.Text.Json.Serialization.JsonIgnore]
    public bool Notifies => DefaultAction == "SCMP_ACT_NOTIFY" || Syscalls.Any(static rule => rule.Action == "SCMP_ACT_NOTIFY");
}

/// <summary>One rule, for each of its names.</summary>
public sealed record SyscallRuleSpec
{
    /// <summary>Names this libseccomp does not know are no error: profiles are written for newer kernels.</summary>
    public required string[] Names { get; set; }
    public required string Action { get; set; }

    /// <summary>Null stands for EPERM.</summary>
    public uint? ErrnoRet { get; set; }
    public SyscallArgSpec[] Args { get; set; } = [];
}

/// <summary>One comparison of an argument.</summary>
public sealed record SyscallArgSpec
{
    /// <summary>0 to 5.</summary>
    public required uint Index { get; set; }

    /// <summary>The datum, or the mask of SCMP_CMP_MASKED_EQ.</summary>
    public required ulong Value { get; set; }

    /// <summary>The datum of SCMP_CMP_MASKED_EQ.</summary>
    public ulong ValueTwo { get; set; }
    public required string Op { get; set; }
}
