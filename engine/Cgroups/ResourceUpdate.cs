using Engine.Diagnostics;
using Engine.Rpc.Linux;

namespace Engine.Cgroups;

/// <summary>An update ended at a write that was refused; the message says what holds now.</summary>
public sealed class UpdateException(string message, string operation, string path, int errno, Exception inner)
    : EngineException(message, Diagnostics.ExitCode.Failure, inner)
{
    /// <summary>System call under its C name.</summary>
    public string Operation { get; } = operation;

    /// <summary>What it was about.</summary>
    public string Path { get; } = path;

    /// <summary>Positive errno.</summary>
    public int Errno { get; } = errno;
}

/// <summary>
/// An update as a whole: either every value is written, or those that were are taken back in reverse, which is an order that
/// the kernel takes (each write is undone from the state that it had led to). Values that do not come back are named.
/// </summary>
/// <param name="plan">From <see cref="CgroupPlan.Update"/>.</param>
/// <param name="writer">Who writes.</param>
/// <param name="readFile">As for <see cref="CgroupPlan.Update"/>.</param>
public sealed class ResourceUpdate(CgroupPlan plan, ICgroupWriter writer, Func<string, string?>? readFile = null)
{
    private readonly Func<string, string?> _read = readFile ?? CgroupFiles.ReadOrNull;
    private readonly Stack<Undo> _done = new();

    /// <summary>How one write is taken back: writes, in order, worked out when they are needed; null when nobody knows.</summary>
    private sealed record Undo(WriteCgroupStep Step, Func<IEnumerable<(string File, string Value)>>? Writes);

    /// <summary>Runs it.</summary>
    /// <exception cref="UpdateException">A write was refused.</exception>
    /// <exception cref="CgroupException">The kernel lacks what is asked for; nothing was written.</exception>
    public async Task Run()
    {
        // The cgroup is there, and so are its files: nothing need be written to find one missing.
        foreach (var check in plan.Checks)
            check.Verify();
        // A device program replaces the one before in one step and cannot be read back: last, it never has to be.
        foreach (var step in plan.Steps.OrderBy(s => s is DeviceProgramStep))
            await Carry(step);
    }

    private async Task Carry(CgroupStep step)
    {
        try
        {
            switch (step)
            {
                case WriteCgroupStep write:
                    var undo = Prepare(write);
                    await writer.Write(write);
                    if (undo is not null)
                        _done.Push(undo);
                    break;
                case DeviceProgramStep program:
                    await writer.Exchange(program);
                    break;
                default:
                    throw new InvalidOperationException($"an update does not {step}");
            }
        }
        catch (SyscallException refused)
        {
            var what = step is WriteCgroupStep w ? w.Explain(refused.Text) : $"devices: {refused.Message}";
            throw new UpdateException($"{what}; {await TakeBack()}", refused.Operation, refused.Path, refused.Errno, refused);
        }
    }

    // Null for a file that is not there, and need not be: writing it changes nothing.
    private Undo? Prepare(WriteCgroupStep write)
    {
        if (IsDevices(write))
            return new Undo(write, Devices(write));
        var before = _read($"{write.Directory}/{write.File}");
        if (before is null && write.Optional)
            return null;
        return new Undo(write, EarlierValue.Of(write.File, write.Value, before) is { } value ? () => [(write.File, value)] : null);
    }

    private static bool IsDevices(WriteCgroupStep write) => write.File is "devices.allow" or "devices.deny";

    // The first write to the list brings the whole list back, from whatever it then is.
    private Func<IEnumerable<(string File, string Value)>>? Devices(WriteCgroupStep write)
    {
        if (_done.Any(d => IsDevices(d.Step) && d.Step.Slot == write.Slot))
            return () => [];
        var list = $"{write.Directory}/devices.list";
        return DeviceList.ParseCurrent(_read(list)) is { } before ? () => [.. before.WritesFrom(DeviceList.ParseCurrent(_read(list)))] : null;
    }

    private async Task<string> TakeBack()
    {
        if (_done.Count == 0)
            return "nothing was changed";
        var left = new List<string>();
        while (_done.TryPop(out var undo))
        {
            try
            {
                foreach (var (file, value) in undo.Writes?.Invoke() ?? throw new CgroupException("what was before cannot be read"))
                    await writer.Write(undo.Step with { File = file, Value = value });
            }
            catch (Exception failed) when (failed is SyscallException or CgroupException)
            {
                left.Add($"{undo.Step.JsonPath ?? undo.Step.File} ({undo.Step.Directory}/{undo.Step.File} = {undo.Step.Value}: {failed.Message})");
            }
        }
        return left.Count == 0 ? "the values before are in force again" : "of this update these stay: " + string.Join(", ", left);
    }
}
