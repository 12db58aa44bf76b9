using System.Text;
using Engine.Rpc.Transport;
using Engine.Shared.Protocol;
using Engine.Shared.Wire;

namespace Engine.Rpc.Client;

/// <summary>
/// What the clients of both servers have in common. Every request method returns at once, with the request sent
/// (pipelined); <see cref="Pending.Wait"/> on what it returns makes it an immediate call. <c>context</c> names the config
/// item that a request comes from (<c>config.json mounts[3]</c>) for the error text. Owns the connection; not thread-safe.
/// </summary>
public abstract class ServerClient : IDisposable
{
    private protected ServerClient(FdChannel channel, string peer) => Connection = new RpcConnection(channel, peer);

    /// <summary>The connection below: its socket, its trace, its notifications.</summary>
    public RpcConnection Connection { get; }

    private protected MessageArena Arena => Connection.Arena;

    /// <inheritdoc cref="RpcConnection.Drain"/>
    public void Drain() => Connection.Drain();

    /// <inheritdoc/>
    public void Dispose()
    {
        Connection.Dispose();
        GC.SuppressFinalize(this);
    }

    // Version and build of the peer must be ours: it answers with its own even when it refuses ours.
    private protected Pending SendHello(ReadOnlySpan<byte> method)
    {
        var hello = new Hello { Version = Limits.Version, Build = Arena.Bytes(BuildId.Value) };
        return Connection.Post(method, ref hello, new Pending<uint>(Connection, null, ReadHello));
    }

    private protected Pending Send<T>(ReadOnlySpan<byte> method, ref T parameters, string? context, ReadOnlySpan<int> descriptors = default)
        where T : struct, IMessage
        => Connection.Post(method, ref parameters, new Pending(Connection, context), descriptors);

    private protected Pending SendNothing(ReadOnlySpan<byte> method, string? context, ReadOnlySpan<int> descriptors = default)
    {
        var nothing = default(Nothing);
        return Send(method, ref nothing, context, descriptors);
    }

    private protected RunHook Hook(HookCall hook) => new()
    {
        Path = Arena.Text(hook.Path),
        Args = Arena.List(hook.Args),
        Env = Arena.List(hook.Env),
        TimeoutMilliseconds = hook.TimeoutMilliseconds,
        Status = Arena.Text(hook.Status),
    };

    private static uint ReadHello(ref Codec codec, ReceivedMessage message)
    {
        var hello = default(Hello);
        hello.Fields(ref codec);
        if (codec.Ok && (hello.Version != Limits.Version || !hello.Build.Is(BuildId.Value)))
        {
            throw new MessageException(
                $"the starter is version {hello.Version}, build {hello.Build.Decode()}; this engine is version {Limits.Version}, "
                + $"build {Encoding.ASCII.GetString(BuildId.Value)}: install both from one build");
        }

        return hello.Version;
    }
}

/// <summary>One hook to run; see <see cref="RunHook"/>.</summary>
/// <param name="Path">Absolute path.</param>
/// <param name="Args">argv; argv[0] is Path when empty.</param>
/// <param name="Env">The whole environment.</param>
/// <param name="TimeoutMilliseconds">0 for none.</param>
/// <param name="Status">Status in the state document that it reads.</param>
public sealed record HookCall(string Path, IReadOnlyList<string> Args, IReadOnlyList<string> Env, uint TimeoutMilliseconds, string Status);
