using Engine.Shared.Protocol;
using Engine.Starter.Payload;
using Engine.Starter.Server;
using Engine.Starter.Stages;

namespace Engine.Starter.Container;

/// <summary>How far the set-up is. A method outside its phase is refused before it does anything.</summary>
[Flags]
internal enum Phase : uint
{
    /// <summary>Nothing yet.</summary>
    Fresh = 1,

    /// <summary>AttachRoot was done: destinations are below the container's root.</summary>
    Rooted = 2,

    /// <summary>EnterRoot was done.</summary>
    Entered = 4,

    /// <summary>PrepareProcess was done.</summary>
    Prepared = 8,

    /// <summary>The container runs already, and this process has joined it for its mounts.</summary>
    Joined = 16,
}

/// <summary>The RPC server of the container stage. Serves one client, one request after the other, until Finish.</summary>
internal static unsafe class ContainerServer
{
    private const Phase Mounting = Phase.Rooted | Phase.Entered | Phase.Prepared;
    private const Phase Always = Phase.Fresh | Mounting;

    private struct Buffers
    {
        public fixed byte Request[Limits.Frame];
        public fixed byte Reply[Limits.Frame];
    }

    private static Buffers s_buffers;
    private static Phase s_phase;

    /// <summary>
    /// Serves until Finish (true). False with a failure: the client went away, or broke the protocol. <paramref name="first"/>: Fresh for a
    /// new container, Joined for one that runs.
    /// </summary>
    public static bool Run(Phase first)
    {
        s_phase = first;
        fixed (byte* request = s_buffers.Request, reply = s_buffers.Reply)
        {
            RpcServer server = new RpcServer(StageContext.Rpc, request, reply);
            while (true)
            {
                Arrival arrival = server.Receive();
                if (arrival == Arrival.End)
                    return Failure.Refuse("rpc"u8, "the client went away before Finish"u8);
                if (arrival != Arrival.Message)
                    return false;

                ContainerMethod method = MethodNames.FindContainer(server.Method);
                if (method != ContainerMethod.None && !Policy.Policy.Allows(Supervisor.Facts.Workflow, method))
                {
                    if (!server.Fail())
                        return false;
                    continue;
                }

                if ((s_phase & AllowedIn(method)) == 0)
                {
                    if (!server.RefuseMethod(method == ContainerMethod.None ? "no such method"u8 : "not at this point of the set-up"u8))
                        return false;
                    continue;
                }

                bool done = Serve(method, ref server);
                if (!server.Answer(done))
                    return false;
                if (done && method == ContainerMethod.Finish)
                    return s_phase == Phase.Joined || Close(ref server);
            }
        }
    }

    private static Phase AllowedIn(ContainerMethod method)
    {
        switch (method)
        {
            case ContainerMethod.AttachRoot:
                return Phase.Fresh;
            case ContainerMethod.MountFilesystem:
            case ContainerMethod.MountBind:
            case ContainerMethod.ChangeMount:
            case ContainerMethod.CreateSymlink:
                return Mounting | Phase.Joined;
            case ContainerMethod.CreateDirectory:
            case ContainerMethod.CreateDevice:
            case ContainerMethod.CreateConsole:
            case ContainerMethod.MaskPath:
            case ContainerMethod.ReadonlyPath:
                return Mounting;
            case ContainerMethod.SetSysctl:
            case ContainerMethod.SetHostname:
            case ContainerMethod.SetDomainname:
            case ContainerMethod.AddStartHook:
                return Always;
            // Their programs are the host's: afterwards this process does not see them any more.
            case ContainerMethod.RunHook:
                return Phase.Fresh | Phase.Rooted;
            case ContainerMethod.EnterRoot:
                return Phase.Rooted;
            case ContainerMethod.PrepareProcess:
                return Phase.Entered;
            case ContainerMethod.Finish:
                return Phase.Prepared | Phase.Joined;
            case ContainerMethod.Unmount:
                return Phase.Joined;
            default:
                return 0;
        }
    }

    private static bool Serve(ContainerMethod method, ref RpcServer server)
    {
        switch (method)
        {
            case ContainerMethod.AttachRoot:
                AttachRoot attach = default;
                return server.Params(ref attach) && RootMount.Attach(ref attach) && Reach(Phase.Rooted);
            case ContainerMethod.EnterRoot:
                EnterRoot enter = default;
                return server.Params(ref enter) && RootMount.Enter(ref enter) && NamespaceRoot.IsOurs() && Reach(Phase.Entered);
            case ContainerMethod.PrepareProcess:
                return server.NoParams() && PayloadProcess.Prepare(server.Inbox.Take(0)) && Reach(Phase.Prepared);
            case ContainerMethod.Finish when s_phase == Phase.Joined:
                return server.NoParams() && LiveMounts.Commit();
            case ContainerMethod.Finish:
                return server.NoParams() &&
                    (Consoles.Made == ContainerStage.Terminal || Failure.Refuse("console"u8, "the payload's terminal was not made"u8));
            case ContainerMethod.RunHook:
                RunHook hook = default;
                return server.Params(ref hook) && ContainerHooks.Run(ref hook);
            case ContainerMethod.AddStartHook:
                return StartHooks.Add(ref server);
            default:
                return ServeMount(method, ref server);
        }
    }

    private static bool ServeMount(ContainerMethod method, ref RpcServer server)
    {
        switch (method)
        {
            case ContainerMethod.MountFilesystem:
                MountFilesystem filesystem = default;
                return server.Params(ref filesystem) && Filesystems.Mount(ref filesystem);
            case ContainerMethod.MountBind:
                MountBind bind = default;
                return server.Params(ref bind) && Binds.Mount(ref bind);
            case ContainerMethod.ChangeMount:
                ChangeMount change = default;
                return server.Params(ref change) && Binds.Change(ref change);
            case ContainerMethod.MaskPath:
                PathRequest mask = default;
                return server.Params(ref mask) && Masks.Mask(ref mask);
            case ContainerMethod.ReadonlyPath:
                PathRequest path = default;
                return server.Params(ref path) && Masks.Readonly(ref path);
            case ContainerMethod.Unmount:
                PathRequest mountPoint = default;
                return server.Params(ref mountPoint) && LiveMounts.Remove(ref mountPoint);
            default:
                return ServeNode(method, ref server);
        }
    }

    private static bool ServeNode(ContainerMethod method, ref RpcServer server)
    {
        switch (method)
        {
            case ContainerMethod.CreateDirectory:
                CreateDirectory directory = default;
                return server.Params(ref directory) && Nodes.Directory(ref directory);
            case ContainerMethod.CreateDevice:
                CreateDevice device = default;
                return server.Params(ref device) && Nodes.Device(ref device);
            case ContainerMethod.CreateSymlink:
                CreateSymlink symlink = default;
                return server.Params(ref symlink) && Nodes.Symlink(ref symlink);
            case ContainerMethod.CreateConsole:
                CreateConsole console = default;
                return server.Params(ref console) && Consoles.Create(ref console);
            case ContainerMethod.SetSysctl:
                SetSysctl sysctl = default;
                return server.Params(ref sysctl) && KernelSettings.Sysctl(ref sysctl);
            case ContainerMethod.SetHostname:
                SetName hostname = default;
                return server.Params(ref hostname) && KernelSettings.Hostname(ref hostname);
            case ContainerMethod.SetDomainname:
                SetName domainname = default;
                return server.Params(ref domainname) && KernelSettings.Domainname(ref domainname);
            default:
                return Failure.Refuse("rpc"u8, "no such method"u8);
        }
    }

    private static bool Reach(Phase phase)
    {
        s_phase = phase;
        ContainerStage.Entered = phase >= Phase.Entered;
        return true;
    }

    // From here on the stage holds the link, the payload's stdio and the connection to a seccomp listener, and nothing of the set-up.
    private static bool Close(ref RpcServer server)
    {
        server.Inbox.CloseAll();
        Sys.close(StageContext.Rpc);
        RootPath.SetRoot(-1);
        int behind = StageContext.Rpc + StageContext.Descriptors + PreservedFiles.Count;
        if (!SeccompListener.Keep(behind))
            return false;
        int result = Sys.close_range((uint)behind + SeccompListener.Held, uint.MaxValue, 0);
        return result >= 0 || Failure.Call("close_range"u8, result);
    }
}
