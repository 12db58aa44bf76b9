using Engine.Shared.Protocol;
using Engine.Starter.Server;

namespace Engine.Starter.Supervisor.Cgroups;

/// <summary>Stops and continues every process of the container, in the slot marked Freezer.</summary>
internal static unsafe class Freezer
{
    // A process in an uninterruptible wait freezes when that ends; longer than this nobody waits for a pause.
    private const long WaitNanoseconds = 5_000_000_000;

    /// <summary>Waits until everything is frozen. On failure it is thawed again.</summary>
    public static bool Freeze() => Find(out CgroupSlot slot) && (Set(ref slot, true) || GiveUp(ref slot));

    /// <summary>Waits until everything runs again.</summary>
    public static bool Thaw() => Find(out CgroupSlot slot) && Set(ref slot, false);

    /// <summary>Thaws a v1 freezer, in which not even SIGKILL works; no failure is left.</summary>
    public static void ThawForKill()
    {
        if (CgroupSlots.Find(CgroupFlags.Freezer, out CgroupSlot slot) && (slot.Flags & CgroupFlags.Unified) == 0)
            ControlFile.Write(slot.Directory, "freezer.state"u8, "THAWED"u8);
    }

    /// <summary>Thaws without waiting, and leaves the present failure as it is.</summary>
    public static void ThawQuietly()
    {
        if (CgroupSlots.Find(CgroupFlags.Freezer, out CgroupSlot slot))
            Release(ref slot);
    }

    private static bool Find(out CgroupSlot slot) =>
        CgroupSlots.Find(CgroupFlags.Freezer, out slot) ||
        Failure.Refuse("freeze"u8, "the container has no freezer cgroup (v1 freezer or cgroup2)"u8);

    private static bool GiveUp(ref CgroupSlot slot)
    {
        Release(ref slot);
        return false;
    }

    private static void Release(ref CgroupSlot slot)
    {
        if ((slot.Flags & CgroupFlags.Unified) != 0)
            ControlFile.Write(slot.Directory, "cgroup.freeze"u8, "0"u8);
        else
            ControlFile.Write(slot.Directory, "freezer.state"u8, "THAWED"u8);
    }

    private static bool Set(ref CgroupSlot slot, bool frozen) =>
        (slot.Flags & CgroupFlags.Unified) != 0 ? SetUnified(slot.Directory, frozen) : SetLegacy(slot.Directory, frozen);

    private static bool SetUnified(int directory, bool frozen)
    {
        // Opened before the write, or the change could come between the two.
        int events = ControlFile.Open(directory, CString.Of("cgroup.events"u8), O_RDONLY);
        if (events < 0)
            return Failure.Call("openat2"u8, "cgroup.events"u8, events);

        byte* buffer = stackalloc byte[64];
        long result = ControlFile.Write(directory, "cgroup.freeze"u8, frozen ? "1"u8 : "0"u8);
        bool reached = false;
        long deadline = Sys.MonotonicNanoseconds() + WaitNanoseconds;
        while (result >= 0 && !reached)
        {
            reached = ControlFile.ReadKey(directory, "cgroup.events"u8, "frozen"u8, out ulong value) && value != 0 == frozen;
            long left = (deadline - Sys.MonotonicNanoseconds()) / 1000000;
            if (reached || left <= 0)
                break;

            // Reading the descriptor arms its next event.
            Sys.pread(events, buffer, 64, 0);
            pollfd watch = default;
            watch.fd = events;
            watch.events = POLLPRI;
            Sys.poll(&watch, 1, left > 100 ? 100 : (int)left);
        }

        Sys.close(events);
        if (result < 0)
            return Failure.Call("write"u8, "cgroup.freeze"u8, result);
        return reached || Failure.Call("cgroup.freeze"u8, "cgroup.events"u8, ETIMEDOUT);
    }

    private static bool SetLegacy(int directory, bool frozen)
    {
        long deadline = Sys.MonotonicNanoseconds() + WaitNanoseconds;
        long pause = 50_000;
        byte* buffer = stackalloc byte[32];
        while (true)
        {
            // Written again in every round: a process that forked while it froze leaves the cgroup in FREEZING until somebody asks.
            long result = ControlFile.Write(directory, "freezer.state"u8, frozen ? "FROZEN"u8 : "THAWED"u8);
            if (result < 0)
                return Failure.Call("write"u8, "freezer.state"u8, result);

            long length = ControlFile.Read(directory, "freezer.state"u8, buffer, 32);
            if (length > 0 && new ReadOnlySpan<byte>(buffer, (int)length).StartsWith(frozen ? "FROZEN"u8 : "THAWED"u8))
                return true;
            if (Sys.MonotonicNanoseconds() > deadline)
                return Failure.Call("freezer.state"u8, default(ReadOnlySpan<byte>), ETIMEDOUT);

            Sys.Sleep(pause);
            pause = pause < 10_000_000 ? pause * 2 : pause;
        }
    }
}
