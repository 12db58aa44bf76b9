using Engine.Starter.Server;

namespace Engine.Starter.Stages;

/// <summary>
/// The caller's resource limits, kept by stage 0 for the programs that are executed on its behalf: ours are another's business
/// (no core file of a privileged process, and no limit that would end a monitor in the middle of its work).
/// </summary>
internal static unsafe class CallerLimits
{
    // Enough for 1024 sources waiting in the container stage, and everything else.
    private const ulong Descriptors = 4096;

    // Below this the starter could fail at any open: security.md H48.
    private const ulong FewestDescriptors = 64;

    // What the deepest of our calls needs, several times over.
    private const ulong StackBytes = 1024 * 1024;

    private struct Table
    {
        public fixed ulong Words[RLIM_NLIMITS * 2];
    }

    private static Table s_limits;

    /// <summary>Reads the caller's limits, then sets our own. Raises soft limits to the hard ones only, which needs no privilege.</summary>
    public static bool Keep()
    {
        for (int resource = 0; resource < RLIM_NLIMITS; resource++)
        {
            rlimit64 limit = default;
            int result = Sys.prlimit64(0, resource, null, &limit);
            if (result < 0)
                return Failure.Call("prlimit64"u8, result);

            s_limits.Words[resource * 2] = limit.rlim_cur;
            s_limits.Words[resource * 2 + 1] = limit.rlim_max;
        }

        if (s_limits.Words[RLIMIT_NOFILE * 2] < FewestDescriptors)
            return Failure.Refuse("RLIMIT_NOFILE"u8, "below 64 open files; raise the limit (ulimit -n)"u8);

        return Own(RLIMIT_CORE, 0) && Own(RLIMIT_NOFILE, Descriptors) && Own(RLIMIT_STACK, StackBytes) &&
            Own(RLIMIT_FSIZE, ulong.MaxValue) && Own(RLIMIT_CPU, ulong.MaxValue) &&
            Own(RLIMIT_AS, ulong.MaxValue) && Own(RLIMIT_DATA, ulong.MaxValue);
    }

    /// <summary>
    /// Gives the calling process (a child that is about to execute something) the caller's limits, but for those in <paramref name="except"/>, a bit
    /// for each resource.
    /// </summary>
    public static bool Restore(uint except = 0)
    {
        for (int resource = 0; resource < RLIM_NLIMITS; resource++)
        {
            if ((except >> resource & 1) != 0)
                continue;
            rlimit64 limit;
            limit.rlim_cur = s_limits.Words[resource * 2];
            limit.rlim_max = s_limits.Words[resource * 2 + 1];
            int result = Sys.prlimit64(0, resource, &limit, null);
            if (result < 0)
                return Failure.Call("prlimit64"u8, result);
        }

        return true;
    }

    // The soft limit becomes wanted, or the hard one where that is lower; the hard one stays, so that Restore can undo it. A soft limit that
    // is already higher than the number of descriptors wanted stays, too.
    private static bool Own(int resource, ulong wanted)
    {
        rlimit64 limit;
        limit.rlim_cur = s_limits.Words[resource * 2];
        limit.rlim_max = s_limits.Words[resource * 2 + 1];
        if (wanted != 0 && limit.rlim_cur >= wanted)
            return true;

        limit.rlim_cur = wanted < limit.rlim_max ? wanted : limit.rlim_max;
        int result = Sys.prlimit64(0, resource, &limit, null);
        return result >= 0 || Failure.Call("prlimit64"u8, result);
    }
}
