using System.Globalization;
using Engine.Rpc.Linux;

namespace Engine.Cgroups;

/// <summary>
/// The freezer as the caller's own commands touch it, with their own rights, when there is no supervisor that can. While
/// there is one it freezes and thaws, so that what it tells its clients is true.
/// </summary>
public static class CgroupFreezer
{
    // As long as the supervisor waits: a process in an uninterruptible wait freezes when that ends.
    private static readonly TimeSpan Wait = TimeSpan.FromSeconds(5);

    /// <summary>Freezes, and waits until everything is frozen. On failure it is thawed again.</summary>
    /// <param name="freezer">The directory that the state marks as the freezer.</param>
    /// <exception cref="CgroupException">It has no freezer, is gone, or does not freeze in time.</exception>
    public static void Freeze(CgroupSlot freezer)
    {
        try
        {
            Set(freezer, true);
        }
        catch (CgroupException)
        {
            Write(freezer, false);
            throw;
        }
    }

    /// <summary>Thaws, and waits until everything runs again.</summary>
    /// <inheritdoc cref="Freeze"/>
    public static void Unfreeze(CgroupSlot freezer) => Set(freezer, false);

    /// <summary>
    /// Thaws for a kill. On v1 a frozen process takes its SIGKILL only once it is thawed; on v2 it dies frozen, and nothing is
    /// written. A directory that is gone is fine.
    /// </summary>
    public static void Thaw(IReadOnlyList<CgroupSlot> slots)
    {
        foreach (CgroupSlot slot in slots)
        {
            if (slot.Version == CgroupVersion.V1 && slot.Controllers.Contains("freezer"))
            {
                try
                {
                    File.WriteAllText(Path.Combine(slot.Directory, "freezer.state"), "THAWED");
                }
                catch (Exception error) when (error is IOException or UnauthorizedAccessException)
                {
                    // Without the directory nothing is frozen; anything else shows when the process does not end.
                }
            }
        }
    }

    private static void Set(CgroupSlot freezer, bool frozen)
    {
        long deadline = Environment.TickCount64 + (long)Wait.TotalMilliseconds;
        bool isUnified = freezer.Version == CgroupVersion.V2;
        for (int pause = 1; ; pause = Math.Min(pause * 2, 10))
        {
            // v1: in every round, for a process that forked while it froze leaves the cgroup in FREEZING until somebody asks.
            if ((pause == 1 || !isUnified) && !Write(freezer, frozen))
            {
                throw new CgroupException($"cgroup {freezer.Directory}: it is gone, or has no freezer");
            }

            if (CgroupReader.IsFrozen([freezer]) is { } now && now == frozen && (isUnified || Settled(freezer, frozen)))
            {
                return;
            }

            if (Environment.TickCount64 > deadline)
            {
                throw new CgroupException(string.Create(
                    CultureInfo.InvariantCulture, $"cgroup {freezer.Directory}: not {(frozen ? "frozen" : "thawed")} within {Wait.TotalSeconds} s"));
            }

            Thread.Sleep(pause);
        }
    }

    // FREEZING is neither.
    private static bool Settled(CgroupSlot freezer, bool frozen) =>
        CgroupFiles.ReadOrNull(freezer.Directory + "/freezer.state")?.Trim() == (frozen ? "FROZEN" : "THAWED");

    private static bool Write(CgroupSlot freezer, bool frozen)
    {
        (string file, string value) = freezer.Version == CgroupVersion.V2
            ? ("cgroup.freeze", frozen ? "1" : "0")
            : ("freezer.state", frozen ? "FROZEN" : "THAWED");
        try
        {
            return OwnCgroupWriter.TryWrite(freezer, file, value);
        }
        catch (SyscallException error)
        {
            throw new CgroupException($"cgroup {freezer.Directory}: {error.Message}", inner: error);
        }
    }
}
