// Process:      a child of the supervisor, between fork and the execve of the master or the pump
// Ids:          root workflow: 0, then its own (MasterDescriptors); the others: the caller's
// Capabilities: the supervisor's, then none: permitted, effective, inheritable, bounding and ambient are empty
// Namespaces:   the host's
// Trusts:       the supervisor, which opened every descriptor and the program
// Gives up:     everything; what the kernel then shows is compared with what was asked for, and a difference ends it

using Engine.Shared.Protocol;
using Engine.Starter.Policy;
using Engine.Starter.Server;

namespace Engine.Starter.Stages;

/// <summary>What an unprivileged process of ours starts with.</summary>
internal unsafe struct DropPlan
{
    /// <summary>Its uid and gid.</summary>
    public uint Id;

    /// <summary>The program, O_PATH.</summary>
    public int Executable;

    /// <summary>Descriptors 0 and up; negative: that number stays closed.</summary>
    public int* Descriptors;
    public int Count;
    public byte** Arguments;
    public byte** Environment;

    /// <summary>It is to die with the supervisor.</summary>
    public bool DiesWithParent;
}

/// <summary>Drops all privilege and executes.</summary>
internal static unsafe class Stage7Drop
{
    /// <summary>Never returns. <paramref name="report"/> (SOCK_SEQPACKET, close-on-exec) gets a note Failed if the program cannot be started.</summary>
    public static void Run(ref DropPlan plan, int report)
    {
        Stage.Enter(StageId.Drop);
        int* wanted = stackalloc int[plan.Count + 2];
        for (int i = 0; i < plan.Count; i++)
            wanted[i] = plan.Descriptors[i];
        int executable = plan.Count;
        wanted[executable] = plan.Executable;
        wanted[executable + 1] = report;
        if (!DescriptorPlan.Arrange(0, wanted, plan.Count + 2, false))
            Fail(wanted[executable + 1]);

        report = executable + 1;
        Sys.fcntl(executable, F_SETFD, FD_CLOEXEC);
        Sys.fcntl(report, F_SETFD, FD_CLOEXEC);
        if (!(Rules.Apply ? Caller.Drop() : Privileges.DropAll(plan.Id)))
            Fail(report);

        // After the change of ids, which clears it.
        if (plan.DiesWithParent)
            Sys.prctl(PR_SET_PDEATHSIG, SIGKILL);

        Sys.umask(0x3f);
        ulong none = 0;
        Sys.rt_sigprocmask(SIG_SETMASK, &none, null);
        int result = Sys.execveat(executable, CString.Of("\0"u8), plan.Arguments, plan.Environment, AT_EMPTY_PATH);
        Failure.Call("execveat"u8, plan.Arguments == null ? default : CString.Span(plan.Arguments[0]), result);
        Fail(report);
    }

    private static void Fail(int report)
    {
        StageLink.SendFailure(report, StageNoteKind.Failed);
        Sys.exit_group(255);
    }
}
