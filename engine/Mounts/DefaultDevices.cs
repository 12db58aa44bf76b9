namespace Engine.Mounts;

/// <summary>A character device every container has.</summary>
/// <param name="Path">In the container.</param>
public readonly record struct DefaultDevice(string Path, uint Major, uint Minor);

/// <summary>A link every container has.</summary>
/// <param name="Path">In the container.</param>
/// <param name="Target">What it holds.</param>
public readonly record struct DefaultLink(string Path, string Target);

/// <summary>
/// What /dev holds besides linux.devices: the specification's "Default Devices", and the links that every runtime makes
/// and programs expect. /dev/console comes with a terminal only.
/// </summary>
public static class DefaultDevices
{
    /// <summary>Permission bits of a node; owner and group are 0.</summary>
    public const uint Mode = 0x1b6; // 0666

    /// <summary>An entry of linux.devices with the same path takes the place of the one here.</summary>
    public static readonly DefaultDevice[] Nodes =
    [
        new("/dev/null", 1, 3),
        new("/dev/zero", 1, 5),
        new("/dev/full", 1, 7),
        new("/dev/random", 1, 8),
        new("/dev/urandom", 1, 9),
        new("/dev/tty", 5, 0),
    ];

    /// <summary>/dev/core is left out where the host has no /proc/kcore, as runc does: see <see cref="CoreLink"/>.</summary>
    public static readonly DefaultLink[] Links =
    [
        new("/dev/fd", "/proc/self/fd"),
        new("/dev/stdin", "/proc/self/fd/0"),
        new("/dev/stdout", "/proc/self/fd/1"),
        new("/dev/stderr", "/proc/self/fd/2"),
        new("/dev/ptmx", "pts/ptmx"),
    ];

    /// <summary>Made where /proc/kcore exists.</summary>
    public static readonly DefaultLink CoreLink = new("/dev/core", "/proc/kcore");
}
