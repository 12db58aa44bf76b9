using Engine.Starter.Pump;

namespace Engine.Starter;

/// <summary>
/// Entry of the pump; Rt/Start.cs calls it after relocation. Privileges: none. The supervisor has dropped ids, groups and
/// capabilities and set no_new_privs before the exec; descriptor 3 is its socket, 0 to 2 are /dev/null.
/// </summary>
internal static unsafe class Program
{
    /// <summary>Runs the program. The result is the exit status: 0 after the payload's end, 1 when the supervisor is not understood.</summary>
    public static int Run(int argc, byte** argv, byte** envp, ulong* auxv)
    {
        Bytes.Page = Start.Auxiliary(auxv, AT_PAGESZ);
        Sys.prctl(PR_SET_NAME, CString.Of("engine-pump"u8));
        // Whoever may trace this process could take the payload's terminal from it.
        Sys.prctl(PR_SET_DUMPABLE, 0);
        // All but SIGKILL and SIGSTOP: a lost reader is an error number here, and the end comes with the payload's.
        ulong all = ~0UL;
        Sys.rt_sigprocmask(SIG_SETMASK, &all, null);
        Sys.close_range(Supervisor.Descriptor + 1, uint.MaxValue, 0);

        if (!Supervisor.Setup())
        {
            Sys.WriteAll(2, "pump: descriptor 3 did not bring a valid setup; it is started by the supervisor only\n"u8);
            return 1;
        }

        Loop.Run();
        return 0;
    }
}
