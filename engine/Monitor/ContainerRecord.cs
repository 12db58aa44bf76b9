using System.Text.Json;
using Engine.Cgroups;
using Engine.Diagnostics;
using Engine.Linux;
using Engine.Rpc.Linux;
using Engine.State;

namespace Engine.Monitor;

/// <summary>
/// What the master knows of the container beyond its configuration, from state.json, which it itself composed and the
/// supervisor keeps. The master may be another process than the one that created the container.
/// </summary>
/// <param name="Id">Container id.</param>
/// <param name="OwnerUid">Who may use the control socket beside root.</param>
/// <param name="Cgroups">Its cgroup directories, by the supervisor's slot numbers.</param>
public sealed record ContainerRecord(string Id, uint OwnerUid, IReadOnlyList<CgroupSlot> Cgroups)
{
    private const int MaxState = 16 * 1024 * 1024;

    /// <summary>The bytes of state.json, opened by the supervisor. Disposes <paramref name="file"/>.</summary>
    public static byte[] ReadBytes(SafeFd file)
    {
        using (file)
        {
            return Files.ReadAll(file, ContainerFiles.State, MaxState);
        }
    }

    /// <summary>The record in the document.</summary>
    /// <exception cref="EngineException">It is none of ours.</exception>
    public static ContainerRecord Parse(byte[] state)
    {
        StateDocument? document;
        try
        {
            document = JsonSerializer.Deserialize(state, StateJson.Default.StateDocument);
        }
        catch (JsonException error)
        {
            throw new EngineException($"{ContainerFiles.State}: {error.Message}", inner: error);
        }

        if (document?.Engine is not { } own)
        {
            throw new EngineException($"{ContainerFiles.State}: the member \"engine\" is missing");
        }

        // The creation opens the slots in the order in which it records them.
        var slots = own.Cgroups.Select((cgroup, slot) => new CgroupSlot(
            slot, cgroup.Unified ? CgroupVersion.V2 : CgroupVersion.V1, cgroup.Mountpoint, cgroup.Path, cgroup.Controllers));
        return new ContainerRecord(document.Id, own.Uid, [.. slots]);
    }

    private static class ContainerFiles
    {
        public const string State = "state.json";
    }
}
