namespace Engine.Cgroups;

/// <summary>What a device rule is about; the values are the kernel's BPF_DEVCG_ACC_*.</summary>
[Flags]
public enum DeviceAccess
{
    None = 0,
    Mknod = 1,
    Read = 2,
    Write = 4,
    All = Mknod | Read | Write,
}

/// <summary>Kind of device; <see cref="Block"/> and <see cref="Char"/> are the kernel's BPF_DEVCG_DEV_*.</summary>
public enum DeviceKind
{
    All = 0,
    Block = 1,
    Char = 2,
}

/// <summary>
/// One entry of linux.resources.devices, checked. The entries of a list hold one after the other: for each kind of access
/// (read, write, mknod) the last entry that covers the device and that access decides; what no entry covers is denied, as
/// runc and crun have it once there is any rule.
/// </summary>
/// <param name="Allow">Allow or deny.</param>
/// <param name="Kind">Block, char or both.</param>
/// <param name="Major">Major number, or null for every one.</param>
/// <param name="Minor">Minor number, or null for every one.</param>
/// <param name="Access">Not empty.</param>
/// <param name="JsonPath">Where the entry stands, for error texts.</param>
public sealed record DeviceRule(bool Allow, DeviceKind Kind, uint? Major, uint? Minor, DeviceAccess Access, string JsonPath)
{
    /// <summary>
    /// Allowed after the config's own rules (those of runc and crun): every node may be made, the devices that the
    /// specification makes a runtime supply may be used, and so may terminals and ptmx.
    /// </summary>
    public static IReadOnlyList<DeviceRule> Defaults { get; } =
    [
        Default(DeviceKind.Char, null, null, DeviceAccess.Mknod),
        Default(DeviceKind.Block, null, null, DeviceAccess.Mknod),
        Default(DeviceKind.Char, 1, 3, DeviceAccess.All), // null
        Default(DeviceKind.Char, 1, 5, DeviceAccess.All), // zero
        Default(DeviceKind.Char, 1, 7, DeviceAccess.All), // full
        Default(DeviceKind.Char, 1, 8, DeviceAccess.All), // random
        Default(DeviceKind.Char, 1, 9, DeviceAccess.All), // urandom
        Default(DeviceKind.Char, 5, 0, DeviceAccess.All), // tty
        Default(DeviceKind.Char, 5, 2, DeviceAccess.All), // ptmx
        Default(DeviceKind.Char, 136, null, DeviceAccess.All), // pts
    ];

    /// <summary>The rule speaks of every device.</summary>
    public bool CoversAllDevices => Kind == DeviceKind.All && Major is null && Minor is null;

    /// <summary>The rule speaks of this device.</summary>
    public bool Covers(DeviceKind kind, uint major, uint minor) =>
        (Kind == DeviceKind.All || Kind == kind) && (Major is null || Major == major) && (Minor is null || Minor == minor);

    private static DeviceRule Default(DeviceKind kind, uint? major, uint? minor, DeviceAccess access) =>
        new(true, kind, major, minor, access, "default devices");
}
