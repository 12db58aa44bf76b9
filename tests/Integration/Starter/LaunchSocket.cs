using System.Text;
using Engine.Linux;
using Engine.Rpc;
using Engine.Rpc.Linux;
using Engine.Rpc.Transport;
using Engine.Shared.Linux;
using Engine.Shared.Protocol;
using Engine.Shared.Wire;
using Engine.Tests.Integration.Support;

namespace Engine.Tests.Integration.Starter;

/// <summary>A started starter and the CLI's end of its launch socket.</summary>
internal sealed class LaunchSocket : IDisposable
{
    private readonly MessageArena _arena = new();

    private LaunchSocket(SpawnedProcess process, FdChannel channel)
    {
        Process = process;
        Channel = channel;
    }

    public SpawnedProcess Process { get; }

    public FdChannel Channel { get; }

    /// <summary>Starts the starter itself, or <paramref name="script"/> in a shell that executes it as "$0".</summary>
    public static LaunchSocket Start(string? script = null)
    {
        var (ours, theirs) = FdChannel.Pair();
        using (theirs)
        using (var image = Files.Open(script is null ? Installation.Starter : "/bin/sh", fcntl_h.O_PATH))
        {
            string[] argv = script is null ? ["starter"] : ["sh", "-c", script, Installation.Starter];
            return new LaunchSocket(SpawnedProcess.Start(image, argv, ["PATH=/usr/bin:/bin"], [(theirs.Value, 3)]), ours);
        }
    }

    /// <summary>A record that a create could have sent.</summary>
    public Launch Record() => new()
    {
        Version = Limits.Version,
        Build = Text(Encoding.UTF8.GetString(BuildId.Value)),
        Mode = (uint)LaunchMode.Create,
        Id = Text("id"),
        RingBytes = 4096,
        LogFormat = (uint)LogFormat.Basic,
    };

    public Text Text(string value) => _arena.Text(value);

    public void Send(Launch record, params int[] descriptors) => Channel.SendMessage(ref record, descriptors);

    /// <summary>The starter's answer, which must come.</summary>
    public (uint Kind, StageId Stage, string Operation, string Detail, int ExitCode) Result()
    {
        using var message = new ReceivedMessage();
        Assert.Equal(ReceiveStatus.Received, Channel.Receive(message, 20_000));
        Assert.Equal(WireStatus.Ok, message.Read(out LaunchResult result));
        return (result.Kind, (StageId)result.Error.Stage, result.Error.Operation.Decode(), result.Error.Detail.Decode(), result.ExitCode);
    }

    /// <summary>The exit code, which must come.</summary>
    public int ExitCode()
    {
        Assert.True(Process.WaitForEnd(TimeSpan.FromSeconds(20)), "the starter did not end");
        return Process.Exit!.Value.Code;
    }

    public void Dispose()
    {
        Channel.Dispose();
        if (!Process.WaitForEnd(TimeSpan.FromSeconds(20)))
        {
            Pidfds.Signal(Process.Pidfd, signal_h.SIGKILL);
            Process.WaitForEnd();
        }
        Process.Dispose();
        _arena.Dispose();
    }
}
