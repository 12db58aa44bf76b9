using Engine.Diagnostics;
using Engine.Mounts;
using Engine.Rpc.Linux;
using Engine.Shared.Linux;
using Engine.Shared.Protocol;

namespace Engine.Lifecycle;

/// <summary>The root file system: cloned in the host's namespace, attached, and entered.</summary>
public static class RootSteps
{
    private const uint CwdMode = 0x1ed; // 0755

    internal static void AddAttach(CreationPlan plan, PlanInput input, SourceSlots sources)
    {
        string path = input.InBundle(input.Config.Root!.Path);
        uint slot = sources.Next("root");
        ulong propagation = HostPropagation(input);
        plan.Host("CloneSource", path, "root.path", host =>
        {
            using SafeFd? source = input.OpenSource(path);
            uint mode = host.CloneSource(slot, SourceFlags.Recursive | SourceFlags.Root, path, source, "root.path").Wait();
            if ((mode & stat_h.S_IFMT) != stat_h.S_IFDIR)
            {
                throw new EngineException($"config.json: root.path: {path} is not a directory");
            }
        });
        // A mount namespace that is joined has its own tree, in which the path may be anything.
        // An ordinary user's supervisor looks nothing up by path; the root is then attached where only the stage finds it.
        uint? place = input.Linux.Namespace("mount") is { IsJoined: false } && !input.IsSetuid ? sources.Next("root") : null;
        if (place is { } slotOfPlace)
        {
            plan.Host("CloneSource", $"{path} (place)", "root.path", host => host.CloneSource(slotOfPlace, SourceFlags.InStage, path, context: "root.path"));
        }

        plan.Container("AttachRoot", $"{(place is null ? "/" : path)} ({Propagation.NameOf(propagation)})", "root", stage => stage.AttachRoot(slot, propagation, place, "root.path"));
    }

    internal static void AddEnter(CreationPlan plan, PlanInput input)
    {
        ulong propagation = Propagation.Parse(input.Linux.RootfsPropagation) ?? 0;
        bool isReadonly = input.Config.Root!.Readonly;
        if (isReadonly && input.Config.Process is { } process)
        {
            // A missing one is made by PrepareProcess, which would be too late here.
            plan.Container("CreateDirectory", process.Cwd, "process.cwd", stage => stage.CreateDirectory(process.Cwd, CwdMode, context: "process.cwd"));
        }

        plan.Container(
            "EnterRoot", isReadonly ? "/ (read-only)" : "/", "root", stage => stage.EnterRoot(propagation, isReadonly, "root"));
    }

    /// <summary>
    /// What keeps mounts made here from reaching the host: slave unless the config wants less. Only "shared" lets them,
    /// which is what the word asks for (config-linux.md, Rootfs Mount Propagation).
    /// </summary>
    internal static ulong HostPropagation(PlanInput input) => Propagation.Parse(input.Linux.RootfsPropagation) switch
    {
        null => mount_h.MS_SLAVE | mount_h.MS_REC,
        ulong asked when (asked & mount_h.MS_SHARED) != 0 => mount_h.MS_SHARED | mount_h.MS_REC,
        ulong asked when (asked & (mount_h.MS_PRIVATE | mount_h.MS_UNBINDABLE)) != 0 => mount_h.MS_PRIVATE | mount_h.MS_REC,
        _ => mount_h.MS_SLAVE | mount_h.MS_REC,
    };
}
