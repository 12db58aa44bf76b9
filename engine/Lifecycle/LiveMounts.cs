using Engine.Cgroups;
using Engine.Diagnostics;
using Engine.Linux;
using Engine.Rootless;
using Engine.Rpc;
using Engine.Rpc.Client;
using Engine.Rpc.Linux;
using Engine.Rpc.Transport;
using Engine.Shared.Protocol;
using Engine.Spec;

namespace Engine.Lifecycle;

/// <summary>
/// Mounts of a container that runs (decision 0021). The steps are those of a creation, with the stored configuration, and so are the servers:
/// a one-shot starter clones the sources on the host, its child is the container-side server, inside the container. What was attached is
/// taken back unless everything was; what is to go goes once everything was found.
/// </summary>
public static class LiveMounts
{
    /// <summary>Adds the mounts of <paramref name="document"/>, all or none.</summary>
    /// <param name="container">Created or running.</param>
    /// <param name="document">A JSON list of mounts. Relative sources are the bundle's, as in config.json.</param>
    /// <param name="file">How messages name it.</param>
    /// <returns>Warnings.</returns>
    /// <exception cref="EngineException">With the place in the list; nothing was mounted.</exception>
    public static IReadOnlyList<string> Add(ContainerHandle container, byte[] document, string file)
    {
        string name = Printable.Of(file);
        RuntimeSpec stored = ConfigLoader.Load(container.Directory.ReadConfig(), "config.json");
        RuntimeSpec spec = ConfigLoader.LoadAdditions(document, file, stored, out IReadOnlyList<ConfigError> warnings);
        var plan = new CreationPlan();
        Workflow workflow = WorkflowChoice.Of(container.State);
        var order = new CreateOrder
        {
            Id = container.Id,
            Bundle = container.State.Bundle,
            Workflow = WorkflowChoice.NameOf(workflow),
            // Whatever its maps are: it is in one.
            Rootless = workflow == Workflow.Rootless ? new RootlessOrder { IsConfigs = true } : null,
        };
        CgroupLayout machine = CgroupLayout.Read();
        var input = new PlanInput(spec, order, machine, machine) { IsRunning = true };
        MountSteps.Add(plan, input, new CgroupPlan(container.Slots(), [], [], []), new SourceSlots(), name + ": ");
        Run(container, plan);
        return [.. warnings.Select(warning => $"{name}: {warning.JsonPath}: {warning.Message}")];
    }

    /// <summary>Takes the mounts at the destinations of <paramref name="document"/> away, with what is mounted below them: all or none.</summary>
    /// <param name="container">Created or running.</param>
    /// <param name="document">A JSON list of mounts.</param>
    /// <param name="file">How messages name it.</param>
    /// <exception cref="EngineException">With the place in the list; nothing was taken away.</exception>
    public static void Remove(ContainerHandle container, byte[] document, string file)
    {
        string name = Printable.Of(file);
        MountSpec[] mounts = ConfigLoader.LoadRemovals(document, file);
        var plan = new CreationPlan();
        for (int i = 0; i < mounts.Length; i++)
        {
            string destination = mounts[i].Destination, place = $"{name}: [{i}]";
            plan.Container("Unmount", destination, place, stage => stage.Unmount(destination, place));
        }

        Run(container, plan);
    }

    private static void Run(ContainerHandle container, CreationPlan plan)
    {
        using ContainerEntry entry = ContainerEntry.Open(container, "mount");
        (FdChannel hostChannel, SafeFd hostEnd) = FdChannel.Pair();
        (FdChannel containerChannel, SafeFd containerEnd) = FdChannel.Pair();
        var clients = new CreationClients(new SupervisorClient(hostChannel), new ContainerClient(containerChannel));
        using (hostEnd)
        using (containerEnd)
        using (StarterProcess starter = entry.Start(SpawnStdio.Null, makesMounts: true))
        {
            try
            {
                var launch = new LaunchMessage(LaunchMode.Mounts, container.Id) { Namespaces = entry.Namespaces };
                launch.Add(LaunchDescriptor.InitPidfd, entry.Init);
                launch.Add(LaunchDescriptor.HostRpc, hostEnd);
                launch.Add(LaunchDescriptor.ContainerRpc, containerEnd);
                starter.Send(launch);
                hostEnd.Dispose();
                containerEnd.Dispose();
                entry.SendCgroups(starter, SubCgroups.Own);
                Drive(clients, plan);
            }
            catch (Exception error)
            {
                throw Explain(error, TakenBack(starter, clients));
            }
            finally
            {
                Hang(clients);
            }
        }
    }

    private static void Drive(CreationClients clients, CreationPlan plan)
    {
        clients.Host.Hello();
        // Its answer comes from inside: from then on the container's own user namespace is that of the process that was started.
        clients.Container.Hello().Wait();
        plan.Run(clients);
        clients.Container.Finish().Wait();
    }

    private static void Hang(CreationClients clients)
    {
        clients.Container.Dispose();
        clients.Host.Dispose();
    }

    // The end of the connection is the order to take back; the starter's last word comes when that is done. Null when it had none.
    private static string? TakenBack(StarterProcess starter, CreationClients clients)
    {
        Hang(clients);
        LaunchOutcome? last = starter.Receive(out SafeFd? nothing);
        nothing?.Dispose();
        return last?.Error;
    }

    private static Exception Explain(Exception error, string? cause) => error switch
    {
        PeerLostException or MessageException => new EngineException(
            string.IsNullOrEmpty(cause) ? $"{error.Message}; if the container ended it, mounts may be left in the container" : cause, inner: error),
        _ => error,
    };
}
