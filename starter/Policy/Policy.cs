using Engine.Shared.Protocol;
using Engine.Starter.Server;
using Engine.Starter.Stages;

namespace Engine.Starter.Policy;

/// <summary>
/// Which workflow may ask for what. In the root workflow everything is allowed: the config is root's. The set-uid and the
/// rootless workflow have no row that allows anything in this build.
/// </summary>
internal static class Policy
{
    private const byte Root = (byte)Workflow.Root;

    // By HostMethod, from None.
    private static ReadOnlySpan<byte> HostRows =>
    [
        0,
        Root, // Hello
        Root, // SaveState
        Root, // OpenCgroup: by path
        Root, // WriteCgroup
        Root, // SetCgroupDevices
        Root, // CloneSource: by path
        Root, // OpenNamespace: by path
        Root, // Spawn: with or without a user namespace
        Root, // RunHook: as root
        Root, // Created
        Root, // Start
        Root, // Kill
        Root, // Freeze
        Root, // Thaw
        Root, // Resize
        Root, // ReopenLog
        Root, // Status
        Root, // Abort
        Root, // ReadState
        Root, // RaiseLimits: beyond the caller's
        Root, // MoveNetDevice: away from the host
        Root, // ConnectSocket: by path
    ];

    // By ContainerMethod, from None.
    private static ReadOnlySpan<byte> ContainerRows =>
    [
        0,
        Root, // Hello
        Root, // AttachRoot
        Root, // MountFilesystem
        Root, // MountBind
        Root, // ChangeMount
        Root, // CreateDirectory
        Root, // CreateDevice
        Root, // CreateSymlink
        Root, // CreateConsole
        Root, // MaskPath
        Root, // ReadonlyPath
        Root, // SetSysctl
        Root, // SetHostname
        Root, // SetDomainname
        Root, // RunHook: as the container's root
        Root, // AddStartHook
        Root, // EnterRoot
        Root, // PrepareProcess: ids, capabilities, limits as configured
        Root, // Finish
    ];

    /// <summary>Whether this build has the workflow at all.</summary>
    public static bool Allows(Workflow workflow)
    {
        switch (workflow)
        {
            case Workflow.Root:
                return true;
            case Workflow.Setuid:
                return Failure.Refuse("policy: setuid.workflow"u8, "set-uid workflow is not part of this build"u8);
            case Workflow.Rootless:
                return Failure.Refuse("policy: rootless.workflow"u8, "rootless workflow is not part of this build; run as root"u8);
            default:
                return Failure.Refuse("policy: workflow"u8, "no workflow"u8);
        }
    }

    /// <summary>Whether the workflow's master may ask the supervisor for this.</summary>
    public static bool Allows(Workflow workflow, HostMethod method)
    {
        int row = (int)method;
        return (row < HostRows.Length && (HostRows[row] & (byte)workflow) != 0) || Refuse(workflow, MethodNames.Of(method));
    }

    /// <summary>Whether the workflow's master may ask the container stage for this.</summary>
    public static bool Allows(Workflow workflow, ContainerMethod method)
    {
        int row = (int)method;
        return (row < ContainerRows.Length && (ContainerRows[row] & (byte)workflow) != 0) || Refuse(workflow, MethodNames.Of(method));
    }

    // The rule's name is WORKFLOW.METHOD.
    private static bool Refuse(Workflow workflow, ReadOnlySpan<byte> method) =>
        workflow == Workflow.Setuid ? Failure.Call("policy: setuid"u8, method, EPERM) :
        workflow == Workflow.Rootless ? Failure.Call("policy: rootless"u8, method, EPERM) :
        Failure.Call("policy"u8, method, EPERM);
}
