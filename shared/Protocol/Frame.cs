using Engine.Shared.Wire;

namespace Engine.Shared.Protocol;

/// <summary>
/// A message names its fields once, for reading and writing. Only ever used as a generic constraint on structs: nothing is boxed.
/// </summary>
public interface IMessage
{
    /// <summary>Reads or writes the message as one MessagePack array; failures stay in <see cref="Codec.Status"/>.</summary>
    void Fields(ref Codec c);
}

/// <summary>MessagePack-RPC frame types (msgpack-rpc specification).</summary>
public enum FrameType : uint
{
    /// <summary><c>[0, id, method, params]</c></summary>
    Request = 0,

    /// <summary><c>[1, id, error, result]</c></summary>
    Response = 1,

    /// <summary><c>[2, method, params]</c></summary>
    Notification = 2,
}

/// <summary>
/// The envelope of a frame. The body (params, error or result) follows in the same codec: the caller writes or reads it
/// with the message's own <c>Fields</c> and then calls <see cref="Codec.End"/>.
/// A response is error nil and result array, or error array (<see cref="ErrorRecord"/>) and result nil.
/// </summary>
public struct Frame
{
    /// <summary>A <see cref="FrameType"/>.</summary>
    public uint Type;

    /// <summary>Request id, chosen by the client, echoed by the server; 0 in notifications.</summary>
    public uint Id;

    /// <summary>Method name; empty in responses.</summary>
    public Text Method;

    /// <summary>Writes the opening of a request; params follow.</summary>
    public static void Request(ref Codec c, uint id, Text method)
    {
        uint type = (uint)FrameType.Request;
        c.Begin(4);
        c.Value(ref type);
        c.Value(ref id);
        c.Name(ref method, Limits.Name);
    }

    /// <summary>Writes the opening of a notification; params follow.</summary>
    public static void Notification(ref Codec c, Text method)
    {
        uint type = (uint)FrameType.Notification;
        c.Begin(3);
        c.Value(ref type);
        c.Name(ref method, Limits.Name);
    }

    /// <summary>Writes the opening of a successful response; the result follows.</summary>
    public static void Success(ref Codec c, uint id)
    {
        uint type = (uint)FrameType.Response;
        c.Begin(4);
        c.Value(ref type);
        c.Value(ref id);
        c.Nil();
    }

    /// <summary>Writes a whole failed response.</summary>
    public static void Failure(ref Codec c, uint id, ref ErrorRecord error)
    {
        uint type = (uint)FrameType.Response;
        c.Begin(4);
        c.Value(ref type);
        c.Value(ref id);
        error.Fields(ref c);
        c.Nil();
    }

    /// <summary>
    /// Reads the opening of any frame up to where params, or error and result, begin.
    /// For a response the caller then asks <see cref="Codec.TakeNil"/>: true means success, and the result follows.
    /// </summary>
    public static bool Open(ref Codec c, out Frame frame)
    {
        frame = default;
        int count = 0;
        c.Array(ref count, 4);
        c.Value(ref frame.Type);
        if (!c.Ok)
        {
            return false;
        }

        switch ((FrameType)frame.Type)
        {
            case FrameType.Request:
                c.Value(ref frame.Id);
                c.Name(ref frame.Method, Limits.Name);
                break;
            case FrameType.Response:
                c.Value(ref frame.Id);
                break;
            case FrameType.Notification:
                c.Name(ref frame.Method, Limits.Name);
                break;
            default:
                c.Fail(WireStatus.Range);
                break;
        }

        if (count != ((FrameType)frame.Type == FrameType.Notification ? 3 : 4))
        {
            c.Fail(WireStatus.Count);
        }

        return c.Ok;
    }
}

/// <summary>Params or result without fields: an empty array.</summary>
public struct Nothing : IMessage
{
    /// <summary>The empty array.</summary>
    public void Fields(ref Codec c) => c.Begin(0);
}

/// <summary>First request on both RPC sockets; anything else before it, or another version or build, ends the connection.</summary>
public struct Hello : IMessage
{
    /// <summary><see cref="Limits.Version"/>.</summary>
    public uint Version;

    /// <summary>Build id, equal in all binaries of one build.</summary>
    public Text Build;

    public void Fields(ref Codec c)
    {
        c.Begin(2);
        c.Value(ref Version);
        c.CStr(ref Build, Limits.Name);
    }
}
