using Engine.Shared.Wire;

namespace Engine.Shared.Protocol;

// Who asks whom, during create (time runs down; both sockets are pipelined, no answer is waited for unless marked *):
//
//   master                         supervisor                      container stage
//     | Hello *                        |                                  |
//     | SaveState (memfd)              | writes state.json: creating      |
//     | OpenCgroup WriteCgroup ...     | mkdirs, writes, opens slots      |
//     | CloneSource ... OpenNamespace  |                                  |
//     | Spawn *                        | clone3, id maps, cgroup.procs -> | Go
//     | RunHook(prestart, createRuntime) *                                |
//     | Hello AttachRoot MountFilesystem MountBind CreateDevice ...   --> | takes sources from the supervisor
//     | RunHook(createContainer) EnterRoot MaskPath ReadonlyPath ...  --> |
//     | AddStartHook PrepareProcess (memfd) Finish *                  --> | closes its end, waits for Start
//     | Created *                      | pid file, state.json: created    |
//
// prestart and createRuntime hooks run after the namespaces exist and before the mounts; see engine/Lifecycle.
// start:   Start *  ->  supervisor -> stage: Start; stage: startContainer hooks, identity, execve; EOF means it runs
//          RunHook(poststart) *
// A master that is started again on a container: Hello *, ReadState *, then whatever its clients ask for.
// Notifications from the supervisor to the master: StateChanged.

/// <summary>Methods of the host-side server (the supervisor).</summary>
public enum HostMethod : uint
{
    None = 0,
    /// <summary>Hello -> Hello.</summary>
    Hello = 1,
    /// <summary>SaveState + memfd -> Nothing.</summary>
    SaveState = 2,
    /// <summary>OpenCgroup -> Nothing.</summary>
    OpenCgroup = 3,
    /// <summary>WriteCgroup -> Nothing.</summary>
    WriteCgroup = 4,
    /// <summary>SetCgroupDevices + memfd -> Nothing.</summary>
    SetCgroupDevices = 5,
    /// <summary>CloneSource (+ descriptor) -> SourceKind.</summary>
    CloneSource = 6,
    /// <summary>OpenNamespace -> Nothing.</summary>
    OpenNamespace = 7,
    /// <summary>Spawn -> Spawned.</summary>
    Spawn = 8,
    /// <summary>RunHook -> Nothing.</summary>
    RunHook = 9,
    /// <summary>Nothing -> Nothing. Only after the stage waits; writes the pid file and status "created".</summary>
    Created = 10,
    /// <summary>StartPayload -> Nothing once the payload executes; the stage's error otherwise, and the container is stopped.</summary>
    Start = 11,
    /// <summary>Kill -> Nothing.</summary>
    Kill = 12,
    /// <summary>Nothing -> Nothing once frozen and saved as "paused".</summary>
    Freeze = 13,
    /// <summary>Nothing -> Nothing once thawed and saved as "running".</summary>
    Thaw = 14,
    /// <summary>Resize -> Nothing.</summary>
    Resize = 15,
    /// <summary>Nothing -> Nothing.</summary>
    ReopenLog = 16,
    /// <summary>Nothing -> StateChange.</summary>
    Status = 17,
    /// <summary>Nothing -> Nothing. Before Created: end everything, roll back, exit.</summary>
    Abort = 18,
    /// <summary>
    /// Nothing -> Nothing + descriptor 0: state.json as it is now, opened O_RDONLY. A master that was started again has no other
    /// way to learn the container's id, bundle, owner and cgroup directories.
    /// </summary>
    ReadState = 19,
    /// <summary>RaiseLimits -> Nothing. Between Spawn and Created.</summary>
    RaiseLimits = 20,
    /// <summary>MoveNetDevice -> Nothing. Between Spawn and Created.</summary>
    MoveNetDevice = 21,
    /// <summary>ConnectSocket -> Nothing.</summary>
    ConnectSocket = 22,
}

/// <summary>Methods of the container-side server (the container stage).</summary>
public enum ContainerMethod : uint
{
    None = 0,
    /// <summary>Hello -> Hello.</summary>
    Hello = 1,
    /// <summary>AttachRoot.</summary>
    AttachRoot = 2,
    /// <summary>MountFilesystem.</summary>
    MountFilesystem = 3,
    /// <summary>MountBind.</summary>
    MountBind = 4,
    /// <summary>ChangeMount.</summary>
    ChangeMount = 5,
    /// <summary>CreateDirectory.</summary>
    CreateDirectory = 6,
    /// <summary>CreateDevice.</summary>
    CreateDevice = 7,
    /// <summary>CreateSymlink.</summary>
    CreateSymlink = 8,
    /// <summary>CreateConsole.</summary>
    CreateConsole = 9,
    /// <summary>PathRequest.</summary>
    MaskPath = 10,
    /// <summary>PathRequest.</summary>
    ReadonlyPath = 11,
    /// <summary>SetSysctl.</summary>
    SetSysctl = 12,
    /// <summary>SetName.</summary>
    SetHostname = 13,
    /// <summary>SetName.</summary>
    SetDomainname = 14,
    /// <summary>RunHook -> Nothing.</summary>
    RunHook = 15,
    /// <summary>RunHook, kept and run in the container namespaces and root when Start comes.</summary>
    AddStartHook = 16,
    /// <summary>EnterRoot.</summary>
    EnterRoot = 17,
    /// <summary>Nothing + memfd with a ProcessPlan. Resolves args[0], so that a missing command fails the create.</summary>
    PrepareProcess = 18,
    /// <summary>Nothing. Answered, then the connection ends and the stage waits for Start.</summary>
    Finish = 19,
    /// <summary>PathRequest. Of a running container: the mount at the path goes with Finish.</summary>
    Unmount = 20,
}

/// <summary>Wire names of the methods.</summary>
public static class MethodNames
{
    /// <summary>The last <see cref="HostMethod"/>.</summary>
    public const uint LastHost = (uint)HostMethod.ConnectSocket;

    /// <summary>The last <see cref="ContainerMethod"/>.</summary>
    public const uint LastContainer = (uint)ContainerMethod.Unmount;

    /// <summary>Notification: the container's status is another (<see cref="StateChange"/>).</summary>
    public static System.ReadOnlySpan<byte> StateChanged => "StateChanged"u8;

    /// <summary>Name on the wire.</summary>
    public static System.ReadOnlySpan<byte> Of(HostMethod method)
    {
        switch (method)
        {
            case HostMethod.Hello: return "Hello"u8;
            case HostMethod.SaveState: return "SaveState"u8;
            case HostMethod.OpenCgroup: return "OpenCgroup"u8;
            case HostMethod.WriteCgroup: return "WriteCgroup"u8;
            case HostMethod.SetCgroupDevices: return "SetCgroupDevices"u8;
            case HostMethod.CloneSource: return "CloneSource"u8;
            case HostMethod.OpenNamespace: return "OpenNamespace"u8;
            case HostMethod.Spawn: return "Spawn"u8;
            case HostMethod.RunHook: return "RunHook"u8;
            case HostMethod.Created: return "Created"u8;
            case HostMethod.Start: return "Start"u8;
            case HostMethod.Kill: return "Kill"u8;
            case HostMethod.Freeze: return "Freeze"u8;
            case HostMethod.Thaw: return "Thaw"u8;
            case HostMethod.Resize: return "Resize"u8;
            case HostMethod.ReopenLog: return "ReopenLog"u8;
            case HostMethod.Status: return "Status"u8;
            case HostMethod.Abort: return "Abort"u8;
            case HostMethod.ReadState: return "ReadState"u8;
            case HostMethod.RaiseLimits: return "RaiseLimits"u8;
            case HostMethod.MoveNetDevice: return "MoveNetDevice"u8;
            case HostMethod.ConnectSocket: return "ConnectSocket"u8;
            default: return default;
        }
    }

    /// <summary>Name on the wire.</summary>
    public static System.ReadOnlySpan<byte> Of(ContainerMethod method)
    {
        switch (method)
        {
            case ContainerMethod.Hello: return "Hello"u8;
            case ContainerMethod.AttachRoot: return "AttachRoot"u8;
            case ContainerMethod.MountFilesystem: return "MountFilesystem"u8;
            case ContainerMethod.MountBind: return "MountBind"u8;
            case ContainerMethod.ChangeMount: return "ChangeMount"u8;
            case ContainerMethod.CreateDirectory: return "CreateDirectory"u8;
            case ContainerMethod.CreateDevice: return "CreateDevice"u8;
            case ContainerMethod.CreateSymlink: return "CreateSymlink"u8;
            case ContainerMethod.CreateConsole: return "CreateConsole"u8;
            case ContainerMethod.MaskPath: return "MaskPath"u8;
            case ContainerMethod.ReadonlyPath: return "ReadonlyPath"u8;
            case ContainerMethod.SetSysctl: return "SetSysctl"u8;
            case ContainerMethod.SetHostname: return "SetHostname"u8;
            case ContainerMethod.SetDomainname: return "SetDomainname"u8;
            case ContainerMethod.RunHook: return "RunHook"u8;
            case ContainerMethod.AddStartHook: return "AddStartHook"u8;
            case ContainerMethod.EnterRoot: return "EnterRoot"u8;
            case ContainerMethod.PrepareProcess: return "PrepareProcess"u8;
            case ContainerMethod.Finish: return "Finish"u8;
            case ContainerMethod.Unmount: return "Unmount"u8;
            default: return default;
        }
    }

    /// <summary>The host method of that name, or None.</summary>
    public static HostMethod FindHost(Text name)
    {
        for (uint m = 1; m <= LastHost; m++)
        {
            if (name.Is(Of((HostMethod)m)))
            {
                return (HostMethod)m;
            }
        }

        return HostMethod.None;
    }

    /// <summary>The container method of that name, or None.</summary>
    public static ContainerMethod FindContainer(Text name)
    {
        for (uint m = 1; m <= LastContainer; m++)
        {
            if (name.Is(Of((ContainerMethod)m)))
            {
                return (ContainerMethod)m;
            }
        }

        return ContainerMethod.None;
    }
}
