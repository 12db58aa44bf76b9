namespace Engine.Starter.Stages;

/// <summary>
/// What a new container stage starts from. It is a fork of the supervisor: <see cref="CallerLimits"/> and the state document
/// (Supervisor/StateDocument) are in its memory, too. Already done for it: namespaces cloned or joined, all but a new cgroup namespace;
/// only descriptors 0 to 2, those below and the payload's preserved ones behind them are open; every signal blocked, every disposition default; umask 0077;
/// PR_SET_PDEATHSIG is SIGKILL (to be cleared before execve); not dumpable. Still to come, announced by the note Go, whose Slot is
/// the stage's own pid as the host sees it: id maps, cgroups, oom_score_adj.
/// </summary>
internal struct StageContext
{
    /// <summary>The RPC server's socket (SOCK_SEQPACKET).</summary>
    public const int Rpc = 3;

    /// <summary>The stage link (SOCK_SEQPACKET), close-on-exec: its end tells the supervisor that the payload runs.</summary>
    public const int Link = 4;

    /// <summary>Read end of the payload's stdin; not open when it has a terminal.</summary>
    public const int Stdin = 5;

    /// <summary>Write end of stdout; not open when it has a terminal.</summary>
    public const int Stdout = 6;

    /// <summary>Write end of stderr; not open when it has a terminal.</summary>
    public const int Stderr = 7;

    /// <summary>Listening start.sock; not open in a monitored container.</summary>
    public const int StartListener = 8;

    /// <summary>How many descriptors that is, from the first. Behind them: <see cref="PreservedFiles"/>.</summary>
    public const int Descriptors = 6;

    public Workflow Workflow;

    /// <summary>Start comes over the stage link; otherwise over <see cref="StartListener"/>, when the supervisor has ended.</summary>
    public bool Monitored;

    /// <summary>CLONE_NEW* of the namespaces made for this container. CLONE_NEWCGROUP in it is still to be unshared, after Go.</summary>
    public ulong NewNamespaces;

    /// <summary>CLONE_NEW* of the namespaces joined by path that are not the supervisor's own.</summary>
    public ulong JoinedNamespaces;

    /// <summary>The payload gets a terminal.</summary>
    public bool Terminal;

    /// <summary>Bring the loopback interface of the new network namespace up, after Go.</summary>
    public bool LoopbackUp;
}
