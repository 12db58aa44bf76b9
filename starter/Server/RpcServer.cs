using Engine.Shared.Linux;
using Engine.Shared.Protocol;
using Engine.Shared.Wire;
using System;

namespace Engine.Starter.Server;

/// <summary>
/// One connection of an RPC server: takes a request, and answers it before the next is taken. The first request must be
/// Hello with this build's version and id; it is answered here and never seen by the caller. Anything that is not a
/// well-formed request ends the connection. The socket stays the caller's to close.
/// </summary>
internal unsafe struct RpcServer
{
    private Codec _body;
    private byte* _reply;
    private bool _greeted;

    /// <summary>The connected SOCK_SEQPACKET socket.</summary>
    public int Socket;

    /// <summary>The request's bytes and descriptors; descriptors that a method does not take are closed with the next Receive.</summary>
    public Inbox Inbox;

    /// <summary>Id of the request in hand.</summary>
    public uint Id;

    /// <summary>Method of the request in hand.</summary>
    public Text Method;

    /// <summary>
    /// A server on <paramref name="socket"/> over two buffers of <see cref="Limits.Frame"/> bytes each that live as long as it
    /// does. Texts of a request are valid until the next Receive.
    /// </summary>
    public RpcServer(int socket, byte* request, byte* reply)
    {
        this = default;
        Socket = socket;
        Inbox = new Inbox(request, Limits.Frame);
        _reply = reply;
    }

    /// <summary>
    /// Takes the next request (<see cref="Arrival.Message"/>). With MSG_DONTWAIT, <see cref="Arrival.Nothing"/> also stands
    /// for a Hello that was just answered.
    /// </summary>
    public Arrival Receive(int flags = 0)
    {
        while (true)
        {
            Arrival arrival = Channel.Receive(Socket, ref Inbox, flags);
            if (arrival != Arrival.Message)
            {
                return arrival;
            }

            _body = Codec.Reader(Inbox.Buffer, Inbox.Length);
            if (!Frame.Open(ref _body, out Frame frame) || frame.Type != (uint)FrameType.Request)
            {
                Inbox.CloseAll();
                Failure.Refuse("rpc"u8, "not a request"u8);
                return Arrival.Broken;
            }

            Id = frame.Id;
            Method = frame.Method;
            bool hello = Method.Is("Hello"u8);
            if (_greeted && !hello)
            {
                Failure.Clear();
                return Arrival.Message;
            }

            if (_greeted || !hello || !Greet())
            {
                Failure.Refuse("rpc"u8, Method, "this starter belongs to another build, or Hello was not the first and only one"u8);
                Fail();
                return Arrival.Broken;
            }
        }
    }

    /// <summary>
    /// Reads the request's params into <paramref name="message"/>, to their last byte. False leaves a failure to answer with.
    /// </summary>
    public bool Params<T>(ref T message)
        where T : struct, IMessage
    {
        message.Fields(ref _body);
        _body.End();
        return _body.Ok || Malformed();
    }

    /// <summary>Reads params that have no fields.</summary>
    public bool NoParams()
    {
        Nothing nothing = default;
        return Params(ref nothing);
    }

    /// <summary>Answers the request in hand with <paramref name="result"/>. False: the connection is broken.</summary>
    public readonly bool Succeed<T>(ref T result)
        where T : struct, IMessage
    {
        Codec c = Codec.Writer(_reply, Limits.Frame);
        Frame.Success(ref c, Id);
        result.Fields(ref c);
        return Reply(ref c);
    }

    /// <summary>Answers the request in hand with an empty result.</summary>
    public readonly bool Succeed()
    {
        Nothing nothing = default;
        return Succeed(ref nothing);
    }

    /// <summary>Answers the request in hand with an empty result and <paramref name="descriptor"/>, which stays the caller's.</summary>
    public readonly bool Succeed(int descriptor)
    {
        Codec c = Codec.Writer(_reply, Limits.Frame);
        Nothing nothing = default;
        Frame.Success(ref c, Id);
        nothing.Fields(ref c);
        return Reply(ref c, descriptor);
    }

    /// <summary>Answers the request in hand with the <see cref="Failure"/>.</summary>
    public readonly bool Fail()
    {
        Codec c = Codec.Writer(_reply, Limits.Frame);
        ErrorRecord record = Failure.Record();
        Frame.Failure(ref c, Id, ref record);
        return Reply(ref c);
    }

    /// <summary>Answers success for true and the <see cref="Failure"/> for false: the usual end of a method without a result.</summary>
    public readonly bool Answer(bool done) => done ? Succeed() : Fail();

    /// <summary>Refuses a method that this server does not have, or does not have now.</summary>
    public readonly bool RefuseMethod(ReadOnlySpan<byte> reason)
    {
        Failure.Refuse("rpc"u8, Method, reason);
        return Fail();
    }

    /// <summary>Sends a notification, without waiting: a client that does not read loses it (false).</summary>
    public readonly bool Notify<T>(ReadOnlySpan<byte> method, ref T message)
        where T : struct, IMessage
    {
        Codec c = Codec.Writer(_reply, Limits.Frame);
        fixed (byte* at = method)
        {
            Frame.Notification(ref c, new Text(at, method.Length));
        }

        message.Fields(ref c);
        return c.Ok && Channel.Send(Socket, _reply, c.Position, null, 0, socket_h.MSG_DONTWAIT);
    }

    private bool Greet()
    {
        Hello hello = default;
        if (!Params(ref hello) || hello.Version != Limits.Version || !hello.Build.Is(BuildId.Value))
        {
            return false;
        }

        _greeted = true;
        fixed (byte* build = BuildId.Value)
        {
            hello.Build = new Text(build, BuildId.Value.Length);
            return Succeed(ref hello);
        }
    }

    private readonly bool Reply(ref Codec c, int descriptor = -1)
    {
        if (!c.Ok)
        {
            return Failure.Refuse("rpc"u8, Method, "the answer is over the protocol's limits"u8);
        }

        return Channel.Send(Socket, _reply, c.Position, &descriptor, descriptor < 0 ? 0 : 1);
    }

    private readonly bool Malformed() => Failure.Refuse("rpc"u8, Method, Wording.Of(_body.Status));
}
