using System.Globalization;
using Engine.Cgroups;
using Engine.Diagnostics;
using Engine.Lifecycle;
using Engine.Linux;
using Engine.Rpc.Linux;
using Engine.Shared.Linux;
using Engine.State;

namespace Engine.Instances;

/// <summary>What an instance uses, from two looks at its cgroups.</summary>
/// <param name="CpuPercent">Of one processor, between the looks; null when it is not measured.</param>
/// <param name="Now">The second look.</param>
public sealed record UseSample(double? CpuPercent, CgroupStats Now)
{
    /// <summary>Bytes that it may use: its limit, or the machine's memory.</summary>
    public long MemoryLimit => Now.MemoryLimit is { } limit ? Math.Min(limit, MachineMemory) : MachineMemory;

    /// <summary>Part of it that is in use; null when it is not measured.</summary>
    public double? MemoryPercent => Now.MemoryCurrent is { } used && MemoryLimit > 0 ? 100.0 * used / MemoryLimit : null;

    private static long MachineMemory { get; } = ReadMachineMemory();

    private static long ReadMachineMemory()
    {
        string line = File.ReadLines("/proc/meminfo").First();
        return long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) * 1024;
    }
}

/// <summary>Looks at the cgroups of a running instance, again and again. Owns a pidfd of its payload.</summary>
public sealed class InstanceUse : IDisposable
{
    private readonly IReadOnlyList<CgroupSlot> _slots;
    private readonly SafeFd _payload;
    private CgroupStats _last;
    private long _when;

    private InstanceUse(IReadOnlyList<CgroupSlot> slots, SafeFd payload)
    {
        _slots = slots;
        _payload = payload;
        (_last, _when) = (CgroupReader.ReadStats(slots), Environment.TickCount64);
    }

    /// <summary>Begins with a first look.</summary>
    /// <exception cref="EngineException">It does not run, or has no cgroups.</exception>
    public static InstanceUse Open(ContainerHandle instance)
    {
        StateDocument state = instance.State;
        if (instance.Slots() is not { Count: > 0 } slots)
        {
            throw new EngineException($"instance \"{instance.Id}\" has no cgroup, so nothing counts what it uses");
        }

        SafeFd payload;
        try
        {
            payload = Pidfds.Open(state.Pid ?? 0);
        }
        catch (SyscallException error) when (error.Errno is Errno.ESRCH or Errno.EINVAL)
        {
            throw Ended(instance, error);
        }

        if (Liveness.PayloadLives(state))
        {
            return new InstanceUse(slots, payload);
        }

        payload.Dispose();
        throw Ended(instance);
    }

    /// <summary>Waits and looks again; null when the instance ends meanwhile.</summary>
    public UseSample? Next(TimeSpan interval)
    {
        if (Pidfds.WaitForEnd(_payload, interval))
        {
            return null;
        }

        (CgroupStats before, long then) = (_last, _when);
        (_last, _when) = (CgroupReader.ReadStats(_slots), Environment.TickCount64);
        double microseconds = Math.Max(1, _when - then) * 1000.0;
        return new UseSample(100.0 * (_last.CpuUsage - before.CpuUsage) / microseconds, _last);
    }

    /// <inheritdoc/>
    public void Dispose() => _payload.Dispose();

    private static EngineException Ended(ContainerHandle instance, Exception? inner = null) =>
        new($"instance \"{instance.Id}\" does not run: it is {instance.State.Status}", inner: inner);
}
