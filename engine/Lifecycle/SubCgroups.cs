using Engine.Cgroups;
using Engine.Diagnostics;
using Engine.Linux;
using Engine.Rpc.Linux;
using Engine.Shared.Linux;

namespace Engine.Lifecycle;

/// <summary>
/// The cgroups that a further process is put into: the container's own, or existing ones below them
/// (<c>--cgroup [CONTROLLER[,CONTROLLER...]:]PATH</c>).
/// </summary>
public sealed class SubCgroups
{
    /// <summary>The container's own.</summary>
    public static readonly SubCgroups Own = new([], null);

    private readonly Dictionary<string, string> _byController;
    private readonly string? _everywhere;

    private SubCgroups(Dictionary<string, string> byController, string? everywhere)
    {
        _byController = byController;
        _everywhere = everywhere;
    }

    /// <summary>From the values of the option. Without a controller a path is for every hierarchy, and must be the only one.</summary>
    /// <exception cref="EngineException">In runc's words.</exception>
    public static SubCgroups Parse(IReadOnlyList<string> values)
    {
        var paths = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (string value in values)
        {
            int colon = value.IndexOf(':', StringComparison.Ordinal);
            if (colon < 0)
            {
                return values.Count == 1
                    ? new SubCgroups([], value)
                    : throw new EngineException($"invalid --cgroup argument: {Printable.Of(value)} (missing <controller>: prefix)");
            }

            foreach (string controller in value[..colon].Split(','))
            {
                if (controller.Length == 0)
                {
                    throw new EngineException($"invalid --cgroup argument: {Printable.Of(value)} (empty <controller> prefix)");
                }

                if (!paths.TryAdd(controller, value[(colon + 1)..]))
                {
                    throw new EngineException($"invalid --cgroup argument(s): controller {Printable.Of(controller)} specified multiple times");
                }
            }
        }

        return new SubCgroups(paths, null);
    }

    /// <summary>O_PATH descriptors of the directories, in the order of the slots; the caller owns them.</summary>
    /// <param name="slots">The container's.</param>
    /// <param name="init">Pid of its first process.</param>
    /// <exception cref="EngineException">One does not exist, or is not below the container's.</exception>
    public List<SafeFd> Open(IReadOnlyList<CgroupSlot> slots, int init)
    {
        RefuseUnknown(slots);
        var directories = new List<SafeFd>();
        try
        {
            foreach (CgroupSlot slot in slots)
            {
                directories.Add(Open(slot, init));
            }

            return directories;
        }
        catch
        {
            directories.ForEach(directory => directory.Dispose());
            throw;
        }
    }

    private SafeFd Open(CgroupSlot slot, int init)
    {
        var own = Files.Open(slot.Directory, fcntl_h.O_PATH | O_DIRECTORY | O_NOFOLLOW);
        if (Below(slot) is not { } below || below.Trim('/').Length == 0)
        {
            return Occupied(slot, own, init);
        }

        using (own)
        {
            try
            {
                return CgroupCalls.OpenBelow(own, below.Trim('/'))
                    ?? throw new EngineException($"--cgroup {Printable.Of(below)}: {slot.Directory}/{Printable.Of(below.Trim('/'))}: no such file or directory");
            }
            catch (SyscallException error)
            {
                throw new EngineException($"--cgroup: {Printable.Of(below)} is not a sub cgroup path: {error.Message}", inner: error);
            }
        }
    }

    // A payload that manages cgroups itself (systemd) has moved into one below its own and passes controllers on: no process may be put
    // into the container's cgroup any more (cgroup-v2.rst, No Internal Process Constraint). As in runc, the new one goes where the first is.
    private static SafeFd Occupied(CgroupSlot slot, SafeFd own, int init)
    {
        if (slot.Version != CgroupVersion.V2 || CgroupFiles.Words(CgroupFiles.ReadOrNull(slot.Directory + "/cgroup.subtree_control")).Length == 0
            || CgroupLayout.PathOf(init) is not { } path || path == slot.Path || !CgroupPath.IsWithin(path, slot.Path))
        {
            return own;
        }

        // Gone again: the kernel's refusal is the answer, and the caller tries anew.
        SafeFd? below = CgroupCalls.OpenBelow(own, path[(slot.Path.Length + 1)..]);
        if (below is null)
        {
            return own;
        }

        own.Dispose();
        return below;
    }

    private string? Below(CgroupSlot slot) =>
        _everywhere ?? slot.Controllers.Select(controller => _byController.GetValueOrDefault(controller)).FirstOrDefault(path => path is not null);

    private void RefuseUnknown(IReadOnlyList<CgroupSlot> slots)
    {
        foreach (string controller in _byController.Keys)
        {
            if (!slots.Any(slot => slot.Controllers.Contains(controller)))
            {
                throw new EngineException($"--cgroup: unknown controller {Printable.Of(controller)}; the container has {string.Join(", ", slots.SelectMany(slot => slot.Controllers))}");
            }
        }
    }
}
