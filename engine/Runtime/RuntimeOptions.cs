namespace Engine.Runtime;

/// <summary>What <c>engine-runc create</c> and <c>run</c> were asked for. Paths are absolute.</summary>
public sealed record RuntimeOptions
{
    public required string Id { get; init; }
    public required string Bundle { get; init; }
    public string? PidFile { get; init; }

    /// <summary>Local stream socket that gets the terminal's master side.</summary>
    public string? ConsoleSocket { get; init; }

    /// <summary>Local stream socket that gets a pidfd of the container's first process.</summary>
    public string? PidfdSocket { get; init; }

    /// <summary>Descriptors of the caller's, from number 3 on, that the process gets under the same numbers.</summary>
    public int PreserveFds { get; init; }

    /// <summary>The process stays in the caller's session keyring.</summary>
    public bool KeepKeyring { get; init; }

    /// <summary>A cgroup that cannot be had is a failure.</summary>
    public bool RequiresCgroup { get; init; }

    /// <summary>No cgroup is made at all.</summary>
    public bool NoCgroup { get; init; }

    /// <summary>systemd makes the cgroup.</summary>
    public bool SystemdCgroup { get; init; }

    /// <summary>The command that creates stays and shows the terminal itself: no console socket is needed.</summary>
    public bool KeepsTerminal { get; init; }

    /// <summary>The container is killed when the command that created it ends.</summary>
    public bool DiesWithCaller { get; init; }

    /// <summary>File for the Chrome trace.</summary>
    public string? Trace { get; init; }
}
