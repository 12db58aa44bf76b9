using Engine.Shared.Wire;
using Engine.Starter.Server;

namespace Engine.Starter.Payload;

/// <summary>Resource limits as messages carry them: resource, soft low, soft high, hard low, hard high.</summary>
internal static unsafe class LimitTable
{
    private const int WordsEach = 5;

    /// <summary>A bit for each resource that is in it.</summary>
    public static uint Resources(Words words)
    {
        uint resources = 0;
        for (int i = 0; i < words.Count; i += WordsEach)
            resources |= 1u << (int)words[i];
        return resources;
    }

    /// <summary>
    /// Raises the hard limits of <paramref name="pid"/> that are below the table's, and touches nothing else: done by a process of the host, because
    /// the payload's own may be of a user namespace in which no capability is enough. The soft ones are the payload's to set.
    /// </summary>
    public static bool Raise(int pid, Words words)
    {
        for (int i = 0; i < words.Count; i += WordsEach)
        {
            int resource = (int)words[i];
            ulong hard = Hard(words, i);
            rlimit64 limit = default;
            int result = Sys.prlimit64(pid, resource, null, &limit);
            if (result >= 0 && limit.rlim_max < hard)
            {
                limit.rlim_max = hard;
                result = Sys.prlimit64(pid, resource, &limit, null);
            }

            if (result < 0)
                return Fail(resource, result);
        }

        return true;
    }

    /// <summary>Sets the calling process's limits.</summary>
    public static bool Set(Words words)
    {
        for (int i = 0; i < words.Count; i += WordsEach)
        {
            rlimit64 limit;
            limit.rlim_cur = words[i + 1] | ((ulong)words[i + 2] << 32);
            limit.rlim_max = Hard(words, i);
            int result = Sys.prlimit64(0, (int)words[i], &limit, null);
            if (result < 0)
                return Fail((int)words[i], result);
        }

        return true;
    }

    /// <summary>Whether it is made of whole rows of resources that exist.</summary>
    public static bool WellFormed(Words words)
    {
        for (int i = 0; i < words.Count; i += WordsEach)
        {
            if (words[i] >= RLIM_NLIMITS)
                return false;
        }

        return words.Count % WordsEach == 0;
    }

    private static ulong Hard(Words words, int row) => words[row + 3] | ((ulong)words[row + 4] << 32);

    private static bool Fail(int resource, int result)
    {
        Failure.Call("prlimit64"u8, RlimitNames.Name(resource), result);
        return result == -EPERM && Failure.Explain("raising a hard limit needs CAP_SYS_RESOURCE"u8);
    }
}
