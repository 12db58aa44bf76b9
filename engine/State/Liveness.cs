using System.Globalization;
using Engine.Linux;
using Engine.Rpc.Linux;
using Engine.Shared.Linux;

namespace Engine.State;

/// <summary>
/// What a container really is now. state.json is what the supervisor last wrote; when the supervisor is gone, or the
/// machine was started again, the record is compared with the processes and the freezer. Reading changes nothing.
/// </summary>
public static class Liveness
{
    // The kernel's way from a closed descriptor of an ending process to the death signal of its child.
    private static readonly TimeSpan StageDeath = TimeSpan.FromSeconds(2);

    /// <summary>Reads the record of <paramref name="directory"/> and corrects it by what is alive.</summary>
    public static StateDocument Read(ContainerDirectory directory)
    {
        // The question first: a supervisor that finishes between the two answers then shows its last word, not a stale one.
        bool orphan = directory.TryLock();
        if (orphan)
        {
            directory.Unlock();
        }

        StateDocument? recorded = directory.ReadState();
        if (recorded is null)
        {
            return new StateDocument
            {
                Id = directory.Id,
                OciVersion = Spec.OciVersions.Newest,
                Status = orphan ? ContainerStatus.Stopped : ContainerStatus.Creating,
                ExitCode = orphan ? Diagnostics.ExitCode.Failure : null,
                ExitDesc = orphan ? "its creation was cut short" : null,
            };
        }

        if (!orphan || recorded.Status == ContainerStatus.Stopped)
        {
            return recorded;
        }

        return recorded.Engine is { Unmonitored: true } && recorded.Status != ContainerStatus.Creating
            ? Unmonitored(directory, recorded)
            : Orphaned(recorded);
    }

    /// <summary>True when the payload of <paramref name="state"/> lives: same boot, same pid, same start time, no zombie.</summary>
    public static bool PayloadLives(StateDocument state) =>
        SameBoot(state) && state.Pid is int pid && state.StartTime is ulong start && ProcessLives(state, pid, start);

    /// <summary>
    /// True when the process that <paramref name="state"/> records with <paramref name="startTime"/> still runs under <paramref name="pid"/>.
    /// A tick more or less is the same: an offset may be no whole number of ticks, and no pid is given away twice in that time.
    /// </summary>
    public static bool ProcessLives(StateDocument state, int pid, ulong startTime)
    {
        ulong shift = (ulong)(TimeNamespace.BootTicks - (state.Engine?.BootOffset ?? 0));
        return ReadStat(pid) is { } stat && stat.StartTime - shift - startTime + 1 <= 2 && stat.Letter is not ('Z' or 'X');
    }

    /// <summary>Start time and state letter of a process, fields 22 and 3 of /proc/PID/stat; null when there is none.</summary>
    public static (ulong StartTime, char Letter)? ReadStat(int pid)
    {
        string text;
        try
        {
            text = File.ReadAllText(string.Create(CultureInfo.InvariantCulture, $"/proc/{pid}/stat"));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return null;
        }

        return ParseStat(text);
    }

    /// <summary>The same of the file's text; null when it is none. The command name is the process's own: parentheses, blanks, newlines, digits.</summary>
    internal static (ulong StartTime, char Letter)? ParseStat(string text)
    {
        // It stands in parentheses, and nothing behind it has one.
        int close = text.LastIndexOf(')');
        string[] fields = close < 0 || close + 2 > text.Length ? [] : text[(close + 2)..].Split(' ');
        return fields.Length > 19 && fields[0].Length == 1 && ulong.TryParse(fields[19], NumberStyles.None, CultureInfo.InvariantCulture, out ulong start)
            ? (start, fields[0][0])
            : null;
    }

    /// <summary>The id of this boot.</summary>
    public static string BootId()
    {
        try
        {
            return File.ReadAllText("/proc/sys/kernel/random/boot_id").Trim();
        }
        catch (IOException)
        {
            return "";
        }
    }

    private static bool SameBoot(StateDocument state) => state.Engine is null || state.Engine.BootId.Length == 0 || state.Engine.BootId == BootId();

    // Nobody writes down what becomes of it. Frozen before everything else, as runc has it; its exit code is its parent's alone.
    private static StateDocument Unmonitored(ContainerDirectory directory, StateDocument recorded)
    {
        if (!PayloadLives(recorded))
        {
            return recorded with { Status = ContainerStatus.Stopped };
        }

        return recorded with
        {
            Status = IsFrozen(recorded) ? ContainerStatus.Paused : directory.AwaitsStart() ? ContainerStatus.Created : ContainerStatus.Running,
        };
    }

    private static StateDocument Orphaned(StateDocument recorded)
    {
        if (recorded.Status is ContainerStatus.Running or ContainerStatus.Paused or ContainerStatus.Created && Survives(recorded))
        {
            return recorded with { Status = IsFrozen(recorded) ? ContainerStatus.Paused : ContainerStatus.Running };
        }

        return recorded with
        {
            Status = ContainerStatus.Stopped,
            ExitCode = Diagnostics.ExitCode.Failure,
            ExitDesc = "unknown: its supervisor was killed or the machine restarted",
        };
    }

    // A stage that waits for its start dies with the supervisor, a moment after the lock is free. One that lives on has become the payload
    // before the supervisor could write so.
    private static bool Survives(StateDocument recorded)
    {
        if (recorded.Status != ContainerStatus.Created || !PayloadLives(recorded) || !IsStage(recorded.Pid!.Value))
        {
            return PayloadLives(recorded);
        }

        try
        {
            using SafeFd pidfd = Pidfds.Open(recorded.Pid!.Value);
            return !Pidfds.WaitForEnd(pidfd, StageDeath) && PayloadLives(recorded);
        }
        catch (SyscallException error) when (error.Errno == Errno.ESRCH)
        {
            return false;
        }
    }

    // Its name until its execve. A payload that takes the name makes the question slower, not the answer wrong.
    private static bool IsStage(int pid)
    {
        try
        {
            return File.ReadAllText(string.Create(CultureInfo.InvariantCulture, $"/proc/{pid}/comm")).StartsWith("starter:", StringComparison.Ordinal);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    private static bool IsFrozen(StateDocument state)
    {
        foreach (CgroupRecord cgroup in state.Engine?.Cgroups ?? [])
        {
            if (cgroup.Freezer)
            {
                string file = cgroup.Unified ? "cgroup.freeze" : "freezer.state";
                try
                {
                    string value = File.ReadAllText($"{cgroup.Mountpoint}/{cgroup.Path.TrimStart('/')}/{file}").Trim();
                    return value is "1" or "FROZEN" or "FREEZING";
                }
                catch (IOException)
                {
                    return false;
                }
            }
        }

        return false;
    }
}
