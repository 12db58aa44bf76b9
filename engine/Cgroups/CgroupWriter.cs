using Engine.Linux;
using Engine.Rpc.Linux;
using Engine.Shared.Linux;

namespace Engine.Cgroups;

/// <summary>Carries out the steps of an update: the supervisor does while there is one, else the caller's own process.</summary>
public interface ICgroupWriter
{
    /// <summary>Writes one value in one write.</summary>
    /// <exception cref="SyscallException">It was refused, and nothing was changed by it.</exception>
    Task Write(WriteCgroupStep step);

    /// <summary>Exchanges the device program of a cgroup2 directory for another one, in one step.</summary>
    /// <exception cref="SyscallException">It was refused, and the earlier one is in force.</exception>
    Task Exchange(DeviceProgramStep step);
}

/// <summary>
/// Writes with the rights of this process, below directories that it opens itself: for containers whose supervisor is gone.
/// </summary>
/// <param name="slots">From the container's state; a step's slot is an index of them.</param>
public sealed class OwnCgroupWriter(IReadOnlyList<CgroupSlot> slots) : ICgroupWriter
{
    /// <inheritdoc/>
    public Task Write(WriteCgroupStep step)
    {
        if (!TryWrite(slots[step.Slot], step.File, step.Value) && !step.Optional)
        {
            throw new SyscallException("open", $"{step.Directory}/{step.File}", Errno.ENOENT);
        }

        return Task.CompletedTask;
    }

    /// <summary>Only the supervisor holds the program in force, without which it cannot be exchanged.</summary>
    public Task Exchange(DeviceProgramStep step) =>
        throw new SyscallException("bpf", slots[step.Slot].Directory, Errno.EOPNOTSUPP);

    /// <summary>One write to a control file; false when the file or its cgroup is not there.</summary>
    /// <exception cref="SyscallException"/>
    internal static bool TryWrite(CgroupSlot slot, string file, string value)
    {
        using SafeFd? mount = CgroupCalls.OpenMount(slot.Mountpoint);
        using SafeFd? directory = mount is null ? null : CgroupCalls.OpenBelow(mount, slot.Path.Trim('/') is { Length: > 0 } below ? below : ".");
        return directory is not null && CgroupCalls.TryWrite(directory, file, value);
    }
}
