using System.Globalization;
using Engine.Diagnostics;
using Engine.Linux;
using Engine.Rpc.Linux;
using Engine.Shared.Protocol;
using Engine.Spec;

namespace Engine.Runtime;

/// <summary>
/// Descriptors of the caller's that the container's process gets: those of socket activation (LISTEN_FDS, sd_listen_fds(3)) and those of
/// --preserve-fds, from number 3 on and without a gap.
/// </summary>
public sealed class ActivationFiles : IDisposable
{
    private const int First = 3;

    // Ours are close-on-exec and above; duplicates keep the caller's numbers from being taken by something else meanwhile.
    private readonly List<SafeFd> _files = [];
    private readonly int _listening;

    private ActivationFiles(int listening) => _listening = listening;

    /// <summary>The descriptors, in their order.</summary>
    public IReadOnlyList<int> Descriptors => [.. _files.Select(file => file.Value)];

    /// <summary>What this process was given.</summary>
    /// <param name="preserve">--preserve-fds, beside the activation's.</param>
    /// <exception cref="EngineException">One of them is not open, or there are too many.</exception>
    public static ActivationFiles OfCaller(int preserve)
    {
        // LISTEN_PID is not compared: a runtime is handed the descriptors by a caller that was given them itself (runc, crun).
        int listening = int.TryParse(Environment.GetEnvironmentVariable("LISTEN_FDS"), NumberStyles.None, CultureInfo.InvariantCulture, out int count) ? count : 0;
        if (preserve < 0 || listening + (long)preserve > Limits.Preserved)
        {
            throw new EngineException($"{listening + (long)preserve} descriptors to be preserved: must be 0 to {Limits.Preserved}");
        }

        var files = new ActivationFiles(listening);
        try
        {
            for (int fd = First; fd < First + listening + preserve; fd++)
            {
                files._files.Add(Duplicate(fd));
            }
        }
        catch
        {
            files.Dispose();
            throw;
        }

        return files;
    }

    /// <summary>Variables that tell a process of the sockets, as runc sets them for the container's first process and for any other.</summary>
    public IReadOnlyList<string> Variables
    {
        get
        {
            if (_listening == 0)
            {
                return [];
            }

            string[] set = [$"LISTEN_FDS={_listening.ToString(CultureInfo.InvariantCulture)}", "LISTEN_PID=1"];
            return Environment.GetEnvironmentVariable("LISTEN_FDNAMES") is { Length: > 0 } names ? [.. set, "LISTEN_FDNAMES=" + names] : set;
        }
    }

    /// <summary>Tells the process of the sockets.</summary>
    public void AddTo(RuntimeSpec spec)
    {
        if (spec.Process is { } process)
        {
            process.Env = [.. process.Env, .. Variables];
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _files.ForEach(file => file.Dispose());

    // What is close-on-exec was not given to this program: it is its own.
    private static SafeFd Duplicate(int fd)
    {
        using var given = new SafeFd(fd, owns: false);
        return given.IsInheritable
            ? given.Duplicate(First)
            : throw new EngineException($"descriptor {fd} is to be preserved (--preserve-fds, LISTEN_FDS) and is not open");
    }
}
