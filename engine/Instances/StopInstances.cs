using Engine.Cgroups;
using Engine.Diagnostics;
using Engine.Lifecycle;
using Engine.Rpc.Linux;
using Engine.State;

namespace Engine.Instances;

/// <summary>How instances are stopped.</summary>
/// <param name="Signal">What the payload is asked with.</param>
/// <param name="Patience">How long it is waited for before SIGKILL; one time for all of them, from the moment they were asked.</param>
public sealed record StopRequest(int Signal, TimeSpan Patience);

/// <summary>
/// Stops instances and removes them: all are asked, then they have the same time to end, then SIGKILL, then what is left of them is
/// removed and their poststop hooks run. When it returns they are gone.
/// </summary>
public static class StopInstances
{
    private static readonly TimeSpan Step = TimeSpan.FromMilliseconds(20);

    /// <summary>Stops them; what cannot be stopped does not keep the others from it.</summary>
    /// <param name="instances">Open handles, the caller's; their directories are gone afterwards.</param>
    /// <param name="request">How.</param>
    /// <param name="warn">Is told what is no failure.</param>
    /// <returns>Why some could not be stopped.</returns>
    public static List<EngineException> Run(IReadOnlyList<ContainerHandle> instances, StopRequest request, Action<string> warn)
    {
        var failures = new List<EngineException>();
        Each(instances, failures, instance => Ask(instance, request.Signal));
        long deadline = Environment.TickCount64 + (long)request.Patience.TotalMilliseconds;
        Each(instances, failures, instance => Await(instance, request.Signal, deadline));
        Each(instances, failures, instance => DeleteContainer.Delete(instance, force: true).ForEach(warn));
        return failures;
    }

    private static void Each(IReadOnlyList<ContainerHandle> instances, List<EngineException> failures, Action<ContainerHandle> action)
    {
        foreach (ContainerHandle instance in instances)
        {
            try
            {
                action(instance);
            }
            catch (EngineException error)
            {
                failures.Add(error);
            }
            catch (SyscallException error)
            {
                failures.Add(new EngineException($"instance \"{instance.Id}\": {error.Message}", inner: error));
            }
        }
    }

    private static void Ask(ContainerHandle instance, int signal)
    {
        if (!Runs(instance))
        {
            return;
        }

        try
        {
            // The group, as Apptainer has it: a shell that waits for its program does nothing about a signal of its own.
            instance.KillGroup(signal);
            if (instance.Refresh().Status == ContainerStatus.Paused)
            {
                instance.Resume();
            }
        }
        catch (EngineException) when (!Runs(instance))
        {
            // It ended by itself.
        }
    }

    private static void Await(ContainerHandle instance, int signal, long deadline)
    {
        while (Runs(instance) && !IsDeafAndAlone(instance, signal))
        {
            long left = deadline - Environment.TickCount64;
            if (left <= 0 || instance.WaitUntilStopped(TimeSpan.FromMilliseconds(Math.Min(left, Step.TotalMilliseconds))))
            {
                return;
            }
        }
    }

    // Nothing of it has heard the signal, so nothing is lost by not waiting.
    private static bool IsDeafAndAlone(ContainerHandle instance, int signal) =>
        instance.State is { Status: ContainerStatus.Running, Pid: int pid } && !SignalReach.Reaches(pid, signal)
        && instance.Slots() is { Count: > 0 } slots && CgroupReader.ReadPids(slots).Count <= 1;

    private static bool Runs(ContainerHandle instance) => instance.Refresh().Status is ContainerStatus.Running or ContainerStatus.Paused;
}
