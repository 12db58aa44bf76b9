namespace Engine.Shared.Protocol;

/// <summary>Names in a container's state directory. Nothing else may be in it but the default log, <c>ID.log</c>.</summary>
public static class StateLeaf
{
    /// <summary>The state document; the supervisor alone writes it, by rename.</summary>
    public static System.ReadOnlySpan<byte> State => "state.json"u8;

    /// <summary>The state document before its rename.</summary>
    public static System.ReadOnlySpan<byte> NewState => ".state.json.new"u8;

    /// <summary>The config as it was read by create.</summary>
    public static System.ReadOnlySpan<byte> Config => "config.json"u8;

    /// <summary>Listening control socket.</summary>
    public static System.ReadOnlySpan<byte> Control => "control.sock"u8;

    /// <summary>Listening attach socket.</summary>
    public static System.ReadOnlySpan<byte> Attach => "attach.sock"u8;

    /// <summary>Listening socket that the start of an unmonitored container is asked for on; there from its creation until it is started.</summary>
    public static System.ReadOnlySpan<byte> Start => "start.sock"u8;

    /// <summary>Ending of the default log's name, behind the container's id.</summary>
    public static System.ReadOnlySpan<byte> LogSuffix => ".log"u8;
}
