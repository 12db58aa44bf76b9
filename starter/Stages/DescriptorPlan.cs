using Engine.Starter.Server;

namespace Engine.Starter.Stages;

/// <summary>Fixed descriptor numbers for a new process.</summary>
internal static unsafe class DescriptorPlan
{
    /// <summary>
    /// Makes <paramref name="descriptors"/> the numbers from <paramref name="first"/> on, in their order (negative: that number stays
    /// closed), and closes every number behind them. Numbers below <paramref name="first"/> stay as they are. After a failure, which may be one
    /// in the middle, each element still is an open descriptor: what tells of the failure goes there, and not to its planned number.
    /// </summary>
    public static bool Arrange(int first, int* descriptors, int count, bool closeOnExec)
    {
        // A wanted descriptor may sit on a number that another one is to get: first all of them out of the way.
        int free = first + count;
        for (int i = 0; i < count; i++)
        {
            if (descriptors[i] < 0)
                continue;
            int copy = Sys.fcntl(descriptors[i], F_DUPFD_CLOEXEC, free);
            if (copy < 0)
                return Failure.Call("fcntl"u8, copy);
            descriptors[i] = copy;
        }

        for (int i = 0; i < count; i++)
        {
            if (descriptors[i] < 0)
            {
                Sys.close(first + i);
                continue;
            }

            int result = Sys.dup3(descriptors[i], first + i, closeOnExec ? O_CLOEXEC : 0);
            if (result < 0)
                return Failure.Call("dup3"u8, result);
        }

        int closed = Sys.close_range((uint)free, uint.MaxValue, 0);
        return closed >= 0 || Failure.Call("close_range"u8, closed);
    }
}
