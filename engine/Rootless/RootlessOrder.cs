using Engine.Spec;

namespace Engine.Rootless;

/// <summary>What the planning side must know of the user namespace that the starter is root of. A part of the order to the master.</summary>
public sealed record RootlessOrder
{
    /// <summary>Container id, host id, size; three numbers a range. Empty where it is not known (a namespace that was joined).</summary>
    public uint[] Uids { get; set; } = [];

    /// <summary>The same of group ids.</summary>
    public uint[] Gids { get; set; } = [];

    /// <summary>Nobody in it may set supplementary groups.</summary>
    public bool DeniesGroups { get; set; }

    /// <summary>It is the configuration's own user namespace.</summary>
    public bool IsConfigs { get; set; }

    internal IdMapping[] UidMap => Unpack(Uids);

    internal IdMapping[] GidMap => Unpack(Gids);

    internal static uint[] Pack(IdMapping[] map) => [.. map.SelectMany(range => new[] { range.ContainerId, range.HostId, range.Size })];

    private static IdMapping[] Unpack(uint[] numbers) =>
        [.. numbers.Chunk(3).Where(three => three.Length == 3).Select(three => new IdMapping { ContainerId = three[0], HostId = three[1], Size = three[2] })];
}
