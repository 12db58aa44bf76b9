namespace Engine.Shared.Protocol;

/// <summary>
/// Descriptor numbers of a new master. 0 and 1 are /dev/null, 2 is its diagnostics. Its arguments are <c>engine master create</c>
/// or <c>engine master serve</c>; nothing else is open.
/// </summary>
public static class MasterDescriptors
{
    /// <summary>The supervisor's RPC socket.</summary>
    public const int HostRpc = 3;

    /// <summary>The container stage's RPC socket; create only.</summary>
    public const int ContainerRpc = 4;

    /// <summary>Listening control.sock.</summary>
    public const int ControlListener = 5;

    /// <summary>The CLI's order and the place for its answer; create only.</summary>
    public const int RequestSocket = 6;

    /// <summary>config.json of the state directory, O_RDONLY, at its beginning; serve only.</summary>
    public const int Config = 7;

    /// <summary>Argument of a master that creates.</summary>
    public static System.ReadOnlySpan<byte> Create => "create"u8;

    /// <summary>Argument of a master that was started again for a client.</summary>
    public static System.ReadOnlySpan<byte> Serve => "serve"u8;

    /// <summary>
    /// uid and gid of a master: this plus the supervisor's pid, so that no two share one. The pump's is
    /// <see cref="PumpIdBase"/> plus the same. Pids end at 2^22.
    /// </summary>
    public const uint IdBase = 0x70000000;

    /// <summary>See <see cref="IdBase"/>.</summary>
    public const uint PumpIdBase = 0x71000000;
}
