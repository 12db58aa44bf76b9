namespace Engine.Shared.Protocol;

/// <summary>Where containers live that name no cgroup.</summary>
public static class CgroupParent
{
    /// <summary>
    /// Directory below each cgroup mount. The supervisor of the last container in it removes it, whoever made it; every other
    /// parent is removed by the supervisor that made it, or stays.
    /// </summary>
    public static System.ReadOnlySpan<byte> Default => "engine-oci"u8;
}
