using System.Text;
using Engine.Linux;
using Engine.Rpc;
using Engine.Rpc.Linux;
using Engine.Rpc.Transport;
using Engine.Shared.Linux;
using Engine.Shared.Protocol;
using Engine.Shared.Wire;

namespace Engine.Tests.Integration.Support;

/// <summary>The starter's answers to an exec: runs or failed, and how it ended (code -1 when it did not run).</summary>
public sealed record ExecAnswer(uint Kind, int FailureCode, string Operation, string Path, int Errno, string Detail, int ExitCode);

/// <summary>A process in a running container, ordered from the starter directly. It has no stdio but /dev/null or its terminal.</summary>
public static class DirectExec
{
    /// <summary>Runs it to its end.</summary>
    /// <param name="pid">The container's first process.</param>
    /// <param name="namespaces">CLONE_NEW* to join.</param>
    /// <param name="process">Its plan.</param>
    /// <param name="cgroups">v1 directories.</param>
    public static ExecAnswer Run(int pid, ulong namespaces, ProcessDescription process, params string[] cgroups)
    {
        (FdChannel launch, SafeFd end) = FdChannel.Pair();
        using (launch)
        using (SafeFd starter = Files.Open(Installation.Starter, fcntl_h.O_PATH))
        using (SafeFd init = Pidfds.Open(pid))
        using (SafeFd plan = ProcessPlanWriter.Write(process))
        using (var arena = new MessageArena())
        {
            using SpawnedProcess spawned = SpawnedProcess.Start(starter, ["starter"], [], [(end.Value, 3)], SpawnStdio.Null, newSession: true);
            end.Dispose();
            bool terminal = process.Flags.HasFlag(ProcessFlags.Terminal);
            var record = new Launch
            {
                Version = Limits.Version,
                Build = arena.Bytes(BuildId.Value),
                Mode = (uint)LaunchMode.Exec,
                Flags = (uint)(terminal ? LaunchFlags.Terminal : LaunchFlags.None),
                Descriptors = 1u << (int)LaunchDescriptor.InitPidfd | 1u << (int)LaunchDescriptor.ProcessPlan,
                Id = arena.Text("direct"),
                LogLeaf = arena.Text(""),
                PidLeaf = arena.Text(""),
                SyncSocket = arena.Text(""),
                Namespaces = namespaces,
            };
            launch.SendMessage(ref record, [init.Value, plan.Value]);
            SendCgroups(launch, cgroups);

            ExecAnswer answer = Receive(launch);
            if (answer.Kind == 0)
            {
                answer = answer with { ExitCode = Receive(launch).FailureCode };
            }

            launch.Dispose();
            Assert.True(spawned.WaitForEnd(TimeSpan.FromSeconds(20)), "the starter still runs");
            return answer;
        }
    }

    private static void SendCgroups(FdChannel launch, string[] cgroups)
    {
        var directories = cgroups.Select(path => Files.Open(path, fcntl_h.O_PATH)).ToList();
        var message = new ExecCgroups { Count = (uint)directories.Count };
        launch.SendMessage(ref message, [.. directories.Select(directory => directory.Value)]);
        directories.ForEach(directory => directory.Dispose());
    }

    private static unsafe ExecAnswer Receive(FdChannel launch)
    {
        using var message = new ReceivedMessage();
        Assert.Equal(ReceiveStatus.Received, launch.Receive(message, 20_000));
        Assert.Equal(WireStatus.Ok, message.Read(out LaunchResult result));
        string Decode(Text text) => Encoding.UTF8.GetString(text.At, text.Length);
        return new ExecAnswer(
            result.Kind, result.ExitCode, Decode(result.Error.Operation), Decode(result.Error.Path), result.Error.Errno, Decode(result.Error.Detail), -1);
    }
}
