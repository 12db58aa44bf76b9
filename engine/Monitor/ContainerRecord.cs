using System.Text.Json;
using Engine.Cgroups;
using Engine.Diagnostics;
using Engine.Linux;
using Engine.Rpc.Linux;

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
    private const string StateFile = "state.json";
    private const int MaxState = 16 * 1024 * 1024;

    /// <summary>The bytes of state.json, opened by the supervisor. Disposes <paramref name="file"/>.</summary>
    public static byte[] ReadBytes(SafeFd file)
    {
        using (file)
        {
            return Files.ReadAll(file, StateFile, MaxState);
        }
    }

    /// <summary>The record in the document. Read by hand: the serializer's first use would cost a master a fifth of its start.</summary>
    /// <exception cref="EngineException">It is none of ours.</exception>
    public static ContainerRecord Parse(byte[] state)
    {
        try
        {
            using var document = JsonDocument.Parse(state);
            var own = document.RootElement.GetProperty("engine");
            // The creation opens the slots in the order in which it records them.
            var slots = own.GetProperty("cgroups").EnumerateArray().Select(Slot);
            // In a user namespace the caller's uid is another's: there the caller is root.
            uint owner = Identity.IsInUserNamespace ? 0 : own.GetProperty("uid").GetUInt32();
            return new ContainerRecord(document.RootElement.GetProperty("id").GetString() ?? "", owner, [.. slots]);
        }
        catch (Exception error) when (error is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            throw new EngineException($"{StateFile}: {error.Message}", inner: error);
        }
    }

    private static CgroupSlot Slot(JsonElement cgroup, int slot) => new(
        slot,
        cgroup.GetProperty("unified").GetBoolean() ? CgroupVersion.V2 : CgroupVersion.V1,
        cgroup.GetProperty("mountpoint").GetString() ?? "",
        cgroup.GetProperty("path").GetString() ?? "",
        [.. cgroup.GetProperty("controllers").EnumerateArray().Select(name => name.GetString() ?? "")]);
}
