using Engine.Diagnostics;
using Engine.Lifecycle;
using Engine.Linux;
using Engine.Rpc.Client;
using Engine.Rpc.Linux;
using Engine.Rpc.Transport;
using Engine.Shared.Protocol;

namespace Engine.Monitor;

/// <summary>
/// <c>engine master create|serve</c>: what the supervisor executes, with the descriptors of <see cref="MasterDescriptors"/>
/// and nothing else. Unprivileged: its uid is its own, it has no capability and no_new_privs, and cannot open the
/// container's state by name. It creates, then serves; started again it only serves.
/// </summary>
public static class MasterProgram
{
    /// <summary>Runs until there is nothing to do.</summary>
    public static int Run(bool isCreate)
    {
        // The execve set it again. Nobody is to read this memory or these descriptors: not another process of this uid, no core file.
        Identity.MakeUndumpable();
        using var host = new SupervisorClient(new FdChannel(new SafeFd(MasterDescriptors.HostRpc)));
        using var listener = new SafeFd(MasterDescriptors.ControlListener);
        using SafeFd? config = isCreate ? Create(host) : Resume(host);
        if (config is null)
        {
            return ExitCode.Failure;
        }

        MasterHost.Serve(new HostServices { Supervisor = host, ControlListener = listener, Config = config });
        return 0;
    }

    private static SafeFd? Create(SupervisorClient host)
    {
        var container = new FdChannel(new SafeFd(MasterDescriptors.ContainerRpc));
        var request = new FdChannel(new SafeFd(MasterDescriptors.RequestSocket));
        return CreateContainer.Run(host, container, request);
    }

    private static SafeFd Resume(SupervisorClient host)
    {
        host.Hello();
        return new SafeFd(MasterDescriptors.Config);
    }
}
