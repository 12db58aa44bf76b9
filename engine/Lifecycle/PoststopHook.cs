using System.Diagnostics;
using System.Text.Json;
using Engine.Spec;
using Engine.State;

namespace Engine.Lifecycle;

/// <summary>
/// A poststop hook. The supervisor has ended by then, so the caller's command runs it, with the caller's rights, in the
/// runtime's namespaces; its failure is a warning (runtime.md, Lifecycle, step 13).
/// </summary>
public static class PoststopHook
{
    private const int QuotedOutput = 1024;

    /// <summary>Runs it to its end or its timeout; null when it exited with 0, else what went wrong.</summary>
    public static string? Run(HookSpec hook, StateDocument state)
    {
        var start = new ProcessStartInfo(hook.Path)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
            WorkingDirectory = "/",
        };
        foreach (string argument in hook.Args.Skip(1))
        {
            start.ArgumentList.Add(argument);
        }

        start.Environment.Clear();
        foreach (string entry in hook.Env)
        {
            int equals = entry.IndexOf('=');
            start.Environment[entry[..equals]] = entry[(equals + 1)..];
        }

        try
        {
            using Process process = Process.Start(start)!;
            return Attend(process, hook, state);
        }
        catch (System.ComponentModel.Win32Exception error)
        {
            return $"{hook.Path}: {error.Message}";
        }
    }

    private static string? Attend(Process process, HookSpec hook, StateDocument state)
    {
        var output = new System.Text.StringBuilder();
        void Keep(object sender, DataReceivedEventArgs line)
        {
            lock (output)
            {
                if (line.Data is not null && output.Length < QuotedOutput)
                {
                    output.Append(line.Data).Append(' ');
                }
            }
        }

        process.OutputDataReceived += Keep;
        process.ErrorDataReceived += Keep;
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        try
        {
            process.StandardInput.Write(Document(state));
            process.StandardInput.Close();
        }
        catch (IOException)
        {
            // A hook need not read its input.
        }

        if (!process.WaitForExit(hook.Timeout is long seconds ? (int)Math.Min(seconds * 1000, int.MaxValue) : -1))
        {
            process.Kill(entireProcessTree: true);
            return $"{hook.Path}: killed after its timeout of {hook.Timeout} s";
        }

        return process.ExitCode == 0 ? null : $"{hook.Path}: exit code {process.ExitCode}: {output}".TrimEnd();
    }

    // Hooks get the OCI part of the state only.
    private static string Document(StateDocument state) => JsonSerializer.Serialize(
        new StateDocument
        {
            OciVersion = state.OciVersion,
            Id = state.Id,
            Status = state.Status,
            Pid = 0,
            Bundle = state.Bundle,
            Annotations = state.Annotations,
        },
        StateJson.Default.StateDocument);
}
