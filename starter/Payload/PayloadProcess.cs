// Process:      the container stage after Start, or exec's child inside the container; becomes the payload
// Ids:          root of the container's user namespace, then the configured ones
// Capabilities: all in that namespace, then the configured ones
// Namespaces:   the container's
// Trusts:       the plan, as sealed by the engine
// Gives up:     in this order: scheduling, keyring, bounding set, groups, gid, uid, limits, capabilities, new privileges, system calls, itself

using Engine.Shared.Protocol;
using Engine.Starter.Container;
using Engine.Starter.Server;
using Engine.Starter.Stages;

namespace Engine.Starter.Payload;

/// <summary>Applies a process plan to the calling process and executes it.</summary>
internal static unsafe class PayloadProcess
{
    /// <summary>What a shell answers for a command that is not there, and for one that cannot be executed.</summary>
    private const int NotFound = 127, NotExecutable = 126, OwnFailure = 255;

    /// <summary>
    /// Everything that can fail before the start: reads the plan, finds HOME, working directory and program. This process's root must be
    /// the container's, and <see cref="RootPath"/> must name it. Takes <paramref name="memfd"/> over.
    /// </summary>
    public static bool Prepare(int memfd)
    {
        if (!PayloadPlan.Load(memfd))
            return false;
        uint slot = PayloadPlan.Plan.ListenerSlotPlusOne;
        return (slot == 0 || SourceTable.Take(slot - 1, false, out SeccompListener.Socket)) && Resolve();
    }

    /// <summary>The second half of <see cref="Prepare"/>, for a plan that was loaded before.</summary>
    public static bool Resolve()
    {
        HomeDirectory.Complete();
        return WorkingDirectory.Enter() && (PayloadPlan.Has(ProcessFlags.Empty) || ProgramLookup.Find()) && Scheduling.Set();
    }

    /// <summary>
    /// Sets everything but the working directory, each verified. <paramref name="userNamespace"/>: setgroups may be denied. After a failure
    /// the process must end. Stdio must be in place; everything else but <see cref="PreservedFiles"/> and <paramref name="link"/>, whose
    /// number may change, is closed.
    /// </summary>
    public static bool Apply(bool userNamespace, ref int link)
    {
        ref ProcessPlan plan = ref PayloadPlan.Plan;
        bool capabilities = PayloadPlan.Has(ProcessFlags.HasCapabilities);

        if (!PreservedFiles.Place(ref link) || !SeccompListener.Begin(link))
            return false;
        if (!SecurityLabels.Set() || !PayloadLimits.NewKeyring())
            return false;
        if (!PayloadStdio.Give(plan.Uid, PayloadPlan.Has(ProcessFlags.Terminal)))
            return false;
        uint mask = PayloadPlan.Has(ProcessFlags.HasUmask) ? plan.Umask & 0x1ff : 0x12;
        Sys.umask(mask);
        // It tells the one before, nothing else: what another's filter does to it shows only in a second call.
        if (Sys.umask(mask) != mask)
            return Failure.Refuse("umask"u8, "the kernel shows another value than was set"u8);

        if (capabilities && !Privileges.LimitBounding(plan.Bounding))
            return false;
        if (!Privileges.Become(plan.Uid, plan.Gid, PayloadPlan.Groups, PayloadPlan.GroupCount, userNamespace))
            return false;
        if (!WorkingDirectory.EnterAsUser() || !Privileges.RaiseEffective() || !PayloadLimits.SetRlimits() || !UnblockSignals())
            return false;

        // The payload outlives the supervisor: from here on nobody's death is ours, unless its parent, who has adopted it by now, wants that.
        bool dies = (LaunchRecord.Launch.Flags & (uint)LaunchFlags.DiesWithCaller) != 0;
        int signal = dies ? SIGKILL : 0, found = -1;
        int result = Sys.prctl(PR_SET_PDEATHSIG, signal);
        if (result >= 0)
            result = Sys.prctl(PR_GET_PDEATHSIG, &found);
        if (result < 0)
            return Failure.Call("prctl(PR_SET_PDEATHSIG)"u8, result);
        if (found != signal)
            return Failure.Refuse("prctl(PR_SET_PDEATHSIG)"u8, "the kernel shows another value than was set"u8);
        return Confine(ref plan, capabilities);
    }

    /// <summary>
    /// Executes the program, or stays as the empty process. Returns only with a failure. <paramref name="link"/> is close-on-exec: its end
    /// tells the other side that the program runs.
    /// </summary>
    public static void Execute(int link)
    {
        if (PayloadPlan.Has(ProcessFlags.Empty))
            EmptyProcess.Run(link);
        int result = Sys.execve(ProgramLookup.Program, PayloadPlan.Args, PayloadPlan.Env);
        Failure.Call("execve"u8, CString.Span(ProgramLookup.Program), result);
    }

    /// <summary>The exit code that stands for this process's <see cref="Failure"/>.</summary>
    public static int ExitCode
    {
        get
        {
            if (!Failure.IsOf("execve"u8))
                return OwnFailure;
            return Failure.Errno == ENOENT || Failure.Errno == ENOTDIR ? NotFound : NotExecutable;
        }
    }

    // The filter is the very last thing and needs to allow nothing but execve. Without no_new_privs loading it takes CAP_SYS_ADMIN, which then
    // stays until execve takes it: what a program gets is computed from the inheritable, bounding and ambient sets and the file, never from the
    // permitted one of before (capabilities(7)). A process that is not executed cannot leave it to execve.
    private static bool Confine(ref ProcessPlan plan, bool capabilities)
    {
        if (!Wanted(ref plan, capabilities, out CapabilitySets sets))
            return false;
        bool noNewPrivileges = PayloadPlan.Has(ProcessFlags.NoNewPrivileges), filter = SeccompFilter.Wanted;
        bool afterwards = filter && !noNewPrivileges && PayloadPlan.Has(ProcessFlags.Empty);
        ulong untilExecve = filter && !noNewPrivileges ? 1UL << CAP_SYS_ADMIN : 0;
        return (afterwards || Privileges.SetCapabilities(sets, untilExecve)) && (!noNewPrivileges || Privileges.SetNoNewPrivileges()) &&
            (!filter || SeccompFilter.Load()) && (!afterwards || Privileges.SetCapabilities(sets, 0));
    }

    // A plan without capabilities leaves a root payload what its bounding set holds, and any other none, as execve would.
    private static bool Wanted(ref ProcessPlan plan, bool capabilities, out CapabilitySets sets)
    {
        sets = default;
        if (capabilities)
        {
            sets.Permitted = plan.Permitted;
            sets.Effective = plan.Effective;
            sets.Inheritable = plan.Inheritable;
            sets.Ambient = plan.Ambient;
            return true;
        }

        if (plan.Uid != 0)
            return true;
        if (!Privileges.ReadPermitted(out ulong permitted))
            return false;
        sets.Permitted = sets.Effective = permitted;
        return true;
    }

    // Dispositions are the default ones since stage 0, which nothing here changes.
    private static bool UnblockSignals()
    {
        ulong none = 0;
        int result = PayloadPlan.Has(ProcessFlags.Empty) ? 0 : Sys.rt_sigprocmask(SIG_SETMASK, &none, null);
        return result >= 0 || Failure.Call("rt_sigprocmask"u8, result);
    }
}
