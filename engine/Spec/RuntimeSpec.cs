using System.Text.Json.Serialization;

namespace Engine.Spec;

// config.json of the OCI runtime specification 1.3.0, property by property and without judgement: Schema says what a
// document may look like, Validator what it may ask for. Conventions of every record in this folder: an absent object or
// number is null, an absent list or map is empty, an absent switch is false. Properties have setters because the JSON
// generator gives init-only ones no default.

/// <summary>The whole configuration of a container.</summary>
public sealed record RuntimeSpec
{
    public required string OciVersion { get; set; }
    public ProcessSpec? Process { get; set; }
    public RootSpec? Root { get; set; }
    public string? Hostname { get; set; }
    public string? Domainname { get; set; }

    /// <summary>In the order in which they are mounted.</summary>
    public MountSpec[] Mounts { get; set; } = [];
    public HooksSpec? Hooks { get; set; }
    public Dictionary<string, string> Annotations { get; set; } = [];
    public LinuxSpec? Linux { get; set; }

    /// <summary>Other platforms' sections, only to notice that they are there.</summary>
    public ForeignSpec? Windows { get; set; }
    public ForeignSpec? Solaris { get; set; }
    public ForeignSpec? Vm { get; set; }
    public ForeignSpec? Zos { get; set; }

    [JsonPropertyName("freebsd")]
    public ForeignSpec? FreeBsd { get; set; }
}

/// <summary>A section for another platform; its content is not read.</summary>
public sealed record ForeignSpec;

/// <summary>The root filesystem.</summary>
public sealed record RootSpec
{
    /// <summary>Absolute, or relative to the bundle.</summary>
    public required string Path { get; set; }
    public bool Readonly { get; set; }
}

/// <summary>One entry of <c>mounts</c>.</summary>
public sealed record MountSpec
{
    /// <summary>Path in the container; a relative one counts from "/" (deprecated, and still what some callers write).</summary>
    public required string Destination { get; set; }
    public string? Type { get; set; }

    /// <summary>For a bind: absolute, or relative to the bundle.</summary>
    public string? Source { get; set; }
    public string[] Options { get; set; } = [];

    [JsonPropertyName("uidMappings")]
    public IdMapping[] UidMappings { get; set; } = [];

    [JsonPropertyName("gidMappings")]
    public IdMapping[] GidMappings { get; set; } = [];
}

/// <summary>The six kinds of hooks, each in the order in which they run.</summary>
public sealed record HooksSpec
{
    /// <summary>Deprecated, and what most hook users still write. Runtime namespaces, during create.</summary>
    public HookSpec[] Prestart { get; set; } = [];

    /// <summary>Runtime namespaces, during create, after prestart.</summary>
    public HookSpec[] CreateRuntime { get; set; } = [];

    /// <summary>Container namespaces, during create, path in the runtime's mount namespace.</summary>
    public HookSpec[] CreateContainer { get; set; } = [];

    /// <summary>Container namespaces, at start before the payload.</summary>
    public HookSpec[] StartContainer { get; set; } = [];

    /// <summary>Runtime namespaces, at start after the payload was executed.</summary>
    public HookSpec[] Poststart { get; set; } = [];

    /// <summary>Runtime namespaces, at delete.</summary>
    public HookSpec[] Poststop { get; set; } = [];
}

/// <summary>One hook.</summary>
public sealed record HookSpec
{
    public required string Path { get; set; }

    /// <summary>The whole argument vector with argv[0]; empty stands for the path alone.</summary>
    public string[] Args { get; set; } = [];
    public string[] Env { get; set; } = [];

    /// <summary>Seconds; null for no limit.</summary>
    public long? Timeout { get; set; }
}
