namespace Engine.Spec;

/// <summary>What a check must know of the machine; gathered by the caller, so that the checks themselves touch nothing.</summary>
public sealed record HostFacts
{
    /// <summary>Says nothing about any machine: every namespace that is joined is somebody else's.</summary>
    public static readonly HostFacts None = new();

    /// <summary>
    /// Whether a namespace file is the network namespace we are in. Joining it is no isolation, hence net.* sysctls are
    /// refused then.
    /// </summary>
    public Func<string, bool> IsOwnNetworkNamespace { get; init; } = static _ => false;

    /// <summary>AppArmor is the kernel's to ask; a profile can be taken.</summary>
    public Func<bool> AppArmorEnabled { get; init; } = static () => false;

    /// <summary>SELinux is the kernel's to ask, and a policy is loaded.</summary>
    public Func<bool> SelinuxEnabled { get; init; } = static () => false;

    /// <summary>The loaded policy of SELinux has this label; true where that cannot be told.</summary>
    public Func<string, bool> SelinuxKnows { get; init; } = static _ => true;

    /// <summary>Where resctrl is mounted; null where it is not.</summary>
    public Func<string?> ResctrlMount { get; init; } = static () => null;
}
