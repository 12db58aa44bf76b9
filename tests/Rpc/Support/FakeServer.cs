using System.Text;
using Engine.Rpc;
using Engine.Rpc.Linux;
using Engine.Rpc.Transport;
using Engine.Shared.Protocol;
using Engine.Shared.Wire;

namespace Engine.Tests.Rpc.Support;

/// <summary>One request as the other end saw it, with its descriptors.</summary>
public sealed record SeenRequest(uint Id, string Method, byte[] Frame, IReadOnlyList<SafeFd> Descriptors);

/// <summary>The server's end of a pair, driven step by step by a test. Frames are written with the shared codec.</summary>
public sealed unsafe class FakeServer(FdChannel channel) : IDisposable
{
    private readonly ReceivedMessage _message = new();
    private readonly Lock _lock = new();

    public FdChannel Channel => channel;

    /// <summary>The next request; fails the test when there is none within ten seconds.</summary>
    public SeenRequest Next()
    {
        Assert.Equal(ReceiveStatus.Received, channel.Receive(_message, 10_000));
        return Open();
    }

    /// <summary>The next request, however long it takes; null once the client is gone.</summary>
    public SeenRequest? TryNext() => channel.Receive(_message) == ReceiveStatus.Received ? Open() : null;

    /// <summary>The params of a request; its texts are valid as long as the request is.</summary>
    public static T Params<T>(SeenRequest request)
        where T : struct, IMessage
    {
        // The array is pinned, so that texts which point into it stay valid.
        var codec = Codec.Reader((byte*)System.Runtime.InteropServices.Marshal.UnsafeAddrOfPinnedArrayElement(request.Frame, 0), request.Frame.Length);
        Assert.True(Frame.Open(ref codec, out _));
        var message = default(T);
        message.Fields(ref codec);
        codec.End();
        Assert.Equal(WireStatus.Ok, codec.Status);
        return message;
    }

    public static string Show<T>(SeenRequest request, Func<T, string> show)
        where T : struct, IMessage
        => show(Params<T>(request));

    public void Succeed(uint id) => Succeed(id, default(Nothing));

    public void Succeed<T>(uint id, T result)
        where T : struct, IMessage
        => Write((ref Codec c) =>
        {
            Frame.Success(ref c, id);
            result.Fields(ref c);
        });

    public void Fail(uint id, StageId stage, string operation, string path, int errno, string detail = "")
        => Write((ref Codec c) =>
        {
            using var arena = new MessageArena();
            var error = new ErrorRecord
            {
                Stage = (uint)stage,
                Operation = arena.Text(operation),
                Path = arena.Text(path),
                Errno = errno,
                Detail = arena.Text(detail),
            };
            Frame.Failure(ref c, id, ref error);
        });

    public void NotifyState(string status, int pid, int exitCode, bool oom = false)
        => Write((ref Codec c) =>
        {
            using var arena = new MessageArena();
            Frame.Notification(ref c, arena.Text(Encoding.ASCII.GetString(MethodNames.StateChanged)));
            var change = new StateChange { Status = arena.Text(status), Pid = pid, ExitCode = exitCode, OomKilled = oom };
            change.Fields(ref c);
        });

    public void SucceedWithStatus(uint id, string status, int pid)
    {
        using var arena = new MessageArena();
        Succeed(id, new StateChange { Status = arena.Text(status), Pid = pid, ExitCode = -1 });
    }

    public void SucceedWithDescriptor(uint id, SafeFd descriptor) => Write(
        (ref Codec c) =>
        {
            Frame.Success(ref c, id);
            default(Nothing).Fields(ref c);
        },
        descriptor.Value);

    public void SendRaw(params byte[] bytes) => channel.Send(bytes);

    public void Dispose()
    {
        channel.Dispose();
        _message.Dispose();
    }

    private delegate void FrameWriter(ref Codec codec);

    private SeenRequest Open()
    {
        var codec = _message.Reader();
        Assert.True(Frame.Open(ref codec, out var frame));
        Assert.Equal((uint)FrameType.Request, frame.Type);
        var descriptors = Enumerable.Range(0, _message.DescriptorCount).Select(_message.Take).ToArray();
        byte[] copy = GC.AllocateUninitializedArray<byte>(_message.Length, pinned: true);
        _message.Bytes.CopyTo(copy);
        return new SeenRequest(frame.Id, frame.Method.Decode(), copy, descriptors);
    }

    private void Write(FrameWriter writer, params ReadOnlySpan<int> descriptors)
    {
        var buffer = new byte[Limits.Frame];
        fixed (byte* start = buffer)
        {
            var codec = Codec.Writer(start, buffer.Length);
            writer(ref codec);
            Assert.Equal(WireStatus.Ok, codec.Status);
            lock (_lock)
            {
                channel.Send(buffer.AsSpan(0, codec.Position), descriptors);
            }
        }
    }
}
