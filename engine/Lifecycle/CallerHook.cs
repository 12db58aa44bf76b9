using System.IO.Pipes;
using System.Text;
using System.Text.Json;
using Engine.Linux;
using Engine.Rpc;
using Engine.Rpc.Linux;
using Engine.Spec;
using Engine.State;

namespace Engine.Lifecycle;

/// <summary>
/// A hook that the caller's command runs, with the caller's rights and in the runtime's namespaces, since no supervisor is left: poststop
/// (<see cref="PoststopHooks"/>), and poststart of an unmonitored container.
/// </summary>
public static class CallerHook
{
    private const int QuotedOutput = 1024;

    // For output that is still in the pipe when the hook has ended.
    private const int DrainMilliseconds = 200;

    /// <summary>Runs it to its end or its timeout; null when it exited with 0, else what went wrong.</summary>
    public static string? Run(HookSpec hook, StateDocument state)
    {
        try
        {
            using SafeFd input = SealedMemfd.Create("state", JsonSerializer.SerializeToUtf8Bytes(Document(state), StateJson.Default.StateDocument));
            using var output = new AnonymousPipeServerStream(PipeDirection.In, HandleInheritability.None);
            int end = (int)output.ClientSafePipeHandle.DangerousGetHandle();
            string[] arguments = hook.Args.Length > 0 ? hook.Args : [hook.Path];
            using SpawnedProcess process = SpawnedProcess.Start(hook.Path, arguments, hook.Env, [(input.Value, 0), (end, 1), (end, 2)], newSession: true);
            output.DisposeLocalCopyOfClientHandle();
            return Attend(process, hook, output);
        }
        catch (SyscallException error)
        {
            return $"{hook.Path}: {error.Message}";
        }
    }

    private static string? Attend(SpawnedProcess process, HookSpec hook, AnonymousPipeServerStream output)
    {
        var text = new StringBuilder();
        // It ends when the last holder of the pipe does, which may be long after the hook: nobody waits for it.
        var reader = new Thread(() => Read(output, text)) { IsBackground = true };
        reader.Start();
        bool inTime = process.WaitForEnd(hook.Timeout is long seconds ? TimeSpan.FromSeconds(seconds) : Timeout.InfiniteTimeSpan);
        if (!inTime)
        {
            process.KillGroup();
            process.WaitForEnd();
            return $"{hook.Path}: killed after its timeout of {hook.Timeout} s";
        }

        if (process.Exit!.Value.Code == 0)
        {
            return null;
        }

        reader.Join(DrainMilliseconds);
        lock (text)
        {
            return $"{hook.Path}: exit code {process.Exit.Value.Code}: {text.Replace('\n', ' ')}".TrimEnd(' ', ':');
        }
    }

    private static void Read(AnonymousPipeServerStream output, StringBuilder text)
    {
        byte[] buffer = new byte[4096];
        try
        {
            while (output.Read(buffer) is > 0 and int length)
            {
                lock (text)
                {
                    text.Append(Encoding.UTF8.GetString(buffer, 0, Math.Min(length, Math.Max(0, QuotedOutput - text.Length))));
                }
            }
        }
        catch (Exception error) when (error is IOException or ObjectDisposedException)
        {
            // The command goes on.
        }
    }

    // Hooks get the OCI part of the state only.
    private static StateDocument Document(StateDocument state) => new()
    {
        OciVersion = state.OciVersion,
        Id = state.Id,
        Status = state.Status,
        Pid = state.Status == ContainerStatus.Stopped ? 0 : state.Pid,
        Bundle = state.Bundle,
        Annotations = state.Annotations,
    };
}
