using System.Diagnostics;
using Engine.Linux;
using Engine.Rpc.Linux;
using Engine.Shared.Linux;

namespace Engine.Cgroups;

/// <summary>
/// Ends every process of a container's cgroups and removes them: what delete --force does when no supervisor is there to
/// do it. Runs as the caller, with the caller's rights, on recorded directories only. Doing it again does nothing.
/// </summary>
public static class CgroupRemoval
{
    /// <summary>How long processes may take to die before the rest is reported.</summary>
    public static readonly TimeSpan DefaultLimit = TimeSpan.FromSeconds(10);

    /// <summary>Kills and removes.</summary>
    /// <param name="slots">From the container's state.</param>
    /// <param name="limit">When to give up; null for <see cref="DefaultLimit"/>.</param>
    /// <exception cref="CgroupException">Something is left: says what, and which processes hold it.</exception>
    public static void Remove(IReadOnlyList<CgroupSlot> slots, TimeSpan? limit = null)
    {
        var trees = new List<CgroupTree>();
        try
        {
            foreach (var slot in slots)
            {
                if (CgroupTree.Open(slot) is { } tree)
                    trees.Add(tree);
            }
            var clock = Stopwatch.StartNew();
            var pause = 1;
            while (!Round(trees))
            {
                if (clock.Elapsed > (limit ?? DefaultLimit))
                    throw Left(trees);
                Thread.Sleep(pause);
                pause = Math.Min(pause * 2, 50);
            }
            foreach (var tree in trees)
                tree.RemoveDefaultParent();
        }
        catch (Exception e) when (e is SyscallException or UnauthorizedAccessException)
        {
            throw new CgroupException($"removing cgroups: {e.Message}", null, e);
        }
        finally
        {
            foreach (var tree in trees)
                tree.Dispose();
        }
    }

    /// <summary>One attempt; true when nothing is left. A process that forks while it dies is met by the next round.</summary>
    private static bool Round(List<CgroupTree> trees)
    {
        var pids = Pids(trees);
        if (pids.Count > 0)
            Kill(trees, pids);
        var done = true;
        foreach (var tree in trees)
            done &= tree.TryRemove();
        return done;
    }

    private static void Kill(List<CgroupTree> trees, HashSet<int> pids)
    {
        if (pids.Contains(Environment.ProcessId))
            throw new CgroupException($"this process itself is in the container's cgroup {trees[0].Slot.Directory}", "run the command from outside");
        foreach (var tree in trees.Where(t => t.Slot.Version == CgroupVersion.V2))
            tree.TryWrite("cgroup.kill", "1");
        // Frozen, a v1 tree cannot fork faster than it is killed; the signals take effect with the thaw.
        var freezers = trees.Where(t => t.Slot.Controllers.Contains("freezer") && t.Slot.Version == CgroupVersion.V1).ToList();
        foreach (var tree in freezers)
            tree.TryWrite("freezer.state", "FROZEN");
        pids = Pids(trees);
        var processes = new List<(int Pid, SafeFd Fd)>();
        try
        {
            foreach (var pid in pids.Where(p => p > 0))
            {
                if (Open(pid) is { } fd)
                    processes.Add((pid, fd));
            }
            // A process may have ended, and its id gone to a stranger, before its descriptor was opened: only who is still
            // listed is meant.
            var still = Pids(trees);
            foreach (var (_, fd) in processes.Where(p => still.Contains(p.Pid)))
                Pidfds.Signal(fd, signal_h.SIGKILL);
        }
        finally
        {
            foreach (var (_, fd) in processes)
                fd.Dispose();
            foreach (var tree in freezers)
                tree.WriteEverywhere("freezer.state", "THAWED");
        }
    }

    private static SafeFd? Open(int pid)
    {
        try
        {
            return Pidfds.Open(pid);
        }
        catch (SyscallException e) when (e.Errno == Errno.ESRCH)
        {
            return null;
        }
    }

    private static HashSet<int> Pids(List<CgroupTree> trees) => [.. trees.SelectMany(t => t.Pids())];

    private static CgroupException Left(List<CgroupTree> trees)
    {
        var pids = Pids(trees).Order().ToList();
        var left = trees.Where(t => !t.TryRemove()).Select(t => t.Slot.Directory);
        return new CgroupException(
            $"cgroups cannot be removed: {string.Join(", ", left)} (processes: {(pids.Count == 0 ? "none" : string.Join(", ", pids))})",
            pids.Count == 0 ? "another program uses them" : "the processes do not die; try again when the kernel lets them go");
    }
}
