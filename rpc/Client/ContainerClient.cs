using Engine.Rpc.Linux;
using Engine.Rpc.Transport;
using Engine.Shared.Protocol;

namespace Engine.Rpc.Client;

/// <summary>
/// Requests to the container-side server; what each does is written at its message in
/// <c>shared/Protocol/ContainerMessages.cs</c>. Paths are the container's. May be used before Spawn: requests wait in
/// the socket, but no more of them than fit into it.
/// </summary>
public sealed class ContainerClient : ServerClient
{
    /// <summary>Takes ownership of <paramref name="channel"/>.</summary>
    public ContainerClient(FdChannel channel)
        : base(channel, "container stage")
    {
    }

    /// <summary>First request; its failure says that the binaries are of different builds.</summary>
    public Pending Hello() => SendHello(MethodNames.Of(ContainerMethod.Hello));

    /// <inheritdoc cref="Engine.Shared.Protocol.AttachRoot"/>
    public Pending AttachRoot(uint slot, ulong hostPropagation, uint? placeSlot = null, string? context = null)
    {
        var message = new AttachRoot { Slot = slot, HostPropagation = hostPropagation, PlaceSlotPlusOne = placeSlot is { } place ? place + 1 : 0 };
        return Send(MethodNames.Of(ContainerMethod.AttachRoot), ref message, context);
    }

    /// <inheritdoc cref="Engine.Shared.Protocol.MountFilesystem"/>
    public Pending MountFilesystem(
        string type, string source, string destination, MountFlags flags, MountAttributes attributes, IReadOnlyList<string> options, string? context = null)
    {
        var message = new MountFilesystem
        {
            Type = Arena.Text(type),
            Source = Arena.Text(source),
            Destination = Arena.Text(destination),
            Flags = (uint)flags,
            AttrSet = attributes.Set,
            AttrClear = attributes.Clear,
            Propagation = attributes.Propagation,
            Options = Arena.List(options),
        };
        return Send(MethodNames.Of(ContainerMethod.MountFilesystem), ref message, context);
    }

    /// <inheritdoc cref="Engine.Shared.Protocol.MountBind"/>
    public Pending MountBind(uint slot, string destination, MountFlags flags, MountAttributes attributes, string? context = null)
    {
        var message = new MountBind
        {
            Slot = slot,
            Destination = Arena.Text(destination),
            Flags = (uint)flags,
            AttrSet = attributes.Set,
            AttrClear = attributes.Clear,
            RecursiveSet = attributes.RecursiveSet,
            RecursiveClear = attributes.RecursiveClear,
            Propagation = attributes.Propagation,
        };
        return Send(MethodNames.Of(ContainerMethod.MountBind), ref message, context);
    }

    /// <inheritdoc cref="Engine.Shared.Protocol.ChangeMount"/>
    public Pending ChangeMount(string destination, MountAttributes attributes, IReadOnlyList<string> options, string? context = null)
    {
        var message = new ChangeMount
        {
            Destination = Arena.Text(destination),
            AttrSet = attributes.Set,
            AttrClear = attributes.Clear,
            RecursiveSet = attributes.RecursiveSet,
            RecursiveClear = attributes.RecursiveClear,
            Propagation = attributes.Propagation,
            Options = Arena.List(options),
        };
        return Send(MethodNames.Of(ContainerMethod.ChangeMount), ref message, context);
    }

    /// <inheritdoc cref="Engine.Shared.Protocol.CreateDirectory"/>
    public Pending CreateDirectory(string path, uint mode, uint uid = 0, uint gid = 0, string? context = null)
    {
        var message = new CreateDirectory { Path = Arena.Text(path), Mode = mode, Uid = uid, Gid = gid };
        return Send(MethodNames.Of(ContainerMethod.CreateDirectory), ref message, context);
    }

    /// <summary>A device node or FIFO; with <paramref name="bindSlot"/> that source is bound in its place.</summary>
    public Pending CreateDevice(
        string path, uint mode, uint major, uint minor, uint uid, uint gid, uint? bindSlot = null, string? context = null)
    {
        var message = new CreateDevice
        {
            Path = Arena.Text(path),
            Mode = mode,
            Major = major,
            Minor = minor,
            Uid = uid,
            Gid = gid,
            BindSlotPlusOne = bindSlot is { } slot ? slot + 1 : 0,
        };
        return Send(MethodNames.Of(ContainerMethod.CreateDevice), ref message, context);
    }

    /// <inheritdoc cref="Engine.Shared.Protocol.CreateSymlink"/>
    public Pending CreateSymlink(string target, string path, bool replace = false, string? context = null)
    {
        var message = new CreateSymlink { Target = Arena.Text(target), Path = Arena.Text(path), Replace = replace };
        return Send(MethodNames.Of(ContainerMethod.CreateSymlink), ref message, context);
    }

    /// <inheritdoc cref="Engine.Shared.Protocol.CreateConsole"/>
    public Pending CreateConsole(uint rows, uint columns, string? context = null)
    {
        var message = new CreateConsole { Rows = rows, Columns = columns };
        return Send(MethodNames.Of(ContainerMethod.CreateConsole), ref message, context);
    }

    /// <summary>Covers a path.</summary>
    public Pending MaskPath(string path, string? context = null)
    {
        var message = new PathRequest { Path = Arena.Text(path) };
        return Send(MethodNames.Of(ContainerMethod.MaskPath), ref message, context);
    }

    /// <summary>Makes a path read-only, with all below it.</summary>
    public Pending ReadonlyPath(string path, string? context = null)
    {
        var message = new PathRequest { Path = Arena.Text(path) };
        return Send(MethodNames.Of(ContainerMethod.ReadonlyPath), ref message, context);
    }

    /// <summary>Of a running container: the mount at the path goes with <see cref="Finish"/>.</summary>
    public Pending Unmount(string path, string? context = null)
    {
        var message = new PathRequest { Path = Arena.Text(path) };
        return Send(MethodNames.Of(ContainerMethod.Unmount), ref message, context);
    }

    /// <inheritdoc cref="Engine.Shared.Protocol.SetSysctl"/>
    public Pending SetSysctl(string key, string value, string? context = null)
    {
        var message = new SetSysctl { Key = Arena.Text(key), Value = Arena.Text(value) };
        return Send(MethodNames.Of(ContainerMethod.SetSysctl), ref message, context);
    }

    /// <summary>Sets the hostname.</summary>
    public Pending SetHostname(string name, string? context = null)
    {
        var message = new SetName { Name = Arena.Text(name) };
        return Send(MethodNames.Of(ContainerMethod.SetHostname), ref message, context);
    }

    /// <summary>Sets the NIS domain name.</summary>
    public Pending SetDomainname(string name, string? context = null)
    {
        var message = new SetName { Name = Arena.Text(name) };
        return Send(MethodNames.Of(ContainerMethod.SetDomainname), ref message, context);
    }

    /// <summary>Runs a hook in the container's namespaces, before the root changes.</summary>
    public Pending RunHook(HookCall hook, string? context = null)
    {
        var message = Hook(hook);
        return Send(MethodNames.Of(ContainerMethod.RunHook), ref message, context);
    }

    /// <summary>Keeps a startContainer hook until the start.</summary>
    public Pending AddStartHook(HookCall hook, string? context = null)
    {
        var message = Hook(hook);
        return Send(MethodNames.Of(ContainerMethod.AddStartHook), ref message, context);
    }

    /// <inheritdoc cref="Engine.Shared.Protocol.EnterRoot"/>
    public Pending EnterRoot(ulong propagation, bool readOnly, string? context = null)
    {
        var message = new EnterRoot { Propagation = propagation, Readonly = readOnly };
        return Send(MethodNames.Of(ContainerMethod.EnterRoot), ref message, context);
    }

    /// <summary>Hands the process plan over (<see cref="ProcessPlanWriter"/>) and lets the stage look args[0] up.</summary>
    public Pending PrepareProcess(SafeFd plan, string? context = null) =>
        SendNothing(MethodNames.Of(ContainerMethod.PrepareProcess), context, [plan.Value]);

    /// <summary>
    /// Last request: answered, then the stage closes its end and waits for the start. Of a running container: what was asked for stays, or goes.
    /// </summary>
    public Pending Finish() => SendNothing(MethodNames.Of(ContainerMethod.Finish), null);
}

/// <summary>Attributes of one mount (MOUNT_ATTR_*) and its propagation (MS_*).</summary>
public readonly record struct MountAttributes
{
    /// <summary>To set on the mount.</summary>
    public ulong Set { get; init; }

    /// <summary>To clear on it.</summary>
    public ulong Clear { get; init; }

    /// <summary>To set on it and everything below it. Not for a new filesystem, which has nothing below it.</summary>
    public ulong RecursiveSet { get; init; }

    /// <summary>To clear on it and everything below it.</summary>
    public ulong RecursiveClear { get; init; }

    /// <summary>MS_PRIVATE, MS_SLAVE, MS_SHARED or MS_UNBINDABLE, with MS_REC; 0 for what it has.</summary>
    public ulong Propagation { get; init; }
}
