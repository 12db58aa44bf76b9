using Engine.Shared.Policy;
using Engine.Shared.Protocol;
using Engine.Starter.Server;
using Engine.Starter.Stages;

namespace Engine.Starter.Policy;

/// <summary>
/// Which workflow may ask for what. In the root workflow everything is allowed: the config is root's. In the set-uid workflow a request that has
/// a row is looked at by the rules beside this file before it is carried out. The rootless workflow never gets here: its starter executes itself
/// again, as root of a user namespace.
/// </summary>
internal static class Policy
{
    private const byte Root = (byte)Workflow.Root;

    // Also for an ordinary user behind the set-uid bit; what it may contain then is the rules' to say.
    private const byte User = (byte)(Workflow.Root | Workflow.Setuid);

    // By HostMethod, from None.
    private static ReadOnlySpan<byte> HostRows =>
    [
        0,
        User, // Hello
        User, // SaveState
        User, // OpenCgroup: by path
        User, // WriteCgroup
        Root, // SetCgroupDevices
        User, // CloneSource: by path
        Root, // OpenNamespace: by path
        User, // Spawn: with or without a user namespace
        User, // RunHook: as root
        User, // Created
        User, // Start
        User, // Kill
        User, // Freeze
        User, // Thaw
        User, // Resize
        User, // ReopenLog
        User, // Status
        User, // Abort
        User, // ReadState
        Root, // RaiseLimits: beyond the caller's
        Root, // MoveNetDevice: away from the host
        Root, // ConnectSocket: by path
    ];

    // By ContainerMethod, from None.
    private static ReadOnlySpan<byte> ContainerRows =>
    [
        0,
        User, // Hello
        User, // AttachRoot
        User, // MountFilesystem
        User, // MountBind
        User, // ChangeMount
        User, // CreateDirectory
        User, // CreateDevice
        User, // CreateSymlink
        User, // CreateConsole
        User, // MaskPath
        User, // ReadonlyPath
        Root, // SetSysctl
        User, // SetHostname
        User, // SetDomainname
        User, // RunHook: as the container's root
        User, // AddStartHook
        User, // EnterRoot
        User, // PrepareProcess: ids, capabilities, limits as configured
        User, // Finish
        Root, // Unmount: of a running container
    ];

    /// <summary>Whether the workflow's master may ask the supervisor for this.</summary>
    public static bool Allows(Workflow workflow, HostMethod method)
    {
        int row = (int)method;
        return (row < HostRows.Length && (HostRows[row] & (byte)workflow) != 0) || Refuse(workflow, MethodNames.Of(method), RuleOf(method));
    }

    /// <summary>Whether the workflow's master may ask the container stage for this.</summary>
    public static bool Allows(Workflow workflow, ContainerMethod method)
    {
        int row = (int)method;
        return (row < ContainerRows.Length && (ContainerRows[row] & (byte)workflow) != 0) ||
            Refuse(workflow, MethodNames.Of(method), method == ContainerMethod.SetSysctl ? PolicyRule.Sysctl : PolicyRule.LaunchRuntime);
    }

    // A method that an ordinary user does not get at all has a rule that says why.
    private static PolicyRule RuleOf(HostMethod method)
    {
        switch (method)
        {
            case HostMethod.SetCgroupDevices: return PolicyRule.CgroupDevices;
            case HostMethod.OpenNamespace: return PolicyRule.JoinNamespace;
            case HostMethod.RaiseLimits: return PolicyRule.Rlimits;
            case HostMethod.MoveNetDevice: return PolicyRule.NetDevices;
            case HostMethod.ConnectSocket: return PolicyRule.SeccompListener;
            default: return PolicyRule.Sysctl;
        }
    }

    private static bool Refuse(Workflow workflow, ReadOnlySpan<byte> method, PolicyRule rule) =>
        workflow == Workflow.Setuid ? Rules.Deny(rule) : Failure.Call("policy"u8, method, EPERM);
}
