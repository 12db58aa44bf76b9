using Engine.Linux;
using Engine.Rpc.Linux;

namespace Engine.Cgroups;

/// <summary>
/// A container's cgroup in one hierarchy and everything below it, held by descriptors: whatever happens to the path, what
/// is read, written and removed is below the recorded cgroup of a real cgroup filesystem.
/// </summary>
internal sealed class CgroupTree : IDisposable
{
    private readonly SafeFd _parent;
    private readonly string _name;

    private CgroupTree(CgroupSlot slot, SafeFd parent, string name)
    {
        Slot = slot;
        _parent = parent;
        _name = name;
    }

    /// <summary>Where it was recorded to be.</summary>
    public CgroupSlot Slot { get; }

    /// <summary>Opens the tree; null when its hierarchy or its parent is gone, so that nothing is left of it.</summary>
    /// <exception cref="CgroupException">The record names something that is no cgroup of ours to touch.</exception>
    public static CgroupTree? Open(CgroupSlot slot)
    {
        var components = slot.Path.Split('/', StringSplitOptions.RemoveEmptyEntries);
        if (components.Length == 0 || components.Any(c => c is "." or ".."))
            throw new CgroupException($"cgroup {slot.Mountpoint} {slot.Path}: not a path below the root cgroup, so it is left alone");
        try
        {
            using var mount = CgroupCalls.OpenMount(slot.Mountpoint);
            if (mount is null)
                return null;
            var parentPath = components.Length == 1 ? "." : string.Join('/', components[..^1]);
            return CgroupCalls.OpenBelow(mount, parentPath) is { } parent ? new CgroupTree(slot, parent, components[^1]) : null;
        }
        catch (SyscallException e)
        {
            throw new CgroupException($"cgroup {slot.Directory}: {e.Message}", "the record does not lead to a cgroup filesystem, so nothing was touched", e);
        }
    }

    /// <summary>Pids in the whole tree. 0 stands for a process of a pid namespace that this process does not see.</summary>
    public IReadOnlyList<int> Pids() => [.. Directories().SelectMany(PidsOf)];

    /// <summary>Writes to a file of the cgroup itself; false when there is no such file or no such cgroup.</summary>
    public bool TryWrite(string file, string value) => Write(Root + "/" + file, value);

    /// <summary>Writes to a file of every cgroup of the tree that has it.</summary>
    public void WriteEverywhere(string file, string value)
    {
        foreach (var directory in Directories())
            Write(directory + "/" + file, value);
    }

    /// <summary>Removes the tree from its leaves up; true when nothing is left.</summary>
    public bool TryRemove() => Remove(_parent, _name);

    /// <summary>Removes the parent if the engine made it for default paths and no other container is in it.</summary>
    public void RemoveDefaultParent()
    {
        var components = Slot.Path.Split('/', StringSplitOptions.RemoveEmptyEntries);
        if (components.Length < 2 || components[^2] != CgroupPath.DefaultParent)
            return;
        using var mount = CgroupCalls.OpenMount(Slot.Mountpoint);
        using var above = mount is null ? null : CgroupCalls.OpenBelow(mount, components.Length == 2 ? "." : string.Join('/', components[..^2]));
        if (above is not null)
            CgroupCalls.TryRemove(above, CgroupPath.DefaultParent);
    }

    /// <inheritdoc/>
    public void Dispose() => _parent.Dispose();

    // Opened anew through the descriptor each time: the magic link leads to the directory itself, wherever its path is now.
    private string Root => $"/proc/self/fd/{_parent.Value}/{_name}";

    /// <summary>Parents before children; what vanishes meanwhile is left out.</summary>
    private List<string> Directories()
    {
        var all = new List<string>();
        if (Directory.Exists(Root))
            all.Add(Root);
        for (var i = 0; i < all.Count; i++)
            all.AddRange(Children(all[i]));
        return all;
    }

    private static string[] Children(string directory)
    {
        try
        {
            return Directory.GetDirectories(directory);
        }
        catch (DirectoryNotFoundException)
        {
            // Removed by its owner since it was listed.
            return [];
        }
    }

    private static IEnumerable<int> PidsOf(string directory)
    {
        // Of a threaded cgroup only the threads can be read; any thread id stands for its process here.
        var text = CgroupFiles.ReadOrNull(directory + "/cgroup.procs") ?? CgroupFiles.ReadOrNull(directory + "/cgroup.threads");
        return CgroupFiles.Words(text).Where(word => int.TryParse(word, out _)).Select(int.Parse);
    }

    private static bool Write(string path, string value)
    {
        try
        {
            using var file = new FileStream(path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite, bufferSize: 0);
            file.Write(System.Text.Encoding.ASCII.GetBytes(value));
            return true;
        }
        catch (IOException)
        {
            return false;
        }
    }

    private static bool Remove(SafeFd parent, string name)
    {
        if (CgroupCalls.TryRemove(parent, name))
            return true;
        using var self = CgroupCalls.OpenBelow(parent, name);
        if (self is null)
            return true;
        var empty = true;
        foreach (var child in Children($"/proc/self/fd/{self.Value}"))
            empty &= Remove(self, Path.GetFileName(child));
        return empty && CgroupCalls.TryRemove(parent, name);
    }
}
