namespace Engine.Cgroups.Systemd;

/// <summary>
/// The process that keeps a scope until the container's own is in it counts to pids.max: a limit of one process would let no
/// second one be born there. Such a limit is two while the container is created.
/// </summary>
internal static class UnitHolder
{
    private const string File = "pids.max";
    private const string Tight = "1";
    private const string Roomy = "2";

    /// <summary>The steps with room for the holder.</summary>
    public static IReadOnlyList<CgroupStep> LeaveRoom(IReadOnlyList<CgroupStep> steps) => Replace(steps, Tight, Roomy);

    /// <summary>What of a roomy plan is to hold once the holder is gone: nothing where the limit was not tight.</summary>
    public static IReadOnlyList<CgroupStep> Tighten(IReadOnlyList<CgroupStep> steps, long? limit) =>
        limit == 1 ? [.. Replace(steps, Roomy, Tight).OfType<WriteCgroupStep>().Where(write => write.File == File)] : [];

    private static List<CgroupStep> Replace(IReadOnlyList<CgroupStep> steps, string from, string to) =>
        [.. steps.Select(step => step is WriteCgroupStep { File: File } write && write.Value == from ? write with { Value = to } : step)];
}
