using Engine.Diagnostics;

namespace Engine.State;

/// <summary>Names of the lifecycle states, and the one table of what may be asked in which.</summary>
public static class ContainerStatus
{
    public const string Creating = "creating";
    public const string Created = "created";
    public const string Running = "running";
    public const string Paused = "paused";
    public const string Stopped = "stopped";

    // verb → states in which it is allowed (OCI runtime.md "Lifecycle", Apptainer's commands, runc's pause and resume).
    private static readonly (string Verb, string[] Allowed)[] Table =
    [
        ("start", [Created]),
        ("attach", [Created, Running, Paused]),
        ("exec", [Created, Running]),
        ("kill", [Created, Running, Paused]),
        ("pause", [Running]),
        ("resume", [Paused]),
        ("update", [Created, Running, Paused]),
        ("delete", [Created, Stopped]),
    ];

    /// <summary>Refuses <paramref name="verb"/> when <paramref name="status"/> does not allow it.</summary>
    /// <exception cref="EngineException">Says what the container is and what it would have to be.</exception>
    public static void Require(string verb, string id, string status)
    {
        foreach ((string name, string[] allowed) in Table)
        {
            if (name == verb && !allowed.Contains(status))
            {
                throw new EngineException($"cannot {verb} container \"{id}\": it is {status}, must be {string.Join(" or ", allowed)}{Advice(verb, status)}");
            }
        }
    }

    private static string Advice(string verb, string status) => (verb, status) switch
    {
        ("delete", Running or Paused) => "; kill it first or use --force",
        ("delete", Creating) => "; --force ends the creation",
        ("exec", Paused) => "; resume it first",
        _ => "",
    };
}
